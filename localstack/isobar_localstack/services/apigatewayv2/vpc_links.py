"""API Gateway v2: VPC links of version 2, which REST and HTTP APIs share. There are no HTTP APIs here.

AWS rules followed: a link is made of subnets and groups of one VPC, which never change, and has a
name, which may; it is PENDING for minutes, and its network interfaces hold the subnets and groups
until it is gone and for a while after. It cannot be deleted while an integration uses it [memory].
Without traffic for 60 days it becomes INACTIVE and loses its interfaces, which a test tells:

    GET  /_isobar/vpc-links                                       {id: status}
    POST /_isobar/vpc-links {"id": …, "status": "INACTIVE"}       or FAILED; AVAILABLE: there is traffic again
"""

import random
import string
import threading
from datetime import UTC, datetime

from localstack.aws.api import CommonServiceException

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import vpc_link_users
from isobar_localstack.core.paging import page
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State
from isobar_localstack.services.ec2 import interfaces as ec2_interfaces

PER_PAGE = 500
REQUESTER = "amazon-apigateway"
MISSING_ZONES = ("use1-az3", "usw1-az2")  # zones without VPC links
IDLE = "The VPC link has had no traffic for 60 days. It becomes active again with the next request."
TOLD = {
    "INACTIVE": IDLE,
    "FAILED": "The VPC link could not be created.",
    "AVAILABLE": "VPC link is ready to route traffic",
}

lock = threading.RLock()
stores = State("apigatewayv2")
scheduled = stores.store("scheduled", Scheduled())
# (account, region) -> id -> as the API shows it
vpc_links: dict[tuple[str, str], dict[str, dict]] = stores.store("vpc_links", {})
interfaces: dict[str, list] = stores.store("interfaces", {})  # id of the link -> of its network interfaces


def operations(original: dict) -> dict:
    own = {
        "CreateVpcLink": create_link,
        "GetVpcLink": lambda context, request: to_response(find(context, request["VpcLinkId"])),
        "GetVpcLinks": list_links,
        "UpdateVpcLink": update_link,
        "DeleteVpcLink": delete_link,
        "GetTags": lambda context, request: {"Tags": dict(tags_of(context, request["ResourceArn"]))},
        "TagResource": tag,
        "UntagResource": untag,
    }
    return {name: settled(handler) for name, handler in own.items()}


def settled(handler):
    def run(context, request):
        with lock:
            scheduled.settle()
            return handler(context, request)

    return run


def settle():
    with lock:
        scheduled.settle()


def observe(chain, context, response):
    """Before a request to EC2: the interfaces of a link go with it, whether or not somebody asks for the link."""
    if context.operation is not None and context.service.service_name == "ec2":
        settle()


def bad_request(message: str):
    return error("BadRequestException", message)


def links_in(account_id: str, region: str) -> dict:
    return vpc_links.setdefault((account_id, region), {})


def link(account_id: str, region: str, link_id: str) -> dict | None:
    """For API Gateway v1: the link as it is by now, or None."""
    settle()
    return links_in(account_id, region).get(link_id)


def find(context, link_id: str) -> dict:
    found = links_in(context.account_id, context.region).get(link_id)
    if found is None:
        raise error("NotFoundException", f"Unable to find VpcLink with id {link_id}", 404)
    return found


def to_response(found: dict) -> dict:
    return {**found, "Tags": dict(found["Tags"])}


# --- links ----------------------------------------------------------------------------------------


def create_link(context, request):
    account, region = context.account_id, context.region
    subnets, groups = list(request["SubnetIds"]), list(request.get("SecurityGroupIds") or [])
    check_places(account, region, subnets, groups)
    link_id = "".join(random.choices(string.ascii_lowercase + string.digits, k=6))
    made = {
        "VpcLinkId": link_id,
        "Name": request["Name"],
        "SubnetIds": subnets,
        "SecurityGroupIds": groups,
        "CreatedDate": datetime.now(UTC),
        "Tags": dict(request.get("Tags") or {}),
        "VpcLinkStatus": "PENDING",
        "VpcLinkVersion": "V2",
        "VpcLinkStatusMessage": "VPC link is provisioning ENIs",
    }
    attach_interfaces(account, region, made)
    links_in(account, region)[link_id] = made
    scheduled.at(due("apigatewayv2.vpc_link_creating"), set_available, account, region, link_id)
    return to_response(made)


