"""The clock of lifecycles: it counts seconds as AWS takes them.

While it runs, ISOBAR_EMULATOR_PACE says how much faster than real time it goes: with 0.01 an hour
passes in 36 s; with 0 nothing ever takes time. A test that wants to see what lies between two
states freezes it, and then moves it by hand:

    GET  /_isobar/clock                    {"frozen": false, "now": 1234.5, "pace": 0.01}
    POST /_isobar/clock {"freeze": true}   from here on waiting takes for ever, also with pace 0
    POST /_isobar/clock {"step": 60}       a minute passes at once
    POST /_isobar/clock {"freeze": false}  goes on; with pace 0 all that was begun is over

Only lifecycles follow it. Dates in answers, alarms and data of metrics are those of the real clock.

Whatever is waited for notes the moment with `expect`, so that somebody who wants to see every state in turn can go
from one such moment to the next: `next_until`, then the work in `at` that moment.
"""

import contextlib
import heapq
import os
import threading
import time


def pace() -> float:
    return float(os.environ.get("ISOBAR_EMULATOR_PACE", "0.01"))


class Clock:
    def __init__(self):
        self._changed = threading.Condition(threading.RLock())
        self._at = self._since = time.monotonic()
        self._frozen = False
        self._latest = 0.0  # the last moment anybody waits for
        self._ahead: list[float] = []  # a heap of the moments at which something is over
        self._seen_from = threading.local()  # a thread's own moment, while it looks at the past
        self._keeps_moments = False

    @property
    def frozen(self) -> bool:
        return self._frozen

    def now(self) -> float:
        seen_from = getattr(self._seen_from, "moment", None)
        if seen_from is not None:
            return seen_from
        with self._changed:
            if self._frozen:
                return self._at
            return self._at + (time.monotonic() - self._since) / (pace() or 1)

    def after(self, moment: float, seconds: float) -> float:
        """The moment so many seconds later; with pace 0 no later, unless the clock is frozen."""
        with self._changed:
            over = moment + seconds if pace() or self._frozen else moment
            self._latest = max(self._latest, over)
            self.expect(over)
            return over

    def expect(self, moment: float):
        """Something is over then."""
        with self._changed:
            heapq.heappush(self._ahead, moment)
            if not self._keeps_moments:
                self._forget_until(self.now())

    def next_until(self, moment: float, only_look: bool = False) -> float | None:
        """The first moment not after this one that nobody has been told of, or None; then the moments at it are told."""
        with self._changed:
            if not self._ahead or self._ahead[0] > moment:
                return None
            first = self._ahead[0]
            if not only_look:
                self._forget_until(first)
            return first

    def keep_moments(self, keep: bool):
        """From now on those that have come are kept until `next_until` has told of them, or no longer."""
        with self._changed:
            self._forget_until(self.now())
            self._keeps_moments = keep

    def _forget_until(self, moment: float):
        while self._ahead and self._ahead[0] <= moment:
            heapq.heappop(self._ahead)

    @contextlib.contextmanager
    def at(self, moment: float):
        """For this thread it is that moment, whatever others see."""
        self._seen_from.moment = moment
        try:
            yield
        finally:
            self._seen_from.moment = None

    def freeze(self):
        self._set(self.now(), True)

    def thaw(self):
        now = self.now()
        self._set(now if pace() else max(now, self._latest), False)

    def step(self, seconds: float):
        self._set(self.now() + seconds, self._frozen)

    def set(self, now: float):
        """Back to the moment of a snapshot: all moments in it are of this clock."""
        self._set(now, self._frozen)

    def _set(self, now: float, frozen: bool):
        with self._changed:
            self._at, self._since, self._frozen = now, time.monotonic(), frozen
            self._changed.notify_all()

    def wait(self, moment: float):
        """For threads: returns when the moment has come, also when that is by a step."""
        with self._changed:
            while (left := moment - self.now()) > 0:
                self._changed.wait(None if self._frozen else left * (pace() or 1))


clock = Clock()


class ClockResource:
    def on_get(self, request):
        return {"frozen": clock.frozen, "now": round(clock.now(), 3), "pace": pace()}

    def on_post(self, request):
        wanted = request.get_json(force=True)
        if wanted.get("freeze") is True:
            clock.freeze()
        if "step" in wanted:
            clock.step(float(wanted["step"]))
        if wanted.get("freeze") is False:
            clock.thaw()
        return self.on_get(request)


def epoch() -> float:
    """For dates in answers: the real time."""
    return round(time.time(), 3)
