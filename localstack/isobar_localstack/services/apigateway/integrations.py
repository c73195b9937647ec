"""API Gateway (REST): integrations and what they are connected to.

Gaps of LocalStack closed here: connectionId, integrationTarget and others were dropped, and nothing
they name was looked up.

AWS rules followed: a connection is a VPC link of version 1, or one of version 2 together with the
load balancer, or a listener of one, it is to reach; an unknown link or load balancer is refused. A
deployment waits for a link that is PENDING and fails on one that is DELETING [model], or FAILED
[memory]. A connection by a stage variable is not looked at.
"""

import time

from isobar_localstack.services.apigateway import vpc_links as links
from isobar_localstack.services.apigateway.state import bad_request, find_api, moto_api
from isobar_localstack.services.apigatewayv2 import vpc_links as apigatewayv2
from isobar_localstack.services.elbv2 import state as elbv2_state

FIELDS = {
    # document and API name -> where the integration object keeps it
    "connectionId": "connection_id",
    "connectionType": "connection_type",
    "credentials": "credentials",
    "integrationTarget": "integration_target",
    "responseTransferMode": "response_transfer_mode",
    "timeoutInMillis": "timeout_in_millis",
    "tlsConfig": "tls_config",
    "cacheKeyParameters": "cache_key_parameters",
}
LONGEST_WAIT = 20  # real seconds that a deployment waits for a link, before the client gives up
WITH_LINKS = ("HTTP", "HTTP_PROXY")


def show_all_fields():
    """Lets moto's integration show what `FIELDS` put on it."""
    from moto.apigateway.models import Integration

    if hasattr(Integration, "isobar_to_json"):
        return
    Integration.isobar_to_json = Integration.to_json

    def to_json(self):
        shown = self.isobar_to_json()
        for name, attribute in FIELDS.items():
            value = getattr(self, attribute, None)
            if value is not None:
                shown[name] = value
        return shown

    Integration.to_json = to_json


def put(original):
    def handler(context, request):
        check_timeout(request.get("timeoutInMillis"))
        check_connection(context, request, request.get("type"))
        answer = original(context, request)
        method = (
            find_api(context, request)
            .resources[request["resourceId"]]
            .resource_methods[request["httpMethod"]]
        )
        apply_fields(context, method.method_integration, request)
        extra = {
            name: request[name]
            for name in ("connectionId", "integrationTarget", "responseTransferMode")
            if request.get(name)
        }
        return answer | extra if isinstance(answer, dict) else answer

    return handler


def apply_fields(context, integration, given: dict):
    for name, attribute in FIELDS.items():
        if given.get(name) is not None:
            setattr(integration, attribute, given[name])
    timeout = getattr(integration, "timeout_in_millis", None) or 29000
    check_timeout(timeout)
    integration.timeout_in_millis = int(timeout)
    now = {name: getattr(integration, attribute, None) for name, attribute in FIELDS.items()}
    check_connection(context, now, given.get("type"))


def check_timeout(timeout):
    if timeout is not None and int(timeout) < 50:
        raise bad_request("Timeout should be between 50 ms and 29000 ms")


# --- what it is connected to ----------------------------------------------------------------------


def check_connection(context, integration: dict, kind: str | None):
    if integration.get("connectionType") != "VPC_LINK":
        return
    connection = integration.get("connectionId")
    if not connection:
        raise bad_request("Connection ID must be specified for integrations with connection type VPC_LINK")
    if kind and kind.upper() not in WITH_LINKS:
        raise bad_request("Integrations with connection type VPC_LINK must be of type HTTP or HTTP_PROXY")
    if "stageVariables." in connection or connection in links.links(context.account_id, context.region):
        return
    if link_of_version_2(context, connection) is None:
        raise bad_request(f"Invalid Vpc Link identifier specified: {connection}")
    check_target(context, integration.get("integrationTarget"))


def link_of_version_2(context, link_id: str):
    return apigatewayv2.link(context.account_id, context.region, link_id)


def check_target(context, target: str | None):
    """The load balancer, which is what works on AWS, or the listener, which is what its documentation says."""
    if not target:
        raise bad_request("IntegrationTarget is required for VpcLinkV2 integrations.")
    here = elbv2_state.regions[context.account_id, context.region]
    if target not in here.balancers and target not in here.listeners:
        raise bad_request(f"Invalid integration target: no load balancer with the ARN {target} was found.")


# --- deployments ----------------------------------------------------------------------------------


def once_linked(create_deployment):
    """Outside of the service's lock, since it may wait."""

    def handler(context, request):
        deadline = time.monotonic() + LONGEST_WAIT
        while pending := [
            name for name, status in statuses(context, request["restApiId"]).items() if status == "PENDING"
        ]:
            if time.monotonic() > deadline:
                raise bad_request(f"Vpc link {pending[0]} is still PENDING.")
            time.sleep(0.05)
        for name, status in statuses(context, request["restApiId"]).items():
            if status in ("DELETING", "FAILED"):
                raise bad_request(f"Vpc link {name} is {status}: the API cannot be deployed.")
        return create_deployment(context, request)

    return handler


def statuses(context, api_id: str) -> dict:
    """The links that the integrations of the API use."""
    api = moto_api(context.account_id, context.region, api_id)
    links.scheduled.settle()
    found = {}
    for resource in list(api.resources.values()) if api else ():
        for method in list(resource.resource_methods.values()):
            connection = getattr(method.method_integration, "connection_id", None)
            if connection and (status := status_of(context, connection)):
                found[connection] = status
    return found


def status_of(context, link_id: str) -> str | None:
    if first := links.links(context.account_id, context.region).get(link_id):
        return first["status"]
    second = link_of_version_2(context, link_id)
    return second["VpcLinkStatus"] if second else None
