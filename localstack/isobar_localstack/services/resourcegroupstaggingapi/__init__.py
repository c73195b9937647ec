"""Resource Groups Tagging API: the tags of all services."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.resourcegroupstaggingapi import resources

SERVICE = Emulated(
    "resourcegroupstaggingapi",
    based_on=Base.OWN,
    operations=resources.operations,
    throttling=Throttling("ThrottledException"),  # [model]
    limits=(Limit(("GetResources",), 15, 15, "memory"),),
    errors=coral("InvalidParameterException"),  # [memory]
    state=(resources.stores,),
    after_requests=resources.observe_writes,
)
