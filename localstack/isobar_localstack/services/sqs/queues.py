"""SQS queues.

Gaps of LocalStack closed here: the name of a deleted queue was free at once, dead-letter queues did not have to
exist, a key and managed encryption were both on, policies could name roles that do not exist, a queue was known
and an attribute seen as soon as it was written.

AWS rules followed: the name of a deleted queue is taken for 60 seconds; a dead-letter queue is of the region and
the type of its source; a key switches managed encryption off, and the other way round. With eventual consistency
a new queue is unknown for a second, and attributes are shown as they were for up to a minute.
"""

from isobar_localstack.core.durations import due, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import replaced
from isobar_localstack.core.state import State
from isobar_localstack.realism import consistency
from isobar_localstack.services.iam.roles import check_principals
from isobar_localstack.services.sqs.rules import document, invalid

stores = State("sqs")
names_taken: dict[tuple, float] = stores.store("names_taken", {})  # (account, region, name) -> until when
attributes_written: dict[tuple, list] = stores.store(
    "attributes_written", {}
)  # the same -> what is on its way


def operations(original: dict) -> dict:
    return replaced(
        original,
        {
            "CreateQueue": create_queue,
            "DeleteQueue": delete_queue,
            "SetQueueAttributes": set_attributes,
            "GetQueueAttributes": get_attributes,
            "GetQueueUrl": of_known_queue,
            "ListQueueTags": of_known_queue,
        },
    )


def store(account_id: str, region: str):
    from localstack.services.sqs.models import sqs_stores

    return sqs_stores[account_id][region]


def key(context, request) -> tuple:
    name = request.get("QueueName") or request["QueueUrl"].rsplit("/", 1)[-1]
    return context.account_id, context.region, name


def queue_of(context, request):
    return store(context.account_id, context.region).queues.get(key(context, request)[-1])


def create_queue(original):
    def handler(context, request):
        place = key(context, request)
        given = request.get("Attributes") or {}
        if queue_of(context, request) is not None:
            return original(context, request)
        if place in names_taken and not is_over(names_taken[place]):
            raise error(
                "QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            )
        check_references(context, given, is_fifo=given.get("FifoQueue") == "true")
        answer = original(context, request)
        settle_encryption(queue_of(context, request), given)
        names_taken.pop(place, None)
        consistency.mark("sqs.unknown", *place)
        return answer

    return handler


def delete_queue(original):
    def handler(context, request):
        answer = original(context, request)
        place = key(context, request)
        names_taken[place] = due("sqs.name_taken")
        attributes_written.pop(place, None)
        return answer

    return handler


def set_attributes(original):
    def handler(context, request):
        queue, place = queue_of(context, request), key(context, request)
        given = request.get("Attributes") or {}
        if queue is None:
            return original(context, request)
        check_references(context, given, is_fifo=queue.name.endswith(".fifo"))
        before = dict(queue.attributes)
        answer = original(context, request)
        settle_encryption(queue, given)
        if consistency.is_eventual():
            history = attributes_written.setdefault(place, [])
            consistency.write(history, "sqs.attributes", before, dict(queue.attributes))
        return answer

    return handler


def get_attributes(original):
    known = of_known_queue(original)

    def handler(context, request):
        answer, history = known(context, request), attributes_written.get(key(context, request))
        if context.is_internal_call or not history:
            return answer
        wanted = request.get("AttributeNames") or []
        seen = consistency.seen(history, queue_of(context, request).attributes)
        shown = {name: value for name, value in seen.items() if name in wanted or "All" in wanted}
        counted = {
            name: value
            for name, value in (answer.get("Attributes") or {}).items()
            if name.startswith("Approximate")
        }
        return {"Attributes": shown | counted}

    return handler


def of_known_queue(original):
    def handler(context, request):
        if not context.is_internal_call and consistency.not_visible_yet(
            "sqs.unknown", *key(context, request)
        ):
            from localstack.aws.api.sqs import QueueDoesNotExist

            raise QueueDoesNotExist("The specified queue does not exist.")
        return original(context, request)

    return handler


def check_references(context, given: dict, is_fifo: bool):
    check_principals(context, given.get("Policy"), invalid("Policy"))
    if not given.get("RedrivePolicy"):
        return
    policy = document(given["RedrivePolicy"])

    def wrong(reason: str):
        return error(
            "InvalidParameterValue",
            f"Value {given['RedrivePolicy']} for parameter RedrivePolicy is invalid. Reason: {reason}",
        )

    receives = policy.get("maxReceiveCount", 10)
    if not str(receives).isdigit() or not 1 <= int(receives) <= 1000:
        raise wrong(
            f"Invalid value for maxReceiveCount: {receives}, valid values are from 1 to 1000 both inclusive."
        )
    home, _, name = policy.get("deadLetterTargetArn", "").rpartition(":")
    if (
        home != f"arn:aws:sqs:{context.region}:{context.account_id}"
        or name not in store(context.account_id, context.region).queues
    ):
        raise wrong("Dead letter target does not exist.")
    if name.endswith(".fifo") != is_fifo:
        raise wrong("Dead letter queue must be same type of queue as the source.")


def settle_encryption(queue, given: dict):
    """Only one kind of encryption is on."""
    if given.get("SqsManagedSseEnabled") == "true":
        queue.attributes.pop("KmsMasterKeyId", None)
    elif given.get("KmsMasterKeyId"):
        queue.attributes["SqsManagedSseEnabled"] = "false"


def tagged(account_id: str, region: str):
    state = store(account_id, region)
    for queue in list(state.queues.values()):
        yield queue.arn, state.tags.get_tags(queue.arn)
