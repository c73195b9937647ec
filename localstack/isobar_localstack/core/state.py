"""The emulator's own state: what is emptied by a reset, and kept and brought back by snapshots.

A module declares what it remembers:

    state = State("acm")
    regions: dict[tuple[str, str], Region] = state.store("regions", defaultdict(Region))

A store is a dict, list, set or `Scheduled` and stays the same object for good, since others hold it.
"""

import contextlib
from collections import defaultdict

from isobar_localstack.core.scheduler import Scheduled

parts: dict[str, "Part"] = {}


class Part:
    """Anything with a state. What `take` gives has to be picklable; `give(None)` empties."""

    def __init__(self, name: str):
        if name in parts:
            raise ValueError(f"two parts of the state are named {name}")
        parts[name] = self

    def take(self):
        raise NotImplementedError

    def give(self, wanted):
        raise NotImplementedError

    @contextlib.contextmanager
    def paused(self):
        """While the state changes: nothing of this part runs by itself."""
        yield


class State(Part):
    """Stores of a service."""

    KINDS = (dict, defaultdict, list, set, Scheduled)

    def __init__(self, name: str):
        super().__init__(name)
        self.stores: dict = {}

    def store(self, name: str, container):
        if type(container) not in self.KINDS or name in self.stores:
            raise ValueError(f"{name} is no store, or there are two of the name")
        self.stores[name] = container
        return container

    def take(self) -> dict:
        return {name: contents(container) for name, container in self.stores.items()}

    def give(self, wanted: dict | None):
        for name, container in self.stores.items():
            fill(container, (wanted or {}).get(name))


def contents(container):
    if isinstance(container, Scheduled):
        return vars(container)
    return dict(container) if isinstance(container, dict) else container.copy()


def fill(container, wanted):
    if isinstance(container, Scheduled):
        vars(container).update(wanted or vars(Scheduled()))
        container.expect_all()
        return
    container.clear()
    if isinstance(container, list):
        container.extend(wanted or ())
    else:
        container.update(wanted or {})
