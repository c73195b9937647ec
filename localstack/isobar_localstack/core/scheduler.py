"""Changes that happen later, on the clock of lifecycles."""

import heapq
import threading

from isobar_localstack.core.clock import clock

_lock = threading.Lock()  # for a moment, never while anything is done


class Scheduled:
    """Scheduled changes: functions of modules with their arguments, so that a snapshot can hold them.

    Nothing happens by itself. The owner calls `settle` before it looks at its state; what is due
    by then is done in order.
    """

    def __init__(self):
        self._heap: list = []
        self._number = 0  # two things due at the same moment keep their order

    def at(self, moment: float, action, *arguments):
        with _lock:
            self._number += 1
            heapq.heappush(self._heap, (moment, self._number, action, arguments))
        clock.expect(moment)

    @property
    def number(self) -> int:
        """The number of changes ever scheduled."""
        return self._number

    def settle(self):
        now = clock.now()
        while due := self._next(now):
            _, _, action, arguments = due
            action(*arguments)

    def _next(self, now: float):
        with _lock:
            return heapq.heappop(self._heap) if self._heap and self._heap[0][0] <= now else None

    def expect_all(self):
        """The clock learns of all that is to come, as after a restore."""
        for moment, *_ in list(self._heap):
            clock.expect(moment)
