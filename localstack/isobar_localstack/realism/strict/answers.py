"""Answers to requests that violate the service model: the forms that several services share.

`coral(code)` is the common form, named after the framework most services are written in:
"1 validation error detected: Value 'x' at 'name' failed to satisfy constraint: …".
Marks as in the fact sheet: [doc] seen in a recorded answer of AWS or a public thread, else [memory].
A service whose object names no `errors` is not checked.
"""

import re

from isobar_localstack.core.errors import error
from isobar_localstack.core.registry import services
from isobar_localstack.realism.strict.model import HIDDEN, Problem
from isobar_localstack.realism.strict.models import knows

MAX_SHOWN = 10


def value_text(value) -> str:
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return "'[" + ", ".join(str(item) for item in value) + "]'"
    if isinstance(value, dict):
        return "'{" + ", ".join(f"{key}={item}" for key, item in value.items()) + "}'"
    return f"'{value}'"


def problem_text(problem: Problem, where=None) -> str:
    value = "" if problem.value is HIDDEN else f" {value_text(problem.value)}"
    return f"Value{value} at '{where or problem.where}' failed to satisfy constraint: {problem.constraint}"


def problems_text(texts: list[str]) -> str:
    shown = texts[:MAX_SHOWN]
    return f"{len(shown)} validation error{'s' if len(shown) > 1 else ''} detected: " + "; ".join(shown)


def coral(code: str, unreadable_code: str = "SerializationException", **special):
    """`special`: another code for a kind of problem, as `null="MissingParameter"`."""

    def answer(operation, problems):
        if wrong := next((p for p in problems if p.kind == "type"), None):
            return not_readable(unreadable_code, wrong)
        return error(special.get(problems[0].kind, code), problems_text([problem_text(p) for p in problems]))

    answer.unreadable = unreadable_code
    return answer


def not_readable(code: str, wrong: Problem):
    # The place is not in AWS's message; it is added for whoever has to find the mistake.
    return error(
        code,
        f"{java_type(wrong.value)} can not be converted to {java_name(wrong.constraint)} ({wrong.where})",
    )


def java_type(value) -> str:
    kinds = (
        (bool, "TRUE_VALUE" if value is True else "FALSE_VALUE"),
        (str, "STRING_VALUE"),
        ((int, float), "NUMBER_VALUE"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), f"Start of {type(value).__name__}")


def java_name(expected: str) -> str:
    return {"string": "a String", "integer": "an Integer", "long": "a Long", "boolean": "a Boolean"}.get(
        expected, f"a {expected}"
    )


def unreadable(context, detail: str):
    """For a body that is no JSON or XML, or has another type where the model wants a number."""
    service = services()[context.service.service_name]
    code = service.unreadable or getattr(service.errors, "unreadable", "SerializationException")
    # LocalStack's detail repeats what it could not read, which may be a secret.
    return error(
        code, re.sub(r"'.*' cannot be parsed", "the value cannot be parsed", detail, flags=re.DOTALL)
    )


def unknown_operation(context, detail: str):
    if name := newer_operation(context):
        return error("InternalFailure", f"{name} is newer than LocalStack and not served here.", 501)
    query = context.service.metadata.get("protocol") in ("query", "ec2")
    return error("InvalidAction" if query else "UnknownOperationException", detail)


def newer_operation(context) -> str | None:
    """The operation that is asked for, if the pinned model knows it."""
    name = context.request.headers.get("X-Amz-Target", "").rpartition(".")[2] or context.request.values.get(
        "Action"
    )
    return name if name and knows(context.service.service_name, name) else None
