"""EC2 Auto Scaling: groups, their instances, refreshes, policies."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.autoscaling import groups, health, inventory, rules, state, turns

SERVICE = Emulated(
    "autoscaling",
    based_on=Base.OWN,
    operations=groups.operations,
    throttling=Throttling("Throttling"),
    # Not published: what to budget.
    limits=(Limit(("*",), 5, 20, "memory"),),
    errors=coral("ValidationError", "MalformedInput"),  # [memory]
    rules=rules.RULES,
    inventory=inventory.live,
    state=(state.stores,),
    durations={
        "draining_asked_again": 5,
        "group_deleting": 10,
        "health_check_failing": 60,
        "instance_booting": 60,
        "instance_terminating": 60,
        "launch_again": 60,
        "refresh_cancelling": 10,
        "refresh_gives_up": 3600,
        "refresh_pending": 5,
        "target_group_adding": 5,
        "target_group_removing": 10,
        "terminated_instance_shown": 3600,
        "unhealthy_replaced": 10,
    },
    controls={
        "autoscaling/desired": groups.DesiredResource,
        "autoscaling/failing-images": health.FailingImagesResource,
    },
    before_requests=turns.observe,
)
