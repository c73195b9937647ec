"""Application Auto Scaling: scalable targets, policies with their alarms, scheduled actions."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.application_autoscaling import (
    desired_count,
    inventory,
    operations,
    rules,
    targets,
)

SERVICE = Emulated(
    "application-autoscaling",
    based_on=Base.OWN,
    operations=operations.operations,
    throttling=Throttling("ThrottlingException"),
    # Not published: what to budget.
    limits=(Limit(("*",), 5, 20, "memory"),),
    errors=coral("ValidationException"),  # [memory]
    rules=rules.RULES,
    inventory=inventory.live,
    state=(targets.stores,),
    controls={"ecs/desired": desired_count.DesiredResource},
)
