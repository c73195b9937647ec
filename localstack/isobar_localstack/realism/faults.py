"""Faults on demand, driven over a control endpoint.

    POST   /_isobar/faults        one rule or a list of rules as JSON; answers with their ids
    GET    /_isobar/faults        the rules, with how often each matched and acted, on what it acted last, and how
                                  often it has come to the harm itself (`struck`: with `after` when the work is done)
    DELETE /_isobar/faults        ends all; /_isobar/faults/<id> ends one

What a rule matches (all optional; each a name, a pattern with * or a list of those):

    service, operation, region    "lambda", "Create*", ["us-east-1", "eu-*"]
    not_service                   exempt from it, for instance ["iam", "route53", "sts"]
    mutating: true                only calls that change something, by their names; false: only the others

When it acts on a matching call (otherwise on every one):

    nth: 3            on the third only (or a list)       every: 2         on every second
    first: 2          on the first two                    times: 5         at most five times in all
    probability: 0.1, seed: 7                             by chance, the same one with the same seed

What it does:

    action: "error"       code, message, status (400): an error in the service's protocol
    action: "5xx"         status 500 (the default) or 503, without the work being done
    action: "hang"        for `seconds` (at most an hour), or until the client or the rule is gone; then the
                          connection is dropped, or with `then: "serve"` the request is served
    action: "drop"        the connection is reset
    action: "throttle"    the service's own throttling error; retry_after: 1

`after: true` does the work first and then spoils the answer, for error, 5xx, hang and drop.

A whole region gone is a rule with nothing but a region: `{"region": "eu-west-1", "action": "drop"}`
(refused), `"hang"` (black hole) or `"5xx"`. Other regions are served as before: a hanging call has a
thread of its own, of 1000. Rules are tried in the order of their creation; the first that acts wins.
Calls that LocalStack makes to itself are left alone.
"""

import fnmatch
import itertools
import random
import threading
import time
from dataclasses import dataclass, field

from localstack.aws import handlers
from localstack.http import Resource, Response
from localstack.services.internal import get_internal_apis

from isobar_localstack.core.middleware import Refusal, answer, client_has_gone, drop_connection, throttled
from isobar_localstack.core.operations import READS

ACTIONS = ("error", "5xx", "hang", "drop", "throttle")
MATCHES = ("service", "operation", "region", "not_service", "mutating")
NUMBERS = ("nth", "every", "first", "times", "probability", "seed")
DETAILS = ("action", "code", "message", "status", "seconds", "then", "retry_after", "after")
LONGEST_HANG = 3600
PENDING = "isobar_fault"  # on the request context, for rules with `after`

_lock = threading.Lock()
_rules: dict = {}
_ids = itertools.count(1)


class Wrong(ValueError):
    """A rule that makes no sense."""


@dataclass
class Rule:
    id: str
    given: dict
    matched: int = 0
    acted: int = 0
    struck: int = 0  # how often it has come to the harm itself: with `after`, when the work was done
    last: str = None  # region, service and operation that it acted on last
    ended: threading.Event = field(default_factory=threading.Event)
    chance: random.Random = None

    def __post_init__(self):
        self.chance = random.Random(self.given.get("seed", 0))

    @property
    def action(self):
        return self.given["action"]

    def matches(self, service: str, operation: str, region: str) -> bool:
        given = self.given
        return (
            fits(given.get("service"), service)
            and fits(given.get("operation"), operation)
            and fits(given.get("region"), region)
            and not (given.get("not_service") and fits(given["not_service"], service))
            and given.get("mutating") in (None, not operation.startswith(READS))
        )

    def due(self, call: str) -> bool:
        """Counts this call, and says whether the rule acts on it."""
        self.matched += 1
        given, number = self.given, self.matched
        nth = given.get("nth")
        acts = all(
            (
                nth is None or number in (nth if isinstance(nth, list) else [nth]),
                "every" not in given or number % given["every"] == 0,
                "first" not in given or number <= given["first"],
                "times" not in given or self.acted < given["times"],
                "probability" not in given or self.chance.random() < given["probability"],
            )
        )
        self.acted += acts
        self.last = call if acts else self.last
        return acts

    def to_response(self) -> dict:
        return {
            "id": self.id,
            **self.given,
            "matched": self.matched,
            "acted": self.acted,
            "struck": self.struck,
            "last": self.last,
        }


