"""Strict requests: each one is checked before it is served, and refused the way AWS refuses it.

First against the official service model (botocore's): required members, types, lengths, ranges,
patterns, enums. Then against the text rules that the services declare, which the model does not have.

    answers.py    the errors that violations are answered with, in the forms that services share
    models.py     the models: the newest of botocore, pinned on their own
    model.py      the checks a model gives
    patterns.py   from Java's regular expressions, in which the model is written, to Python's
    exceptions.py where the model is wrong or incomplete and AWS accepts more
    facts.py      the numbers of the text rules, each with its evidence
    texts.py      what the text rules of the services share
    report.py     GET /_isobar/strict

ISOBAR_EMULATOR_STRICT=0 switches it off. Calls that LocalStack makes to itself are not checked.
"""

import functools
import os
import time

from localstack.aws.handlers import service as handlers_of_services
from localstack.aws.protocol.parser import BaseJSONRequestParser, RequestParserError

from isobar_localstack.core.registry import services
from isobar_localstack.realism.strict import models, report, tags
from isobar_localstack.realism.strict.answers import unknown_operation, unreadable
from isobar_localstack.realism.strict.exceptions import UNCHECKED_OPERATIONS
from isobar_localstack.realism.strict.model import problems_of
from isobar_localstack.realism.strict.models import wire_request


def is_on() -> bool:
    return os.environ.get("ISOBAR_EMULATOR_STRICT", "1") != "0"


def install():
    report.install(is_on())
    if is_on():
        answer_unreadable_requests()
        refuse_wrong_json_types()


def check(chain, context, response):
    """For the chain of custom request handlers; raises what AWS would answer."""
    operation = context.operation
    if operation is None or context.is_internal_call:
        return
    service = context.service.service_name
    declared = services().get(service)
    if declared is None or declared.errors is None or (service, operation.name) in UNCHECKED_OPERATIONS:
        report.skipped(service, operation.name)
        return
    began = time.thread_time()
    try:
        check_request(context, wire_request(context))
    except RequestParserError as problem:
        refusal = unreadable(context, str(problem))
        report.refused(context, refusal)
        raise refusal from problem
    except Exception as problem:
        report.refused(context, problem)
        raise
    report.passed(service, operation.name, time.thread_time() - began)


def check_request(context, request):
    """Raises what AWS would answer to this request, by the pinned model where it knows the operation."""
    service, operation = context.service.service_name, context.operation
    if models.knows(service, operation.name):
        operation = models.pinned(service).operation_model(operation.name)
    declared, request = services()[service], request or {}
    if operation.input_shape is not None and (problems := problems_of(operation, request)):
        raise declared.errors(operation, problems)
    tags.check(context, request)
    for rule in declared.rules.get(operation.name, ()):
        rule(context, request)


def is_checked(service: str) -> bool:
    return service in services() and services()[service].errors is not None


# --- requests that cannot even be read --------------------------------------------------------------


def answer_unreadable_requests():
    """LocalStack answers 500 when a request cannot be parsed, AWS blames the client."""
    parse = handlers_of_services.ServiceRequestParser.parse_and_enrich

    @functools.wraps(parse)
    def parse_strictly(self, context):
        try:
            return parse(self, context)
        except RequestParserError as problem:
            if context.is_internal_call or not is_checked(context.service.service_name):
                raise
            context.operation = operation_of(context)
            refusal = (unreadable if context.operation else unknown_operation)(context, str(problem))
            report.refused(context, refusal)
            if context.operation is None:  # the answer needs one to be written
                context.operation = context.service.operation_model(context.service.operation_names[0])
            raise refusal from problem

    handlers_of_services.ServiceRequestParser.parse_and_enrich = parse_strictly


def operation_of(context):
    """The operation an unreadable request is meant for, or None."""
    parser = handlers_of_services.create_parser(context.service, context.protocol)
    try:
        if router := getattr(parser, "_operation_router", None):
            return router.match(context.request)[0]
        target = context.request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        return context.service.operation_model(target or context.request.values.get("Action"))
    except Exception:
        return None


def refuse_wrong_json_types():
    """LocalStack reads "5" as a number and 5.5 as an integer; AWS does not."""

    def strictly(original, right):
        @functools.wraps(original)
        def parse(self, request, shape, node, uri_params=None):
            in_body = "location" not in shape.serialization
            if in_body and node is not None and not right(node):
                raise ValueError(f"{type(node).__name__} where {shape.type_name} is expected")
            return original(self, request, shape, node, uri_params)

        return parse

    def is_integer(node):
        return isinstance(node, (int, float)) and not isinstance(node, bool) and node == int(node)

    def is_number(node):  # the special values of floats are sent as strings
        return (
            isinstance(node, (int, float))
            and not isinstance(node, bool)
            or node in ("NaN", "Infinity", "-Infinity")
        )

    for name, right in (
        ("integer", is_integer),
        ("long", is_integer),
        ("float", is_number),
        ("double", is_number),
    ):
        original = getattr(BaseJSONRequestParser, f"_parse_{name}")
        setattr(BaseJSONRequestParser, f"_parse_{name}", strictly(original, right))
