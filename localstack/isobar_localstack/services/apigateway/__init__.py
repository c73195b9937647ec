"""API Gateway (REST): APIs, stages, domain names, integrations, VPC links of version 1."""

from isobar_localstack.core.durations import documented
from isobar_localstack.core.emulated import Base, Emulated, Limit, Quota, Throttling, per
from isobar_localstack.services.apigateway import apis, integrations, inventory, refusals, rules, state

SERVICE = Emulated(
    "apigateway",
    based_on=Base.LOCALSTACK,
    operations=apis.operations,
    prepare=(integrations.show_all_fields,),
    throttling=Throttling("TooManyRequestsException", 429, "Too Many Requests", retry_after=True),  # [model]
    # Everything together, and single operations.
    limits=(
        Limit(("*",), 10, 40, "doc"),
        Limit(("CreateDeployment",), per(5), 1, "doc"),
        Limit(("CreateDomainName",), per(30), 1, "doc"),
        Limit(("UpdateDomainName",), per(30), 1, "doc"),
        Limit(("DeleteDomainName",), per(30), 1, "doc"),
        Limit(("CreateRestApi",), per(3), 1, "doc"),
        Limit(("ImportRestApi",), per(3), 1, "doc"),
        Limit(("DeleteRestApi",), per(30), 1, "doc"),
        Limit(("PutRestApi",), 1, 1, "doc"),
        Limit(("CreateResource",), 5, 5, "doc"),
        Limit(("DeleteResource",), 5, 5, "doc"),
        Limit(("GetResources",), 2.5, 5, "doc"),
        Limit(("UpdateAccount",), per(20), 1, "doc"),
        Limit(("UpdateUsagePlan",), per(20), 1, "doc"),
        Limit(("CreateDocumentationVersion",), per(20), 1, "doc"),
    ),
    quotas={
        "resources_of_api": Quota(
            300,
            10000,
            "LimitExceededException",
            "Maximum number of Resources for this API has been reached.  Please contact AWS if you need "
            "additional Resources.",
            429,
        ),
    },
    errors=refusals.violation,  # [doc]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=apis.tagged,
    state=(state.stores,),
    durations={
        "domain_creating": 20,
        "domain_updating": 30,
        "security_policy_changing": documented(900),
        "vpc_link_creating": 180,
        "vpc_link_deleting": 60,
    },
)
