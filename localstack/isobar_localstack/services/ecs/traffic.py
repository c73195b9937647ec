"""ECS: deployments that shift traffic, which are BLUE_GREEN, LINEAR and CANARY.

AWS rules followed: the new tasks start beside the old ones, in the target group that has no traffic; then
the weights of the production listener rule are moved, at once, in equal steps or after a first small part,
with a bake after each step; the old tasks stay until the last bake is over, and when it fails all the
traffic goes back to them. Which of the two groups is the live one changes with every deployment. The first
deployment of a service has nothing to shift from.
"""

from isobar_localstack.core.clock import clock
from isobar_localstack.services.ecs.state import Deployment, Rollout, Service, due_after, later, look_at
from isobar_localstack.services.ecs.tasks import alive, healthy
from isobar_localstack.services.elbv2 import targets as elbv2_targets

STAGES = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
)
SCALED_UP_FROM = STAGES.index("SCALE_UP")


def strategy(deployment: Deployment) -> str:
    return deployment.configuration.get("strategy") or "ROLLING"


def has_traffic(service: Service) -> bool:
    """True if the service's next deployment shifts traffic."""
    return (service.data["deploymentConfiguration"].get("strategy") or "ROLLING") != "ROLLING"


def in_alternate(rollout: Rollout) -> bool:
    """True if its tasks are in the alternate target groups; a rolling deployment knows one group each."""
    balancers = rollout.revision.data.get("loadBalancers") or []
    return rollout.alternate and any(one.get("advancedConfiguration") for one in balancers)


def is_shifting(deployment: Deployment) -> bool:
    """While the stages follow each other; a rollback and the first deployment are like rolling ones."""
    return (
        deployment.stage in STAGES
        and strategy(deployment) != "ROLLING"
        and deployment.status == "IN_PROGRESS"
    )


def wanted(service: Service, deployment: Deployment, rollout: Rollout) -> int:
    """The number of tasks of a rollout in this stage."""
    stage = STAGES.index(deployment.stage)
    if rollout is deployment.target:
        return service.desired if stage >= SCALED_UP_FROM else 0
    keeps = rollout.state == "COMPLETED" and deployment.stage != "CLEAN_UP"
    return service.desired if keeps else 0


# --- weights --------------------------------------------------------------------------------------


def shift(service: Service, deployment: Deployment, percent: float, rule: str = "productionListenerRule"):
    """So many percent to the target groups of the deployment's target, the rest to the others."""
    factor = 1 if float(percent).is_integer() else 10  # weights are whole numbers
    to, rest = round(percent * factor), round((100 - percent) * factor)
    for balancer in deployment.target.revision.data.get("loadBalancers") or []:
        advanced = balancer.get("advancedConfiguration") or {}
        if not advanced.get(rule):
            continue
        groups = [balancer["targetGroupArn"], advanced["alternateTargetGroupArn"]]
        weights = dict(zip(groups, (rest, to) if deployment.target.alternate else (to, rest)))
        elbv2_targets.shift(service.account_id, service.region, advanced[rule], weights)


def restore_traffic(service: Service, deployment: Deployment):
    """All the traffic to where it was before."""
    if strategy(deployment) != "ROLLING" and not deployment.is_first:
        shift(service, deployment, 0, "testListenerRule")
        shift(service, deployment, 0)
        deployment.weight = deployment.test_weight = 0.0


def steps(deployment: Deployment) -> list[tuple[float, float]]:
    """(percent, seconds of baking after it) of the shift."""
    if strategy(deployment) == "CANARY":
        canary = deployment.configuration.get("canaryConfiguration") or {}
        return [
            (canary.get("canaryPercent", 5.0), 60 * canary.get("canaryBakeTimeInMinutes", 10)),
            (100.0, 0),
        ]
    if strategy(deployment) == "LINEAR":
        linear = deployment.configuration.get("linearConfiguration") or {}
        step, bake = linear.get("stepPercent", 10.0), 60 * linear.get("stepBakeTimeInMinutes", 6)
        number = -int(-100 // step)
        return [(min(100.0, step * (one + 1)), bake if one + 1 < number else 0) for one in range(number)]
    return [(100.0, 0)]


# --- stages ---------------------------------------------------------------------------------------


def begin(service: Service, deployment: Deployment, moment: float):
    if strategy(deployment) == "ROLLING":
        return
    if deployment.is_first:
        shift(service, deployment, 100, "testListenerRule")
        shift(service, deployment, 100)
        deployment.weight = deployment.test_weight = 100.0
        return
    enter(service, deployment, STAGES[0], moment)


def enter(service: Service, deployment: Deployment, stage: str, moment: float):
    deployment.stage = stage
    deployment.stage_ends = due_after(moment, "ecs.deployment_stage")
    if stage == "TEST_TRAFFIC_SHIFT":
        shift(service, deployment, 100, "testListenerRule")
        deployment.test_weight = 100.0
    elif stage == "PRODUCTION_TRAFFIC_SHIFT":
        deployment.step = 0
        take_step(service, deployment, moment)
    elif stage == "BAKE_TIME":
        deployment.stage_ends = clock.after(
            moment, 60 * (deployment.configuration.get("bakeTimeInMinutes") or 0)
        )
    wake(service, deployment)


def take_step(service: Service, deployment: Deployment, moment: float):
    percent, seconds = steps(deployment)[deployment.step]
    shift(service, deployment, percent)
    deployment.weight = percent
    deployment.stage_ends = clock.after(due_after(moment, "ecs.deployment_stage"), seconds)


def wake(service: Service, deployment: Deployment):
    later(deployment.stage_ends, look_at, service.account_id, service.region, service.arn)


def go_on(service: Service, deployment: Deployment, moment: float) -> bool:
    """To the next step or stage, if this one is over; true when it was the last one."""
    if moment < deployment.stage_ends:
        return False
    stage, target = deployment.stage, alive(service, deployment.target)
    if stage == "SCALE_UP" and not len(target) == service.desired == len(healthy(service, target)):
        return False
    if stage == "PRODUCTION_TRAFFIC_SHIFT" and deployment.step + 1 < len(steps(deployment)):
        deployment.step += 1
        take_step(service, deployment, moment)
        wake(service, deployment)
        return False
    if stage == "CLEAN_UP":
        return not alive(service, *deployment.sources)
    enter(service, deployment, STAGES[STAGES.index(stage) + 1], moment)
    return False
