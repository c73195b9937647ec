"""SNS topics and subscriptions.

Gaps of LocalStack closed here: a subscription that waits for its confirmation was shown with an
ARN and could be removed; topics that do not exist had tags.

AWS rule followed: until someone confirms it, a subscription has no ARN in any answer, only the
word PendingConfirmation, and cannot be unsubscribed.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import replaced
from isobar_localstack.services.iam.roles import check_principals

PENDING = "PendingConfirmation"


def operations(original: dict) -> dict:
    return replaced(
        original,
        {
            "CreateTopic": with_known_principals,
            "SetTopicAttributes": with_known_principals,
            "Subscribe": subscribe,
            "Unsubscribe": unsubscribe,
            "ListSubscriptions": hide_pending,
            "ListSubscriptionsByTopic": hide_pending,
            "DeleteTopic": delete_topic,
            "TagResource": of_existing_topic,
            "UntagResource": of_existing_topic,
            "ListTagsForResource": of_existing_topic,
        },
    )


def store(account_id: str, region: str):
    from localstack.services.sns.models import sns_stores

    return sns_stores[account_id][region]


def with_known_principals(original):
    """A policy can name only roles that exist and are already seen."""

    def handler(context, request):
        policy = (
            request["AttributeValue"]
            if request.get("AttributeName") == "Policy"
            else (request.get("Attributes") or {}).get("Policy")
        )
        check_principals(
            context, policy, error("InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound")
        )
        return original(context, request)

    return handler


def is_pending(context, arn: str) -> bool:
    subscription = store(context.account_id, context.region).subscriptions.get(arn)
    return bool(subscription) and subscription.get("PendingConfirmation") == "true"


def subscribe(original):
    def handler(context, request):
        answer = original(context, request)
        if is_pending(context, answer["SubscriptionArn"]) and not request.get("ReturnSubscriptionArn"):
            return {"SubscriptionArn": "pending confirmation"}
        return answer

    return handler


def unsubscribe(original):
    def handler(context, request):
        arn = request["SubscriptionArn"]
        if arn == PENDING or is_pending(context, arn):
            raise error(
                "InvalidParameter",
                "Invalid parameter: SubscriptionArn Reason: the subscription is pending confirmation",
            )
        return original(context, request)

    return handler


def hide_pending(original):
    def handler(context, request):
        answer = original(context, request)
        shown = [
            {**entry, "SubscriptionArn": PENDING} if is_pending(context, entry["SubscriptionArn"]) else entry
            for entry in answer.get("Subscriptions") or []
        ]
        return {**answer, "Subscriptions": shown}

    return handler


def delete_topic(original):
    def handler(context, request):
        answer = original(context, request)
        store(context.account_id, context.region).tags.delete_all_tags(request["TopicArn"])
        return answer

    return handler


def of_existing_topic(original):
    def handler(context, request):
        if request["ResourceArn"] not in store(context.account_id, context.region).topics:
            raise error("ResourceNotFound", "Resource does not exist", 404)
        return original(context, request)

    return handler


def tagged(account_id: str, region: str):
    state = store(account_id, region)
    for arn in list(state.topics):
        yield arn, state.tags.get_tags(arn)
