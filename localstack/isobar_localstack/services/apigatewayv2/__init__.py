"""API Gateway v2: VPC links of version 2."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling, per
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.apigatewayv2 import inventory, rules, vpc_links

SERVICE = Emulated(
    "apigatewayv2",
    based_on=Base.OWN,
    operations=vpc_links.operations,
    throttling=Throttling("TooManyRequestsException", 429, "Too Many Requests"),  # [model]
    limits=(
        Limit(("*",), 10, 40, "doc"),
        Limit(("CreateVpcLink",), per(15), 1, "doc"),
        Limit(("DeleteVpcLink",), per(30), 1, "doc"),
    ),
    errors=coral("BadRequestException"),  # [memory]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=vpc_links.tagged,
    state=(vpc_links.stores,),
    durations={
        "interfaces_lingering": 30,
        "vpc_link_creating": 180,
        "vpc_link_deleting": 60,
    },
    controls={"vpc-links": vpc_links.VpcLinksResource},
    before_requests=vpc_links.observe,
)