def check_places(account: str, region: str, subnets: list, groups: list):
    try:
        places = ec2_interfaces.checked_subnets(account, region, subnets)
        members = ec2_interfaces.checked_groups(account, region, groups)
    except CommonServiceException as problem:
        raise bad_request(problem.message) from None
    if len({place["VpcId"] for place in places}) > 1:
        raise bad_request("All subnets of a VPC link must belong to the same VPC")
    if any(member["VpcId"] != places[0]["VpcId"] for member in members):
        raise bad_request("The security groups of a VPC link must belong to the VPC of its subnets")
    for place in places:
        if place["AvailabilityZoneId"] in MISSING_ZONES:
            raise bad_request(
                f"VPC links are not supported in the Availability Zone {place['AvailabilityZoneId']} of subnet "
                f"{place['SubnetId']}"
            )


def attach_interfaces(account: str, region: str, made: dict):
    interfaces[made["VpcLinkId"]] = ec2_interfaces.attach_interfaces(
        account,
        region,
        made["SubnetIds"],
        made["SecurityGroupIds"],
        f"VPC link interface of API Gateway for {made['VpcLinkId']}",
        interface_type="api_gateway_managed",
        requester_id=REQUESTER,
    )


def release_interfaces(account: str, region: str, link_id: str):
    if ids := interfaces.pop(link_id, None):
        ec2_interfaces.release_interfaces(account, region, ids, "apigatewayv2.interfaces_lingering")


def set_status(found: dict, status: str):
    found |= {"VpcLinkStatus": status, "VpcLinkStatusMessage": TOLD[status]}


def set_available(account: str, region: str, link_id: str):
    found = links_in(account, region).get(link_id)
    if found and found["VpcLinkStatus"] == "PENDING":
        set_status(found, "AVAILABLE")


def list_links(context, request):
    found = [to_response(one) for _, one in sorted(links_in(context.account_id, context.region).items())]
    size = request.get("MaxResults") or PER_PAGE
    if not str(size).isdecimal() or int(size) < 1:
        raise bad_request("maxResults must be a positive number")
    items, token = page(
        found, request.get("NextToken"), min(int(size), PER_PAGE), bad_request("Invalid nextToken")
    )
    return {"Items": items} | ({"NextToken": token} if token else {})


def update_link(context, request):
    found = find(context, request["VpcLinkId"])
    if request.get("Name"):
        found["Name"] = request["Name"]
    return to_response(found)


def delete_link(context, request):
    account, region, link_id = context.account_id, context.region, request["VpcLinkId"]
    found = find(context, link_id)
    if users := [user for users in vpc_link_users.publish(account, region, link_id) for user in users]:
        raise bad_request(
            f"Cannot delete vpc link. Vpc link '{link_id}', is referenced in [{', '.join(users)}] "
            "in format of [Method:Resource:Stage]."
        )
    if found["VpcLinkStatus"] != "DELETING":
        found |= {"VpcLinkStatus": "DELETING", "VpcLinkStatusMessage": "VPC link is deleting ENIs"}
        scheduled.at(due("apigatewayv2.vpc_link_deleting"), forget, account, region, link_id)
    return {}


def forget(account: str, region: str, link_id: str):
    links_in(account, region).pop(link_id, None)
    release_interfaces(account, region, link_id)


# --- tags -----------------------------------------------------------------------------------------


def arn_of(region: str, link_id: str) -> str:
    return f"arn:aws:apigateway:{region}::/vpclinks/{link_id}"


def tags_of(context, arn: str) -> dict:
    """The tags themselves, to read and to change."""
    found = links_in(context.account_id, context.region).get(arn.rsplit("/", 1)[-1])
    if found is None or arn != arn_of(context.region, found["VpcLinkId"]):
        raise error("NotFoundException", f"Invalid resource identifier specified: {arn}", 404)
    return found["Tags"]


def tag(context, request):
    tags_of(context, request["ResourceArn"]).update(request.get("Tags") or {})
    return {}


def untag(context, request):
    tags = tags_of(context, request["ResourceArn"])
    for key in request["TagKeys"]:
        tags.pop(key, None)


def tagged(account_id: str, region: str):
    settle()
    for link_id, found in list(links_in(account_id, region).items()):
        yield arn_of(region, link_id), dict(found["Tags"])


# --- the control endpoint -------------------------------------------------------------------------


class VpcLinksResource:
    def on_get(self, request):
        settle()
        return {
            link_id: found["VpcLinkStatus"]
            for links in vpc_links.values()
            for link_id, found in links.items()
        }

    def on_post(self, request):
        settle()
        wanted = request.get_json(force=True)
        for (account, region), links in vpc_links.items():
            if found := links.get(wanted["id"]):
                set_status(found, wanted["status"])
                if wanted["status"] == "AVAILABLE" and wanted["id"] not in interfaces:
                    attach_interfaces(account, region, found)
                elif wanted["status"] != "AVAILABLE":
                    release_interfaces(account, region, wanted["id"])
        return self.on_get(request)
