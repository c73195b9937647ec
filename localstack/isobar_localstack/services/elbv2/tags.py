"""Elastic Load Balancing v2: a service of our own; its files are by subject, here are tags.

LocalStack has no such service, and moto's knows neither the network, nor certificates, nor what a target
or a balancer goes through: it is not used.

    load_balancers      load balancers            listeners   listeners, certificates
    target_groups  groups, registration      listener_rules       rules, priorities
    elbv2_targets        health of targets         elbv2_actions     actions and conditions
    attributes     attributes of all three   elbv2_network     subnets, groups, interfaces

AWS rules followed: a new balancer or group is not found by Describe for a moment, and tags reach the
tagging API late [memory].
"""

from isobar_localstack.core.base import error, own_service, tag_dict, tag_list
from isobar_localstack.services.elbv2 import attributes, load_balancers, listeners, listener_rules, target_groups
from isobar_localstack.services.elbv2.state import KINDS, find, in_turn, invalid, regions, word_of

DESCRIBED, TAGS = 20, 50


def service():
    operations = {"AddTags": add_tags, "RemoveTags": remove_tags, "DescribeTags": describe_tags}
    for part in (attributes, load_balancers, listeners, listener_rules, target_groups):
        operations |= part.operations()
    return own_service("elbv2", {name: in_turn(handler) for name, handler in operations.items()})


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
    return {"TagDescriptions": [{"ResourceArn": arn, "Tags": tag_list(tags_of(context, arn))} for arn in request["ResourceArns"]]}


def tagged(account_id: str, region: str):
    here = regions[account_id, region]
    for table, _, _ in KINDS.values():
        for arn, thing in list(getattr(here, table).items()):
            yield arn, thing.tags
