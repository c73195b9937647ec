"""Changes that happen later, on the clock of lifecycles."""

import heapq

from isobar_localstack.core.clock import clock


class Scheduled:
    """Scheduled changes: functions of modules with their arguments, so that a snapshot can hold them.

    Nothing happens by itself. The owner calls `settle` before it looks at its state; what is due
    by then is done in order.
    """

    def __init__(self):
        self._heap: list = []
        self._number = 0  # two things due at the same moment keep their order

    def at(self, moment: float, action, *arguments):
        self._number += 1
        heapq.heappush(self._heap, (moment, self._number, action, arguments))

    @property
    def number(self) -> int:
        """The number of changes ever scheduled."""
        return self._number

    def settle(self):
        now = clock.now()
        while self._heap and self._heap[0][0] <= now:
            _, _, action, arguments = heapq.heappop(self._heap)
            action(*arguments)
