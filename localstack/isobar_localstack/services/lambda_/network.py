"""Lambda: the network interfaces of functions in a VPC.

Gap of LocalStack closed here: functions in a VPC had no network interfaces, so that nothing held their
subnets and groups.

AWS rules followed: functions with the same subnet and groups share an interface; a published version
holds it as its function does; it goes some 20 minutes after the last of them has gone or left the
VPC [memory], and is taken again when one comes back before.
"""

import functools

from isobar_localstack.services.ec2 import interfaces
from isobar_localstack.services.ec2 import state as ec2_state
from isobar_localstack.services.lambda_.state import all_functions, held, released


def following(handler):
    """Interfaces follow what the handler has done to functions."""

    @functools.wraps(handler)
    def run(context, request):
        answer = handler(context, request)
        refresh(context.account_id, context.region)
        return answer

    return run


def refresh(account_id: str, region: str):
    place, there = held.setdefault((account_id, region), {}), interfaces_there(account_id, region)
    for pair, interface_id in list(place.items()):
        if interface_id not in there:
            place.pop(pair)
            released.discard(interface_id)
    wanted = used_pairs(account_id, region)
    for pair, name in wanted.items():
        if pair not in place:
            place[pair] = attach_interface(account_id, region, pair, name)
        elif place[pair] in released:
            released.discard(place[pair])
            interfaces.retain_interfaces(account_id, region, [place[pair]])
    for pair, interface_id in place.items():
        if pair not in wanted and interface_id not in released:
            released.add(interface_id)
            interfaces.release_interfaces(account_id, region, [interface_id], "lambda.interfaces_released")


def used_pairs(account_id: str, region: str) -> dict:
    """Each pair of subnet and groups, with the name of a function that uses it."""
    found = {}
    for function in list(all_functions(account_id, region).values()):
        for version in list(function.versions.values()):
            vpc = version.config.vpc_config
            for subnet_id in vpc.subnet_ids if vpc else ():
                found.setdefault((subnet_id, tuple(sorted(vpc.security_group_ids))), function.function_name)
    return found


def attach_interface(account_id: str, region: str, pair: tuple, name: str) -> str:
    subnet_id, groups = pair
    (lent,) = interfaces.attach_interfaces(
        account_id,
        region,
        [subnet_id],
        list(groups),
        f"AWS Lambda VPC ENI-{name}",
        "lambda",
        f"AROAISOBARLAMBDA:{name}",
    )
    return lent


def interfaces_there(account_id: str, region: str) -> set:
    with ec2_state.lock:
        ec2_state.settle()
        return set(ec2_state.moto(account_id, region).enis)
