"""The one directory that everything is written to, its locks, and words to whoever has called.

    $ISOBAR_LOCALSTACK_HOME, else $XDG_CACHE_HOME/isobar/localstack, else ~/.cache/isobar/localstack
        env-<hash>/        virtual environment, one per set of pins and Python version
        models-<hash>/     the service models that requests are checked against, one per pin
        lint-<hash>/       the linter, one per pin
        extension-<hash>/  the extension as LocalStack loads it, one per state of the sources and environment
        port-<N>/          data, log, temporary files and process record of the emulator on port N
        locks/             one file per directory

One directory per port lets several emulators run side by side without seeing each other.
"""

import contextlib
import fcntl
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "isobar_localstack"
LOG_TAIL_LINES = 25


class Failed(Exception):
    """Something the user has to know; printed without a traceback."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def home():
    if explicit := os.environ.get("ISOBAR_LOCALSTACK_HOME"):
        return Path(explicit).absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "isobar" / "localstack"


@contextlib.contextmanager
def lock(name):
    """Holds an exclusive lock; the system frees it even when this process is killed."""
    locks = home() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / name, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another process is at it; waiting for it…")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def tail(text):
    return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])
