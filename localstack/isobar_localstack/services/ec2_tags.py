"""EC2: tags of what exists.

Gap of LocalStack closed here: tags could be put on ids that do not exist, and were then found by the
tagging API.

AWS rules followed: CreateTags and DeleteTags name things of any kind; one unknown id fails the request;
a thing has at most 50 tags (TagLimitExceeded).
"""

from isobar_localstack.services import ec2_state as state

# Kinds whose things are all in one place, so that an id can be looked up.
KNOWN = ("acl", "eipalloc", "eni", "igw", "nat", "rtb", "sg", "sgr", "subnet", "vpc", "vpce")


def operations(original: dict) -> dict:
    return {"CreateTags": of_existing(original["CreateTags"]), "DeleteTags": of_existing(original["DeleteTags"])}


def of_existing(original):
    def handler(context, request):
        for resource_id in request["Resources"]:
            prefix = resource_id.rpartition("-")[0]
            if prefix in KNOWN and resource_id not in state.all_of(context.account_id, context.region, prefix):
                raise state.not_found(resource_id, prefix)
        return original(context, request)

    return handler
