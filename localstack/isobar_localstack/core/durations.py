"""Durations: every waiting time of the emulator, in seconds as AWS takes them.

They are multiplied by the environment variable ISOBAR_EMULATOR_PACE: 0.01 by default (a minute
becomes 0.6 s), 0 makes everything happen at once, 1 is the real speed. See `clock`.

Each service declares its own. AWS publishes few of them: those that are `documented` stand in its documentation, all
others are what one usually sees, from memory, to be corrected when somebody has measured them.
"""

from isobar_localstack.core.clock import clock, pace

SECONDS: dict[str, float] = {}  # "<service>.<name>"
DOCUMENTED: set[str] = set()


class Documented(float):
    pass


def documented(seconds: float) -> Documented:
    return Documented(seconds)


def declare(prefix: str, durations: dict[str, float]):
    for name, seconds in durations.items():
        SECONDS[f"{prefix}.{name}"] = seconds
        if isinstance(seconds, Documented):
            DOCUMENTED.add(f"{prefix}.{name}")


def scaled(name: str) -> float:
    """In real seconds."""
    return SECONDS[name] * pace()


def due(name: str) -> float:
    """The moment, on the clock of lifecycles, at which something that begins now is over."""
    return after(clock.now(), name)


def after(moment: float, name: str) -> float:
    """The same for something that began at another moment."""
    return clock.after(moment, SECONDS[name])


def is_over(moment: float) -> bool:
    return clock.now() >= moment
