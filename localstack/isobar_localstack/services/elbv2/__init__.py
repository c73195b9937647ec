"""Elastic Load Balancing v2, written here.

LocalStack has no such service, and moto's knows neither the network, nor certificates, nor what a target
or a balancer goes through: it is not used.

    load_balancers       load balancers            listeners         listeners, certificates
    target_groups        groups, registration      listener_rules    rules, priorities
    targets              health of targets         actions           actions and conditions
    attributes           attributes of all three   network           subnets, groups, interfaces

AWS rules followed: a new balancer or group is not found by Describe for a moment, and tags reach the
tagging API late [memory].
"""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.elbv2 import inventory, operations, rules, state, tags, targets

SERVICE = Emulated(
    "elbv2",
    based_on=Base.OWN,
    operations=operations.operations,
    throttling=Throttling("Throttling"),
    # Not published: what to budget.
    limits=(Limit(("*",), 5, 20, "memory"),),
    errors=coral("ValidationError", "MalformedInput"),  # [memory]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=tags.tagged,
    state=(state.stores,),
    durations={
        "provisioning": 150,
        "interfaces_leaving": 180,
    },
    controls={"target-health": targets.TargetHealthResource},
)
