"""The emulator's whole state: emptied, kept and brought back.

    POST   /_isobar/reset                       everything is gone
    POST   /_isobar/snapshot {"name": "ready"}  keeps what there is, in memory, under a name
    GET    /_isobar/snapshot                    {"ready": {"bytes": …, "seconds": …}}
    DELETE /_isobar/snapshot                    forgets them all
    POST   /_isobar/restore  {"name": "ready"}  is again as it was then, any number of times

State is: moto's backends, LocalStack's stores, and all that is declared as a `Part`: the stores of our
services, the objects of S3, the data of metrics. Actions in a `Scheduled` have to be functions of
modules, since those can be kept. Restoring sets the clock of lifecycles back, so that what was half
done is half done again. Counters, faults and other controls stay as they are.

While it happens no other request is served.
"""

import contextlib
import io
import sys
import threading
import time

from localstack.http import Response

from isobar_localstack.core import clock
from isobar_localstack.core.state import parts

_snapshots: dict[str, dict] = {}


# --- no requests meanwhile ------------------------------------------------------------------------


class Gate:
    """Many requests, or one change of everything."""

    def __init__(self):
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    def enter(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._inside += 1

    def leave(self):
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    @contextlib.contextmanager
    def closed(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._closed = True
            self._changed.wait_for(lambda: self._inside == 0, timeout=30)
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()


_gate = Gate()


def enter(chain, context, response):
    """Calls that a request makes itself pass: it is inside already."""
    if context.operation is not None and not context.is_internal_call:
        _gate.enter()
        context.isobar_inside = True


def leave(chain, context, response):
    if getattr(context, "isobar_inside", False):
        context.isobar_inside = False
        _gate.leave()


# --- where state is -------------------------------------------------------------------------------


def modules(*prefixes: str):
    return [
        module
        for name, module in sorted(sys.modules.items())
        if module is not None and name.startswith(prefixes)
    ]


def instances(kind: type, made: str, *prefixes: str) -> dict:
    """Name -> every object of this kind at the top of a module; each of them once. The name is that of the service and of
    what the object makes, `made`: where it was found changes with the modules that have been loaded by then."""
    found = {}
    for module in modules(*prefixes):
        for value in list(vars(module).values()):
            if isinstance(value, kind):
                makes = getattr(value, made)
                found[f"{value.service_name} {makes.__module__}.{makes.__qualname__}"] = value
    return found


def backends() -> dict:
    from moto.core.base_backend import BackendDict

    return instances(BackendDict, "backend", "moto.", "localstack.services.")


def stores() -> dict:
    from localstack.services.stores import AccountRegionBundle

    return instances(AccountRegionBundle, "store", "localstack.services.")


# --- taking and giving ----------------------------------------------------------------------------


def take() -> dict:
    return {
        "own": {name: part.take() for name, part in parts.items()},
        "moto": {name: dict(value) for name, value in backends().items()},
        "stores": {name: (dict(value), value._universal) for name, value in stores().items()},
    }


def give(state: dict):
    """Containers stay the same objects, since others hold them; what has no entry becomes empty."""
    for name, value in backends().items():
        dict.clear(value)
        dict.update(value, state["moto"].get(name, {}))
    for name, value in stores().items():
        bundles, value._universal = state["stores"].get(name, ({}, {}))
        dict.clear(value)
        dict.update(value, bundles)
        for bundle in bundles.values():
            bundle.lock = value.lock
    for name, part in parts.items():
        part.give(state["own"].get(name))


@contextlib.contextmanager
def all_paused():
    """Holds back LocalStack's threads, which must not run into the change."""
    with contextlib.ExitStack() as stack:
        for part in parts.values():
            stack.enter_context(part.paused())
        yield


# --- endpoints ------------------------------------------------------------------------------------


def pickled(state: dict) -> bytes:
    from localstack.state import pickle

    if parameters := sys.modules.get("moto.ssm.models"):  # there once SSM has been used
        pickle.register(parameters.ParameterDict)(keep_parameters)
    pickle.register(type(threading.RLock()))(keep_free)
    file = io.BytesIO()
    pickle.dump(state, file)
    return file.getvalue()


def keep_parameters(pickler, parameters):
    """moto's dict of SSM parameters is made from account and region, which no dict's own way of being kept knows."""
    made_from = parameters.account_id, parameters.region_name
    pickler.save_reduce(
        type(parameters), made_from, vars(parameters), dictitems=iter(dict.items(parameters)), obj=parameters
    )


def keep_free(pickler, lock):
    """No request is inside, so every lock is free; dill would bring it back as held by nobody, for ever."""
    pickler.save_reduce(threading.RLock, (), obj=lock)


def unpickled(data: bytes) -> dict:
    from localstack.state import pickle

    return pickle.loads(data)


class ResetResource:
    def on_post(self, request):
        begun = time.monotonic()
        with _gate.closed(), all_paused():
            give({"own": {}, "moto": {}, "stores": {}})
        return {"seconds": round(time.monotonic() - begun, 3)}


class SnapshotResource:
    def on_get(self, request):
        return {name: to_response(snapshot) for name, snapshot in _snapshots.items()}

    def on_post(self, request):
        begun, name = time.monotonic(), name_in(request)
        with _gate.closed():
            snapshot = {"now": clock.clock.now(), "state": pickled(take())}
        _snapshots[name] = snapshot | {"seconds": round(time.monotonic() - begun, 3)}
        return {"name": name} | to_response(_snapshots[name])

    def on_delete(self, request):
        _snapshots.clear()
        return {}


def name_in(request) -> str:
    return (request.get_json(force=True, silent=True) or {}).get("name") or "default"


def to_response(snapshot: dict) -> dict:
    return {"bytes": len(snapshot["state"]), "seconds": snapshot["seconds"]}


class RestoreResource:
    def on_post(self, request):
        begun, name = time.monotonic(), name_in(request)
        snapshot = _snapshots.get(name)
        if snapshot is None:
            return Response(f'{{"message": "no snapshot {name}"}}', 404, mimetype="application/json")
        with _gate.closed(), all_paused():
            give(unpickled(snapshot["state"]))
            clock.clock.set(snapshot["now"])
        return {"name": name, "seconds": round(time.monotonic() - begun, 3)}
