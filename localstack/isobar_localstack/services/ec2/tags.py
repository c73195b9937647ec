"""EC2: tags of what exists.

Gaps of LocalStack closed here: tags could be put on ids that do not exist, and were then found by the
tagging API; DescribeTags failed for some of their types, and ignored pages.

AWS rules followed: CreateTags and DeleteTags name things of any kind; one unknown id fails the request;
a thing has at most 50 tags (TagLimitExceeded).
"""

from isobar_localstack.services.ec2 import state
from isobar_localstack.services.ec2.reading import described

# Kinds whose things are all in one place, so that an id can be looked up.
KNOWN = ("acl", "eipalloc", "eni", "igw", "nat", "rtb", "sg", "sgr", "subnet", "vpc", "vpce")


FILTERS = {"key": "Key", "value": "Value", "resource-id": "ResourceId", "resource-type": "ResourceType"}


def operations(original: dict) -> dict:
    return {
        "CreateTags": of_existing(original["CreateTags"]),
        "DeleteTags": of_existing(original["DeleteTags"]),
        "DescribeTags": described("Tags", None, "ResourceId", describe_all, FILTERS),
    }


def of_existing(original):
    def handler(context, request):
        for resource_id in request["Resources"]:
            prefix = resource_id.rpartition("-")[0]
            if prefix in KNOWN and resource_id not in state.all_of(
                context.account_id, context.region, prefix
            ):
                raise state.not_found(resource_id, prefix)
        return original(context, request)

    return handler


def describe_all(context) -> list[dict]:
    return [
        {"ResourceId": resource_id, "ResourceType": type_of(resource_id), "Key": key, "Value": value}
        for resource_id, tags in list(state.of(context).tags.items())
        for key, value in tags.items()
    ]


def type_of(resource_id: str) -> str:
    from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE

    kind = state.kind_of(resource_id)
    return kind[2] if kind else EC2_PREFIX_TO_RESOURCE.get(resource_id.rpartition("-")[0], "")


# --- the tagging API ------------------------------------------------------------------------------


def tagged(account_id: str, region: str):
    with state.lock:
        state.settle()
        for resource_id, tags in list(state.moto(account_id, region).tags.items()):
            if tags and state.kind_of(resource_id):
                yield state.arn(account_id, region, resource_id), dict(tags)
