"""Checks of a request by the service model, compiled once per shape into a function.

A value is walked together with its shape; each violation becomes a `Problem`. Paths are named as
AWS names them in messages: `tags.1.member.key`, `environment.variables.NAME`.
"""

import datetime
from dataclasses import dataclass, replace

from isobar_localstack.realism.strict.exceptions import LAX_SHAPES
from isobar_localstack.realism.strict.patterns import matcher


class Hidden:
    """Stands for a value that is not shown."""

    def __repr__(self):
        return "****"


HIDDEN = Hidden()


@dataclass(frozen=True)
class Problem:
    kind: str  # null, type, length, range, pattern, enum
    path: tuple
    value: object
    constraint: str

    @property
    def where(self) -> str:
        return ".".join(self.path)


@dataclass
class Walk:
    service: str
    problems: list


_checks: dict = {}


def problems_of(operation, request) -> list[Problem]:
    shape = operation.input_shape
    walk = Walk(operation.service_model.service_name, [])
    check_of(walk.service, shape)(request, (), walk)
    return walk.problems


def check_of(service: str, shape):
    # Constraints belong to the shape, hence its name; a member adds only whether it is in the URL or a header.
    key = (service, shape.name, "location" in shape.serialization)
    if key not in _checks:
        lax = LAX_SHAPES.get((service, shape.name), ())
        check = BUILDERS.get(shape.type_name, unchecked)(service, shape, lax)
        _checks[key] = without_value(check) if shape.metadata.get("sensitive") else check
    return _checks[key]


def without_value(check):
    """AWS does not repeat what the model calls sensitive."""

    def checked(value, path, walk):
        own = Walk(walk.service, [])
        check(value, path, own)
        walk.problems.extend(
            problem if problem.kind == "type" else replace(problem, value=HIDDEN) for problem in own.problems
        )

    return checked


def unchecked(service, shape, lax):
    return lambda value, path, walk: None


def label(name: str) -> str:
    return name[:1].lower() + name[1:]


def structure(service, shape, lax):
    if getattr(shape, "is_document_type", False) or getattr(shape, "is_event_stream", False):
        return unchecked(service, shape, lax)
    required = [(name, label(name)) for name in shape.required_members if name not in lax]
    members: dict = {}  # filled at first use, since shapes may contain themselves

    def member(name):
        found = shape.members.get(name)
        members[name] = (label(name), check_of(service, found)) if found is not None else (name, None)
        return members[name]

    def check(value, path, walk):
        if not isinstance(value, dict):
            return wrong_type(walk, path, value, "structure")
        for name, shown in required:
            if value.get(name) is None:
                walk.problems.append(Problem("null", (*path, shown), None, "Member must not be null"))
        for name, item in value.items():
            if item is not None:
                shown, check_item = members.get(name) or member(name)
                if check_item:
                    check_item(item, (*path, shown), walk)

    return check


def list_(service, shape, lax):
    lengths = length_check(shape, lax)
    check_items = []
    scalars = shape.member.type_name not in ("structure", "list", "map")

    def check(value, path, walk):
        if not isinstance(value, (list, tuple)):
            return wrong_type(walk, path, value, "list")
        lengths(len(value), value, path, walk)
        if value and not check_items:
            check_items.append(check_of(service, shape.member))
        # AWS tells problems of plain members once, as problems of the whole list.
        into = Walk(service, []) if scalars else walk
        for number, item in enumerate(value, 1):
            if item is not None:
                check_items[0](item, (*path, str(number), "member"), into)
        if scalars and into.problems:
            walk.problems.append(of_whole(into.problems, path, value, "Member must satisfy constraint"))

    return check


def map_(service, shape, lax):
    lengths = length_check(shape, lax)
    inner = []
    scalars = shape.value.type_name not in ("structure", "list", "map")

    def check(value, path, walk):
        if not isinstance(value, dict):
            return wrong_type(walk, path, value, "map")
        lengths(len(value), value, path, walk)
        if value and not inner:
            inner.extend((check_of(service, shape.key), check_of(service, shape.value)))
        for key, item in value.items():
            keys = Walk(service, [])
            inner[0](key, path, keys)
            if keys.problems:
                walk.problems.append(of_whole(keys.problems, path, value, "Map keys must satisfy constraint"))
                return
            if item is not None:
                values = Walk(service, []) if scalars else walk
                inner[1](item, (*path, key, "member"), values)
                if scalars and values.problems:
                    walk.problems.append(
                        of_whole(values.problems, path, value, "Map value must satisfy constraint")
                    )
                    return

    return check


