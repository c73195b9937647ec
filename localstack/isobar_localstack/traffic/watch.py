"""A watch: what was answered when it began and is answered when it ends has to be answered all the time.

The same goes for rights. A holder that is there at the beginning keeps what it had for as long as it serves; if it
still serves at the end, what it has lost for good has been taken away on purpose. One that takes over from such a
holder has all that it has at the end from the moment on at which it serves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from isobar_localstack.core.clock import clock
from isobar_localstack.traffic import api, balancer, dns, functions, rights
from isobar_localstack.traffic.answer import AND, EVERYWHERE, Answer, Entrance, any_of, no

GONE = no("it is gone")


def ask_all() -> dict[Entrance, Answer]:
    """Every entrance there is. Two things of one name are one entrance: clients know which of them they want."""
    for part in (api, functions):
        part.begin_look()
    found: dict[Entrance, list[Answer]] = {}
    for part in (api, balancer, dns):
        for entrance, answer in part.entrances():
            found.setdefault(entrance, []).append(answer)
    return {entrance: any_of(answers) for entrance, answers in found.items()}


@dataclass
class Gap:
    """The time in which something was missing."""

    of: object  # an entrance, or the name of a holder with what it misses
    why: str
    since_call: str
    since: float
    until_call: str | None = None
    until: float | None = None
    looks: int = 1
    seen_by: set = field(default_factory=set)  # entrances that are answered by who misses something

    def to_json(self) -> dict:
        seconds = None if self.until is None else round(self.until - self.since, 3)
        return {
            "why": self.why,
            "since_call": self.since_call,
            "until_call": self.until_call,
            "seconds": seconds,
            "looks": self.looks,
        }


@dataclass
class Gaps:
    """What is missing now, and what was."""

    found: list[Gap] = field(default_factory=list)
    open: dict = field(default_factory=dict)

    def note(self, of, why: str | None, call: str, seen_by=()):
        """At every look; without a why there is nothing missing, or nobody misses it."""
        gap = self.open.get(of)
        if why and gap:
            gap.looks += 1
        elif why:
            gap = self.open[of] = Gap(of, why, call, clock.now())
            self.found.append(gap)
        elif gap:
            gap.until_call, gap.until = call, clock.now()
            del self.open[of]
        if why:
            self.open[of].seen_by.update(seen_by)


class Watch:
    def __init__(self):
        self.is_on = True
        self.looks = self.asked = 0
        self.gaps, self.losses = Gaps(), Gaps()
        self.now = ask_all()
        self.base = {entrance for entrance, answer in self.now.items() if answer.is_given}
        there = {holder.name: rights.has_now(holder) for holder in rights.holders()}
        self.needs: dict[rights.Name, frozenset] = there
        self.known = {(name.of, name.region) for name in there}
        # Of those that have come: what they have had all the time.
        self.always: dict[rights.Name, frozenset] = {}
        self.serving = set(there)
        self.late: list[dict] = []
        self.errors: list[str] = []  # of the probe itself
        self.end: dict = {}

    def look(self, call: str):
        self.now = ask_all()
        self.looks += 1
        self.asked += len(self.now.keys() | self.base)
        for entrance in self.base:
            self.gaps.note(entrance, self.now.get(entrance, GONE).why or None, call)
        self._look_at_rights(call)

    def _look_at_rights(self, call: str):
        there = {holder.name: holder for holder in rights.holders()}
        self.serving = set(there)
        answered = self._answered_by()
        for name, needs in self.needs.items():
            missing = rights.missing(there[name], needs) if name in there else set()
            for need in missing | {need for of, need in self.losses.open if of == name}:
                why = str(need) if need in missing else None
                self.losses.note((name, need), why, call, answered.get((name.answers_as, name.region), ()))
        for name, holder in there.items():
            if name not in self.needs and (name.of, name.region) in self.known:
                has = rights.has_now(holder)
                self.always[name] = self.always.get(name, has) & has

    def _answered_by(self) -> dict[tuple[str, str], set[Entrance]]:
        """What answers, with its region -> entrances of the base."""
        found = {}
        for entrance in self.base & self.now.keys():
            for part in self.now[entrance].by.split(AND):
                what, _, region = part.rpartition(" in ") if entrance.region == EVERYWHERE else (part, "", "")
                found.setdefault((what, region or entrance.region), set()).add(entrance)
        return found

    def stop(self):
        self.look("the end of the watch")
        self.is_on = False
        self.late = list(self._late_rights())
        after = {entrance for entrance, answer in self.now.items() if answer.is_given}
        self.end = {
            "kept": len(self.base & after),
            "left": [as_json(one) for one in sorted(self.base - after)],
            "came": [as_json(one) for one in sorted(after - self.base)],
        }

    # --- what is told -----------------------------------------------------------------------------

    def to_json(self) -> dict:
        return {
            "watching": self.is_on,
            "looks": self.looks,
            "asked": self.asked,
            "unanswered": [
                as_json(gap.of) | gap.to_json() for gap in self.gaps.found if self._is_kept(gap.of)
            ],
            "rights": self._lost_rights() + self.late,
            "errors": self.errors,
        } | self.end

    def _is_kept(self, entrance: Entrance) -> bool:
        return self.is_on or self.now.get(entrance, GONE).is_given

    def _lost_rights(self) -> list[dict]:
        found = {}
        for gap in filter(self._matters, self.losses.found):
            name, _ = gap.of
            when = gap.to_json()
            del when["why"]
            key = (name, gap.since_call, gap.until_call, gap.looks)
            told = found.setdefault(key, holder_as_json(name) | {"lost": []} | when)
            told["lost"] = sorted([*told["lost"], gap.why])
        return list(found.values())

    def _late_rights(self) -> Iterator[dict]:
        """Of those that took over from others: what they have got only after they had begun to serve."""
        for holder in rights.holders():
            late = rights.has_now(holder) - self.always.get(holder.name, frozenset())
            if late and holder.name in self.always:
                yield holder_as_json(holder.name) | {"late": sorted(str(need) for need in late)}

    def _matters(self, loss: Gap) -> bool:
        """Unless the holder still serves without, or went with all that it answered: then somebody wanted it so."""
        if self.is_on:
            return True
        name, _ = loss.of
        if name in self.serving:
            return loss.until is not None
        successors = {(one.of, one.region) for one in self.serving}
        return (name.of, name.region) in successors or any(map(self._is_kept, loss.seen_by))


def as_json(entrance: Entrance) -> dict:
    return {"entrance": entrance.name, "region": entrance.region}


def holder_as_json(name: rights.Name) -> dict:
    return {"holder": name.what, "region": name.region}


def described(entrance: Entrance, answer: Answer) -> dict:
    words = {"by": answer.by} if answer.is_given else {"why": answer.why}
    return as_json(entrance) | {"answered": answer.is_given} | words
