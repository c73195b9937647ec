"""Elastic Load Balancing v2: targets, their health, and what other services ask of it.

AWS rules followed: a target is unused while no listener or rule forwards to its group; then initial until
the balancer is active and has made its checks, which for an Application Load Balancer is one that
passes [doc] or as many as the unhealthy threshold that fail; later changes take interval x threshold; a
deregistered one is draining for deregistration_delay, and gone at once when it was unused.

Nothing probes targets here: they are healthy unless a test says otherwise, until it says otherwise again.

    GET  /_isobar/target-health                              {group arn: {"id:port": state}}
    POST /_isobar/target-health {"target_group": "name or arn", "health": "unhealthy"}
                                {…, "target": "10.0.0.7"}    of this target alone

ECS and Auto Scaling call register, deregister, state, is_attached, exists, vpc_of and shift.
"""

import json

from isobar_localstack.core.clock import clock
from isobar_localstack.core.durations import is_over
from isobar_localstack.services.elbv2.state import Region, Target, TargetGroup, in_turn, regions, uses

REASONS = {
    "initial": ("Elb.InitialHealthChecking", "Initial health checks in progress"),
    "unhealthy": ("Target.FailedHealthChecks", "Health checks failed"),
    "draining": ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
    "unused": ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
    "unavailable": ("Target.HealthCheckDisabled", "Health checks are not enabled for this target group"),
}
REGISTERING = ("Elb.RegistrationInProgress", "Target registration is in progress")
NOT_REGISTERED = ("Target.NotRegistered", "Target is not registered to the target group")
NOT_CHECKED = ("unused", "unavailable")


# --- for other services -----------------------------------------------------------------------------


def group_of(account_id: str, region: str, target_group_arn: str) -> TargetGroup | None:
    return regions[account_id, region].groups.get(target_group_arn)


def exists(account_id: str, region: str, target_group_arn: str) -> bool:
    return group_of(account_id, region, target_group_arn) is not None


def vpc_of(account_id: str, region: str, target_group_arn: str) -> str | None:
    group = group_of(account_id, region, target_group_arn)
    return group.data.get("VpcId") if group else None


def is_attached(account_id: str, region: str, target_group_arn: str) -> bool:
    """True if a listener or a rule forwards to it."""
    group = group_of(account_id, region, target_group_arn)
    return bool(group and group.balancers)


@in_turn
def register(account_id: str, region: str, target_group_arn: str, targets: list[dict]):
    """Targets are {"Id": …, "Port": …, "AvailabilityZone": …}, the last two optional."""
    group = group_of(account_id, region, target_group_arn)
    for wanted in targets if group else ():
        key = key_of(group, wanted)
        settle(group)
        target = group.targets.get(key)
        if target is None or target.drained_at is not None:
            group.targets[key] = target = Target(*key, wanted.get("AvailabilityZone"))
            begin(regions[account_id, region], group, target)


@in_turn
def deregister(account_id: str, region: str, target_group_arn: str, targets: list[dict]):
    """Without a port, as for Auto Scaling, all ports of the target."""
    group = group_of(account_id, region, target_group_arn)
    for wanted in targets if group else ():
        settle(group)
        for key, target in list(group.targets.items()):
            if key[0] == wanted["Id"] and wanted.get("Port") in (None, key[1]):
                drain(group, key, target)


@in_turn
def state(account_id: str, region: str, target_group_arn: str, target: dict | str) -> str | None:
    """initial, healthy, unhealthy, draining, unused or unavailable; None when it is not registered."""
    group = group_of(account_id, region, target_group_arn)
    if group is None:
        return None
    settle(group)
    wanted = target if isinstance(target, dict) else {"Id": target}
    found = next(
        (
            one
            for key, one in group.targets.items()
            if key[0] == wanted["Id"] and wanted.get("Port") in (None, key[1])
        ),
        None,
    )
    return found.health if found else None


@in_turn
def shift(account_id: str, region: str, rule_or_listener_arn: str, weights: dict[str, int]):
    """Rewrites weights of the forward action, as ECS does when it moves traffic; what is not named keeps its own."""
    here = regions[account_id, region]
    rule, listener = here.rules.get(rule_or_listener_arn), here.listeners.get(rule_or_listener_arn)
    if rule is None and listener is None:
        listener = next(
            (one for one in here.listeners.values() if one.default_rule == rule_or_listener_arn), None
        )
    if rule is None and listener is None:
        return
    holder, name = (rule.data, "Actions") if rule else (listener.data, "DefaultActions")
    holder[name] = [
        with_weights(action, weights) if action["Type"] == "forward" else action for action in holder[name]
    ]
    note_uses(here)


def with_weights(action: dict, weights: dict[str, int]) -> dict:
    before = {group["TargetGroupArn"]: group["Weight"] for group in action["ForwardConfig"]["TargetGroups"]}
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in {**before, **weights}.items()]
    config = action["ForwardConfig"] | {"TargetGroups": groups}
    rest = {name: value for name, value in action.items() if name != "TargetGroupArn"}
    alone = {"TargetGroupArn": groups[0]["TargetGroupArn"]} if len(groups) == 1 else {}
    return rest | alone | {"ForwardConfig": config}