def of_whole(problems, path, value, prefix) -> Problem:
    if wrong := next((problem for problem in problems if problem.kind == "type"), None):
        return wrong
    constraints = dict.fromkeys(problem.constraint for problem in problems)
    if any(problem.value is HIDDEN for problem in problems):
        value = HIDDEN
    return Problem(problems[0].kind, path, value, f"{prefix}: [{', '.join(constraints)}]")


def string(service, shape, lax):
    lengths = length_check(shape, lax)
    allowed = frozenset(shape.enum or ()) if "enum" not in lax else frozenset()
    choices = ", ".join(shape.enum or ())
    pattern = shape.metadata.get("pattern") if "pattern" not in lax else None
    matches = matcher(service, shape.name, pattern) if pattern else None

    def check(value, path, walk):
        if not isinstance(value, str):
            return wrong_type(walk, path, value, "string")
        if allowed and value not in allowed:
            walk.problems.append(
                Problem("enum", path, value, f"Member must satisfy enum value set: [{choices}]")
            )
            return
        lengths(len(value), value, path, walk)
        if matches and not matches(value):
            constraint = f"Member must satisfy regular expression pattern: {pattern}"
            walk.problems.append(Problem("pattern", path, value, constraint))

    return check


def number(service, shape, lax):
    low, high = limits(shape, lax)
    integral = shape.type_name in ("integer", "long")
    # What does not fit the type cannot be read by AWS at all.
    bound = 2**31 if shape.type_name == "integer" else 2**63

    def check(value, path, walk):
        if isinstance(value, bool) or not isinstance(value, int if integral else (int, float)):
            return wrong_type(walk, path, value, shape.type_name)
        if integral and not -bound <= value < bound:
            return wrong_type(walk, path, value, shape.type_name)
        if low is not None and value < low:
            constraint = f"Member must have value greater than or equal to {plain(low)}"
            walk.problems.append(Problem("range", path, value, constraint))
        if high is not None and value > high:
            constraint = f"Member must have value less than or equal to {plain(high)}"
            walk.problems.append(Problem("range", path, value, constraint))

    return check


def blob(service, shape, lax):
    lengths = length_check(shape, lax)
    streamed = shape.serialization.get("streaming")

    def check(value, path, walk):
        if isinstance(value, str):
            value = value.encode()
        if not streamed and isinstance(value, (bytes, bytearray)):
            lengths(len(value), "java.nio.HeapByteBuffer", path, walk)

    return check


def boolean(service, shape, lax):
    # In the URL there is nothing but text, which LocalStack does not always convert.
    texts = ("true", "false") if "location" in shape.serialization else ()

    def check(value, path, walk):
        if not isinstance(value, bool) and value not in texts:
            wrong_type(walk, path, value, "boolean")

    return check


def timestamp(service, shape, lax):
    def check(value, path, walk):
        if not isinstance(value, (datetime.datetime, int, float, str)):
            wrong_type(walk, path, value, "timestamp")

    return check


BUILDERS = {
    "structure": structure,
    "list": list_,
    "map": map_,
    "string": string,
    "character": string,
    "blob": blob,
    "integer": number,
    "long": number,
    "float": number,
    "double": number,
    "boolean": boolean,
    "timestamp": timestamp,
}


def length_check(shape, lax):
    low, high = limits(shape, lax)
    if low is None and high is None:
        return lambda length, value, path, walk: None

    def check(length, value, path, walk):
        if low is not None and length < low:
            constraint = f"Member must have length greater than or equal to {plain(low)}"
            walk.problems.append(Problem("length", path, value, constraint))
        if high is not None and length > high:
            constraint = f"Member must have length less than or equal to {plain(high)}"
            walk.problems.append(Problem("length", path, value, constraint))

    return check


def limits(shape, lax):
    low = shape.metadata.get("min") if "min" not in lax else None
    high = shape.metadata.get("max") if "max" not in lax else None
    return low, high


def plain(number) -> str:
    return str(int(number)) if number == int(number) else str(number)


def wrong_type(walk, path, value, expected):
    walk.problems.append(Problem("type", path, value, expected))
