"""API Gateway (REST): VPC links of version 1, and who holds stages and APIs.

Gaps of LocalStack closed here: a VPC link was AVAILABLE and gone at once, and could be deleted
under the methods that use it; usage plans did not hold the stages in them.

AWS rules followed: a link is in use as long as what is deployed to a stage names it [doc]; a stage with
a mapping or in a usage plan, an API with a mapping or a stage in a usage plan, and a usage plan with
stages cannot be deleted [memory].
"""

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import load_balancer_links, vpc_link_users
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.services.apigateway import deployed
from isobar_localstack.services.apigateway.state import bad_request, moto_apis, regions, stores

scheduled = stores.store("scheduled", Scheduled())


def operations(original: dict) -> dict:
    return {
        "CreateVpcLink": create_link(original["CreateVpcLink"]),
        "GetVpcLink": settled(original["GetVpcLink"]),
        "GetVpcLinks": settled(original["GetVpcLinks"]),
        "DeleteVpcLink": delete_link,
        "DeleteUsagePlan": delete_usage_plan(original["DeleteUsagePlan"]),
    }


# --- VPC links ------------------------------------------------------------------------------------


def links(account_id: str, region: str) -> dict:
    from localstack.services.apigateway.models import apigateway_stores

    return apigateway_stores[account_id][region].vpc_links


def settled(handler):
    def run(context, request):
        scheduled.settle()
        return handler(context, request)

    return run


def create_link(original):
    def create(context, request):
        answer = original(context, request)
        links(context.account_id, context.region)[answer["id"]]["status"] = "PENDING"
        scheduled.at(
            due("apigateway.vpc_link_creating"),
            set_available,
            context.account_id,
            context.region,
            answer["id"],
        )
        return {**answer, "status": "PENDING"}

    return create


def set_available(account_id: str, region: str, link_id: str):
    link = links(account_id, region).get(link_id)
    if link and link["status"] == "PENDING":
        link["status"] = "AVAILABLE"


def delete_link(context, request):
    scheduled.settle()
    account_id, region, link_id = context.account_id, context.region, request["vpcLinkId"]
    link = links(account_id, region).get(link_id)
    if link is None:
        raise error("NotFoundException", "Invalid Vpc Link identifier specified", 404)
    if users := users_of_link(account_id, region, link_id):
        raise bad_request(
            f"Cannot delete vpc link. Vpc link '{link_id}', is referenced in [{', '.join(users)}] "
            "in format of [Method:Resource:Stage]."
        )
    if link["status"] != "DELETING":
        link["status"] = "DELETING"
        scheduled.at(due("apigateway.vpc_link_deleting"), forget_link, account_id, region, link_id)
    return {}


def forget_link(account_id: str, region: str, link_id: str):
    links(account_id, region).pop(link_id, None)


@vpc_link_users.subscribe
def users_of_link(account_id: str, region: str, link_id: str) -> list[str]:
    """What is deployed to a stage; a method that names the link and is not deployed does not hold it."""
    return [
        f"{method}:{made['resource']}:{stage}"
        for api in list(moto_apis(account_id, region).values())
        for stage, method, made in deployed.served(api)
        if made["integration"].get("connectionId") == link_id
    ]


@load_balancer_links.subscribe
def is_linked(account_id: str, region: str, arn: str) -> bool:
    """True if a VPC link of version 1 leads to the load balancer; one that failed or is being deleted still does."""
    scheduled.settle()
    return any(arn in (link.get("targetArns") or []) for link in list(links(account_id, region).values()))


# --- usage plans and mappings ---------------------------------------------------------------------


def usage_plans(account_id: str, region: str) -> dict:
    from moto.apigateway.models import apigateway_backends

    return apigateway_backends[account_id][region].usage_plans


def delete_usage_plan(original):
    def delete(context, request):
        plan = usage_plans(context.account_id, context.region).get(request["usagePlanId"])
        if plan is not None and plan.api_stages:
            raise bad_request(
                f"Cannot delete usage plan {plan.id} because it has API stages associated with it."
            )
        return original(context, request)

    return delete


def check_not_planned(context, api_id: str, stage: str | None = None):
    for plan in list(usage_plans(context.account_id, context.region).values()):
        for entry in plan.api_stages or []:
            if entry["apiId"] == api_id and stage in (None, entry["stage"]):
                raise bad_request(
                    f"Cannot delete {'stage' if stage else 'API'}: stage {entry['stage']} of API {api_id} is "
                    f"associated with usage plan {plan.id}."
                )


def check_not_mapped(context, api_id: str, stage: str):
    for domain in list(regions[context.account_id, context.region].domains.values()):
        if any(m["restApiId"] == api_id and m.get("stage") == stage for m in domain.mappings.values()):
            raise bad_request(
                "Please remove all base path mappings related to the stage in your domains before deleting the stage."
            )