def fits(patterns, name: str) -> bool:
    if patterns is None:
        return True
    return any(
        fnmatch.fnmatchcase(name, pattern)
        for pattern in (patterns if isinstance(patterns, list) else [patterns])
    )


def make(given) -> Rule:
    if not isinstance(given, dict):
        raise Wrong("a rule is a JSON object")
    if unknown := set(given) - {*MATCHES, *NUMBERS, *DETAILS}:
        raise Wrong(f"unknown: {', '.join(sorted(unknown))}")
    if given.get("action") not in ACTIONS:
        raise Wrong(f"action must be one of {', '.join(ACTIONS)}")
    if given["action"] == "error" and not given.get("code"):
        raise Wrong("an error needs a code")
    if given.get("after") and given["action"] == "throttle":
        raise Wrong("a throttled request is never served; after is not possible")
    if not isinstance(given.get("mutating", True), bool):
        raise Wrong("mutating is true or false")
    if given.get("every", 1) < 1 or not 0 <= given.get("probability", 1) <= 1:
        raise Wrong("every must be 1 or more, probability between 0 and 1")
    return Rule(f"fault-{next(_ids)}", given)


def check(chain, context, response):
    """For the gate: before any work is done."""
    if not _rules or context.operation is None or context.is_internal_call:
        return
    rule = acting_rule(context.service.service_name, context.operation.name, context.region)
    if rule is None:
        return
    if rule.given.get("after"):
        setattr(context, PENDING, rule)
        return
    act(rule, chain, context, response)


def acting_rule(service, operation, region):
    call = f"{region} {service} {operation}"
    with _lock:
        return next(
            (rule for rule in _rules.values() if rule.matches(service, operation, region) and rule.due(call)),
            None,
        )


def act(rule: Rule, chain, context, response):
    given = rule.given
    with _lock:
        rule.struck += 1
    if rule.action == "throttle":
        raise Refusal(throttled(context.service.service_name, given.get("retry_after", 1)))
    if rule.action == "error":
        raise Refusal((given["code"], given.get("message", "Injected fault"), given.get("status", 400), {}))
    if rule.action == "5xx":
        raise Refusal(server_error(given))
    if rule.action == "hang":
        wait(rule, context)
        if given.get("then") == "serve":
            return
    drop_connection(context)
    chain.terminate()


def server_error(given):
    status = given.get("status", 500)
    code = given.get("code", "ServiceUnavailable" if status == 503 else "InternalFailure")
    return code, given.get("message", "An internal error has occurred."), status, {}


def wait(rule: Rule, context):
    """Until the time is over, the client has gone or the rule was taken back."""
    gone = client_has_gone(context)
    deadline = time.monotonic() + min(rule.given.get("seconds", LONGEST_HANG), LONGEST_HANG)
    while (left := deadline - time.monotonic()) > 0:
        if gone.wait(min(left, 0.2)) or rule.ended.is_set():
            return


def act_afterwards(chain, context, response):
    """After the work: for rules with `after`."""
    rule = getattr(context, PENDING, None)
    if rule is None:
        return
    try:
        act(rule, chain, context, response)
    except Refusal as refusal:
        answer(context, response, refusal)


# --- the control endpoint ---------------------------------------------------------------------------


class FaultsResource:
    def on_get(self, request):
        with _lock:
            return {"rules": [rule.to_response() for rule in _rules.values()]}

    def on_post(self, request):
        given = request.get_json(force=True, silent=True)
        try:
            made = [make(one) for one in (given if isinstance(given, list) else [given])]
        except (Wrong, TypeError) as problem:
            answer = Response(status=400)
            answer.set_json({"error": str(problem)})
            return answer
        with _lock:
            _rules.update((rule.id, rule) for rule in made)
        return {"ids": [rule.id for rule in made]}

    def on_delete(self, request):
        end(list(_rules))
        return {}


class FaultResource:
    def on_delete(self, request, fault):
        end([fault])
        return {}


def end(ids):
    with _lock:
        ended = [_rules.pop(id) for id in ids if id in _rules]
    for rule in ended:
        rule.ended.set()


def install():
    handlers.run_custom_response_handlers.append(act_afterwards)
    get_internal_apis().add(Resource("/_isobar/faults", FaultsResource()))
    get_internal_apis().add(Resource("/_isobar/faults/<fault>", FaultResource()))