# --- the life of a target ---------------------------------------------------------------------------


def key_of(group: TargetGroup, wanted: dict) -> tuple:
    lambda_ = group.data["TargetType"] == "lambda"
    return wanted["Id"], None if lambda_ else wanted.get("Port") or group.data.get("Port")


def begin(region: Region, group: TargetGroup, target: Target):
    """The target is registered, or its group has got its first listener."""
    target.next_health = None
    if not group.balancers:
        target.health = "unused"
    elif not group.data["HealthCheckEnabled"]:
        target.health = "unavailable"
    else:
        target.health = "initial"
        expect(group, target, max(clock.now(), checked_from(region, group)))


def expect(group: TargetGroup, target: Target, moment: float):
    """The next change of its health, if the checks from this moment on differ from what is shown."""
    healthy = is_healthy(group, target)
    wanted = "healthy" if healthy else "unhealthy"
    if wanted == target.health:
        target.next_health = None
        return
    checks = group.data["HealthyThresholdCount" if healthy else "UnhealthyThresholdCount"]
    if healthy and target.health == "initial" and group.data.get("Protocol") in ("HTTP", "HTTPS"):
        checks = 1
    target.next_health = (clock.after(moment, group.data["HealthCheckIntervalSeconds"] * checks), wanted)


def is_healthy(group: TargetGroup, target: Target) -> bool:
    return group.told.get(target.id, group.told.get(None, True))


def drain(group: TargetGroup, key: tuple, target: Target):
    if target.drained_at is not None:
        return
    delay = int(group.attributes.get("deregistration_delay.timeout_seconds") or 0)
    if target.health == "unused" or not delay:
        group.targets.pop(key, None)
        return
    target.health, target.next_health, target.drained_at = "draining", None, clock.after(clock.now(), delay)
    settle(group)


def settle(group: TargetGroup):
    """Takes note of what has happened since the last look."""
    for key, target in list(group.targets.items()):
        if target.drained_at is not None:
            if is_over(target.drained_at):
                group.targets.pop(key, None)
        elif target.next_health and is_over(target.next_health[0]):
            target.health, target.next_health = target.next_health[1], None


def note_uses(region: Region):
    """After every change of listeners and rules: which balancers forward to which group."""
    used = uses(region)
    for arn, group in region.groups.items():
        before, group.balancers = group.balancers, used.get(arn, [])
        settle(group)
        if bool(before) == bool(group.balancers):
            continue
        for key, target in list(group.targets.items()):
            if target.drained_at is None:
                begin(region, group, target)
            elif not group.balancers:
                group.targets.pop(key)


def health(region: Region, group: TargetGroup, target: Target) -> dict:
    """The state of a target with its reason, as DescribeTargetHealth shows it."""
    reason = REASONS.get(target.health)
    if target.health == "initial" and not is_over(checked_from(region, group)):
        reason = REGISTERING
    return {"State": target.health} | ({"Reason": reason[0], "Description": reason[1]} if reason else {})


# --- the control endpoint ---------------------------------------------------------------------------


@in_turn
def set_health(name_or_arn: str, healthy: bool, target_id: str | None) -> bool:
    """Sets the health of a group's targets; true if there is such a group. A name means those of all regions."""
    found = [
        (region, group)
        for region in list(regions.values())
        for arn, group in region.groups.items()
        if name_or_arn in (arn, group.data["TargetGroupName"])
    ]
    for region, group in found:
        settle(group)
        if target_id is None:
            group.told.clear()
        group.told[target_id] = healthy
        for target in group.targets.values():
            if (
                target.drained_at is None
                and target.health not in NOT_CHECKED
                and target_id in (None, target.id)
            ):
                expect(group, target, max(clock.now(), checked_from(region, group)))
    return bool(found)


def checked_from(region: Region, group: TargetGroup) -> float:
    """The moment its first balancer is, or was, active."""
    return min(region.balancers[arn].active_at for arn in group.balancers)


@in_turn
def all_states() -> dict:
    shown = {}
    for region in list(regions.values()):
        for arn, group in region.groups.items():
            settle(group)
            shown[arn] = {
                ":".join(str(part) for part in key if part is not None): one.health
                for key, one in group.targets.items()
            }
    return shown


class TargetHealthResource:
    def on_get(self, request):
        return all_states()

    def on_post(self, request):
        from localstack.http import Response

        wanted = request.get_json(force=True)
        if wanted.get("health") not in ("healthy", "unhealthy"):
            return Response(
                json.dumps({"message": "health is healthy or unhealthy"}), 400, mimetype="application/json"
            )
        if not set_health(
            wanted.get("target_group", ""), wanted["health"] == "healthy", wanted.get("target")
        ):
            return Response(json.dumps({"message": "no such target group"}), 404, mimetype="application/json")
        return all_states()
