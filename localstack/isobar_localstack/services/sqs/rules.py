"""SQS: names of queues, and the values of their attributes, which are all texts."""

import json

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches

BOOLEANS = ("ContentBasedDeduplication", "FifoQueue", "SqsManagedSseEnabled")
DOCUMENTS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")


def invalid(name: str, reason: str = ""):
    return error("InvalidAttributeValue", f"Invalid value for the parameter {name}.{reason}")


def queue_name(context, request):
    name = request["QueueName"]
    is_fifo = (request.get("Attributes") or {}).get("FifoQueue") == "true"
    bare = name.removesuffix(".fifo") if is_fifo else name
    if (
        len(name) <= fact("sqs.name_characters")
        and matches(r"[A-Za-z0-9_-]+", bare)
        and is_fifo == (bare != name)
    ):
        return
    if is_fifo:
        raise error(
            "InvalidParameterValue",
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
            "must end with .fifo suffix and be 1 to 80 in length",
        )
    raise error(
        "InvalidParameterValue",
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    )


def attributes(context, request):
    given = request.get("Attributes") or {}
    for name, (least, most) in fact("sqs.attributes").items():
        if name in given and not (matches("[0-9]+", given[name]) and least <= int(given[name]) <= most):
            raise invalid(name)
    for name in BOOLEANS:
        if name in given and given[name] not in ("true", "false"):
            raise invalid(name)
    for name in DOCUMENTS:
        if given.get(name) and not isinstance(document(given[name]), dict):
            raise invalid(name)
    if given.get("KmsMasterKeyId") and given.get("SqsManagedSseEnabled") == "true":
        raise invalid("SqsManagedSseEnabled", " You can use one type of server-side encryption at one time.")


def document(text: str):
    try:
        return json.loads(text)
    except ValueError:
        return None


RULES = {
    "CreateQueue": (queue_name, attributes),
    "SetQueueAttributes": (attributes,),
}
