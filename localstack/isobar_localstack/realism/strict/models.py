"""Service models: the newest of botocore, pinned on their own in `models.txt`.

LocalStack's botocore is older, and its models are what it parses requests with and writes answers with. What
this means for a member that only the pinned model knows:

- It is checked: a request to an operation whose input differs between the models is parsed once more, with the
  pinned one, from what was on the wire (`wire_request`). Bodies that are streamed are not; their operations are
  checked as LocalStack has parsed them.
- Handlers do not get it. One that needs it calls `wire_request` itself, or reads `context.request`.
- It can stand in no answer: LocalStack's serializer leaves it out.

An operation that only the pinned model knows cannot be served, and says so.
"""

import functools
import os

from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape
from localstack.aws.protocol.parser import create_parser
from localstack.aws.spec import load_service

DIRECTORY = "ISOBAR_EMULATOR_MODELS"  # set by the launcher


@functools.cache
def loader() -> Loader:
    return Loader(extra_search_paths=[os.environ[DIRECTORY]], include_default_search_paths=False)


@functools.cache
def pinned(service: str) -> ServiceModel:
    return ServiceModel(loader().load_service_model(service, "service-2"), service)


@functools.cache
def knows(service: str, operation: str) -> bool:
    return operation in pinned(service).operation_names


def wire_request(context):
    """The request by the pinned model: LocalStack's own reading where that is the same."""
    service, operation = context.service.service_name, context.operation.name
    if not knows(service, operation) or not is_parsed_again(service, operation):
        return context.service_request
    _, request = create_parser(pinned(service), context.protocol).parse(context.request)
    return request


@functools.cache
def is_parsed_again(service: str, operation: str) -> bool:
    own, localstacks = (
        model.operation_model(operation) for model in (pinned(service), load_service(service))
    )
    if own.has_streaming_input or own.input_shape is None or localstacks.input_shape is None:
        return False
    return members(own.input_shape) != members(localstacks.input_shape)


def members(shape, around: tuple = ()) -> tuple:
    """All that a parser looks at, as far as it can differ: names and types, down to the last member."""
    if shape.name in around:
        return shape.name, "again"
    around = (*around, shape.name)
    if isinstance(shape, StructureShape):
        return shape.type_name, {name: members(member, around) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return "list", members(shape.member, around)
    if shape.type_name == "map":
        return "map", members(shape.key, around), members(shape.value, around)
    return (shape.type_name,)
