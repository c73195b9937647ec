"""Elastic Load Balancing v2: tags."""

from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_dict, tag_list
from isobar_localstack.services.elbv2.state import KINDS, find, invalid, regions, word_of

DESCRIBED, TAGS = 20, 50


def operations() -> dict:
    return {"AddTags": add_tags, "RemoveTags": remove_tags, "DescribeTags": describe_tags}


def tags_of(context, arn: str) -> dict:
    word = word_of(arn)
    if word not in KINDS:
        raise invalid(f"'{arn}' is not a valid ARN")
    return find(context, arn, word).tags


def add_tags(context, request):
    wanted = tag_dict(request["Tags"])
    every = [tags_of(context, arn) for arn in request["ResourceArns"]]
    if any(len(tags | wanted) > TAGS for tags in every):
        raise error("TooManyTags", f"The maximum number of tags for a resource has been reached: {TAGS}")
    for tags in every:
        tags |= wanted
    return {}


def remove_tags(context, request):
    for tags in [tags_of(context, arn) for arn in request["ResourceArns"]]:
        for key in request["TagKeys"]:
            tags.pop(key, None)
    return {}


def describe_tags(context, request):
    if len(request["ResourceArns"]) > DESCRIBED:
        raise invalid(f"Up to '{DESCRIBED}' resources can be described")
    return {
        "TagDescriptions": [
            {"ResourceArn": arn, "Tags": tag_list(tags_of(context, arn))} for arn in request["ResourceArns"]
        ]
    }


def tagged(account_id: str, region: str):
    here = regions[account_id, region]
    for table, _, _ in KINDS.values():
        for arn, thing in list(getattr(here, table).items()):
            yield arn, thing.tags
