"""The emulator's whole state: emptied, kept and brought back.

    POST   /_isobar/reset                       everything is gone
    POST   /_isobar/snapshot {"name": "ready"}  keeps what there is, in memory, under a name
    GET    /_isobar/snapshot                    {"ready": {"bytes": …, "seconds": …}}
    DELETE /_isobar/snapshot                    forgets them all
    POST   /_isobar/restore  {"name": "ready"}  is again as it was then, any number of times

State is: moto's backends, LocalStack's stores, the objects of S3, the data of metrics, and of every
module in `isobar_localstack.services` the module-level dicts, sets, lists and `Coming`s with a name in
lower case. So a new service is part of it by itself. Actions in a `Coming` have to be functions of
modules, since those can be kept. Restoring sets the clock of lifecycles back, so that what was half
done is half done again. Counters, faults and other controls stay as they are.

While it happens no other request is served.
"""

import contextlib
import io
import sqlite3
import sys
import threading
import time
from collections import defaultdict

from localstack.http import Response

from isobar_localstack.core import clock
from isobar_localstack.services.cloudwatch import alarms as cloudwatch
from isobar_localstack.services.s3 import buckets as s3

OWN = ("isobar_localstack.services.", "isobar_localstack.realism.consistency", "isobar_localstack.core.control")
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
    return [module for name, module in sorted(sys.modules.items()) if module is not None and name.startswith(prefixes)]


def instances(kind: type, *prefixes: str) -> dict:
    """Name -> every object of this kind at the top of a module; each of them once."""
    found, seen = {}, set()
    for module in modules(*prefixes):
        for name, value in list(vars(module).items()):
            if isinstance(value, kind) and id(value) not in seen:
                seen.add(id(value))
                found[f"{module.__name__}.{name}"] = value
    return found


def own_containers() -> dict:
    found = {}
    for kind in (dict, list, set, clock.Coming):
        found |= {
            name: value for name, value in instances(kind, *OWN).items()
            if (short := name.rsplit(".", 1)[1]) == short.lower() and not short.startswith("_")
            and type(value) in (dict, defaultdict, list, set, clock.Coming)
        }
    return found


def backends() -> dict:
    from moto.core.base_backend import BackendDict

    return instances(BackendDict, "moto.", "localstack.services.")


def stores() -> dict:
    from localstack.services.stores import AccountRegionBundle

    return instances(AccountRegionBundle, "localstack.services.")


# --- taking and giving ----------------------------------------------------------------------------


def take() -> dict:
    return {
        "own": {name: contents(value) for name, value in own_containers().items()},
        "moto": {name: dict(value) for name, value in backends().items()},
        "stores": {name: (dict(value), value._universal) for name, value in stores().items()},
        "objects": take_objects(),
    }


def contents(container):
    if isinstance(container, clock.Coming):
        return vars(container)
    return dict(container) if isinstance(container, dict) else container.copy()


def fill(container, wanted):
    if isinstance(container, clock.Coming):
        vars(container).update(wanted or vars(clock.Coming()))
        return
    container.clear()
    if isinstance(container, list):
        container.extend(wanted or ())
    else:
        container.update(wanted or {})


def give(state: dict):
    """Containers stay the same objects, since others hold them; what has no entry becomes empty."""
    for name, value in own_containers().items():
        fill(value, state["own"].get(name))
    for name, value in backends().items():
        dict.clear(value)
        dict.update(value, state["moto"].get(name, {}))
    for name, value in stores().items():
        bundles, value._universal = state["stores"].get(name, ({}, {}))
        dict.clear(value)
        dict.update(value, bundles)
        for bundle in bundles.values():
            bundle.lock = value.lock
    give_objects(state["objects"])


def storage():
    return s3.storage()


def take_objects() -> dict:
    """Bucket -> key -> data and when it was written. Unfinished uploads are not kept."""
    return {
        bucket: {key: (whole(file), file.internal_last_modified) for key, file in content["keys"].items()}
        for bucket, content in (list(storage()._filesystem.items()) if storage() else [])
    }


