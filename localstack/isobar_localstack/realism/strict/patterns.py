"""The model's patterns are Java's; what Python's `re` lacks is translated here.

AWS matches the whole value, whether or not a pattern has anchors. `\\w`, `\\d` and `\\s` mean ASCII
in Java. Classes such as `\\p{L}` are left to the `regex` package.
"""

import re

import regex

# Patterns that could not be compiled after translation: (service, shape) -> why. Their shapes are not
# checked for the pattern. Shown by GET /_isobar/strict; the tests keep it empty for the services in use.
UNCHECKED: dict = {}

# All characters but unpaired surrogates, in Java's notation of pairs.
SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"

TRANSLATIONS = (
    (SURROGATES, r"\U00010000-\U0010FFFF"),
    (r"\p{ASCII}", r"\x00-\x7F"),
    (r"\p{Print}", r"\x20-\x7E"),
    (r"\p{Graph}", r"\x21-\x7E"),
    (r"\p{Alnum}", "a-zA-Z0-9"),
    (r"\p{Alpha}", "a-zA-Z"),
    (r"\p{Digit}", "0-9"),
    (r"\p{Upper}", "A-Z"),
    (r"\p{Lower}", "a-z"),
    (r"\p{Punct}", r"!-/:-@\[-`{-~"),
)
NO_RANGES = re.compile(r"(\\[wdsWDS])-(?!\])")  # a dash after a class is a dash: [\w-_]


def translate(pattern: str) -> str:
    for java, python in TRANSLATIONS:
        if java.startswith(r"\p"):
            pattern = outside_classes(pattern, java, f"[{python}]")
        pattern = pattern.replace(java, python)
    pattern = NO_RANGES.sub(lambda found: found[1] + r"\-", pattern)
    return pattern.replace(r"\h", r" \t").replace(r"\z", r"\Z")


def outside_classes(pattern: str, what: str, instead: str) -> str:
    """Replaces `what` where it does not stand between brackets."""
    out, depth, at = [], 0, 0
    while at < len(pattern):
        if pattern.startswith(what, at) and depth == 0:
            out.append(instead)
            at += len(what)
            continue
        step = 2 if pattern[at] == "\\" else 1
        depth += {"[": 1, "]": -1}.get(pattern[at : at + step], 0)
        out.append(pattern[at : at + step])
        at += step
    return "".join(out)


def compiled(pattern: str):
    translated = translate(pattern)
    if r"\p{" in translated or r"\P{" in translated:
        return regex.compile(translated, regex.V0)
    return re.compile(translated, re.ASCII)


def matcher(service: str, shape: str, pattern: str):
    """A function that says whether a text matches, or None when the pattern cannot be compiled."""
    try:
        return compiled(pattern).fullmatch
    except (re.error, regex.error) as problem:
        UNCHECKED[service, shape] = f"{pattern}: {problem}"
        return None
