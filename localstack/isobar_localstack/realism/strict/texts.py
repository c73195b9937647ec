"""Text rules, one file per service: what AWS checks although the service model does not say so.

A file has `RULES`: operation -> functions f(context, request), each of which raises the error AWS
answers with. They look at the request alone; what depends on the state is the services' own matter.
"""

import re

from isobar_localstack.core.errors import error


def matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.ASCII) is not None


def constraint(code: str, where: str, value, text: str):
    """The form of violated constraints, for limits the model leaves out."""
    return error(
        code,
        f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: {text}",
    )
