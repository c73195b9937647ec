"""What can be asked, and what is said to it."""

from collections.abc import Iterable
from typing import NamedTuple

AND = " and "
EVERYWHERE = "everywhere"  # the region of what is asked by a name, wherever the client is


class Entrance(NamedTuple):
    """A way in, by what clients know of it: ids inside may change, it stays the same."""

    name: str
    region: str


class Answer(NamedTuple):
    by: str = ""
    why: str = ""  # why there is none

    @property
    def is_given(self) -> bool:
        return not self.why


def no(why: str) -> Answer:
    return Answer(why=why)


def by(what: str) -> Answer:
    return Answer(by=what)


def all_of(answers: Iterable[Answer]) -> Answer:
    """That of a place that picks one of several by chance: each has to answer."""
    given = list(answers)
    if len(given) == 1:
        return given[0]
    refused = next((answer for answer in given if not answer.is_given), None)
    return refused or by(AND.join(dict.fromkeys(answer.by for answer in given)))


def any_of(answers: Iterable[Answer]) -> Answer:
    given = list(answers)
    return next((answer for answer in given if answer.is_given), given[0])