def whole(file) -> bytes:
    with file.position_lock:
        file.seek(0)
        return file.read()


def give_objects(wanted: dict):
    from localstack.services.s3.storage.ephemeral import LockedSpooledTemporaryFile

    store = storage()
    if store is None:
        return
    store.close()
    store._filesystem.clear()
    for bucket, objects in wanted.items():
        store.create_bucket(bucket)
        for key, (data, written) in objects.items():
            file = LockedSpooledTemporaryFile(dir=f"{store.root_directory}/{bucket}", max_size=512 * 1024)
            file.write(data)
            file.internal_last_modified = written
            store._filesystem[bucket]["keys"][key] = file


# --- metrics and alarms ---------------------------------------------------------------------------


@contextlib.contextmanager
def without_alarms():
    """Alarms are evaluated by a thread each, which must not run into the change."""
    cloudwatch = alarm_provider()
    if cloudwatch:
        cloudwatch.alarm_scheduler.shutdown()
    try:
        yield
    finally:
        if cloudwatch:
            cloudwatch.alarm_scheduler = type(cloudwatch.alarm_scheduler)()
            cloudwatch.alarm_scheduler.start()
            cloudwatch.alarm_scheduler.restart_existing_alarms()


def alarm_provider():
    return cloudwatch.provider()


def take_metrics() -> bytes:
    from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

    if alarm_provider() is None:
        return b""
    with sqlite3.connect(CloudwatchDatabase.METRICS_DB) as connection:
        return connection.serialize()


def give_metrics(wanted: bytes):
    from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

    if alarm_provider() is None:
        return
    if not wanted:
        alarm_provider().cloudwatch_database.clear_tables()
        return
    with contextlib.closing(sqlite3.connect(":memory:")) as source:
        source.deserialize(wanted)
        with contextlib.closing(sqlite3.connect(CloudwatchDatabase.METRICS_DB)) as target:
            source.backup(target)


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
    pickler.save_reduce(type(parameters), made_from, vars(parameters), dictitems=iter(dict.items(parameters)), obj=parameters)


def keep_free(pickler, lock):
    """No request is inside, so every lock is free; dill would bring it back as held by nobody, for ever."""
    pickler.save_reduce(threading.RLock, (), obj=lock)


def unpickled(data: bytes) -> dict:
    from localstack.state import pickle

    return pickle.loads(data)


class ResetResource:
    def on_post(self, request):
        begun = time.monotonic()
        with _gate.closed(), without_alarms():
            give({"own": {}, "moto": {}, "stores": {}, "objects": {}})
            give_metrics(b"")
        return {"seconds": round(time.monotonic() - begun, 3)}


class SnapshotResource:
    def on_get(self, request):
        return {name: shown(snapshot) for name, snapshot in _snapshots.items()}

    def on_post(self, request):
        begun, name = time.monotonic(), name_in(request)
        with _gate.closed():
            snapshot = {"now": clock.clock.now(), "state": pickled(take()), "metrics": take_metrics()}
        _snapshots[name] = snapshot | {"seconds": round(time.monotonic() - begun, 3)}
        return {"name": name} | shown(_snapshots[name])

    def on_delete(self, request):
        _snapshots.clear()
        return {}


def name_in(request) -> str:
    return (request.get_json(force=True, silent=True) or {}).get("name") or "default"


def shown(snapshot: dict) -> dict:
    return {"bytes": len(snapshot["state"]) + len(snapshot["metrics"]), "seconds": snapshot["seconds"]}


class RestoreResource:
    def on_post(self, request):
        begun, name = time.monotonic(), name_in(request)
        snapshot = _snapshots.get(name)
        if snapshot is None:
            return Response(f'{{"message": "no snapshot {name}"}}', 404, mimetype="application/json")
        with _gate.closed(), without_alarms():
            give(unpickled(snapshot["state"]))
            give_metrics(snapshot["metrics"])
            clock.clock.set(snapshot["now"])
        return {"name": name, "seconds": round(time.monotonic() - begun, 3)}
