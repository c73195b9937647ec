import json

import pytest
from conftest import eventually, fails
from networks import removals

REGION = "eu-west-1"


@pytest.fixture
def ec2(aws):
    return aws("ec2", REGION)


@pytest.fixture
def v2(aws):
    return aws("apigatewayv2", REGION)


@pytest.fixture
def v1(aws):
    return aws("apigateway", REGION)


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnets(ec2, vpc):
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"{REGION}{zone}")[
            "Subnet"
        ]["SubnetId"]
        for i, zone in enumerate("ab")
    ]


@pytest.fixture
def group(ec2, vpc):
    return ec2.create_security_group(GroupName="links", Description="links", VpcId=vpc)["GroupId"]


@pytest.fixture
def link(v2, subnets, group, name, step):
    """A link that is still PENDING."""
    return v2.create_vpc_link(Name=name, SubnetIds=subnets, SecurityGroupIds=[group], Tags={"for": name})


@pytest.fixture
def balancer(aws, subnets, name):
    elb = aws("elbv2", REGION)
    arn = elb.create_load_balancer(Name=name, Subnets=subnets, Scheme="internal")["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    yield arn
    elb.delete_load_balancer(LoadBalancerArn=arn)


def status(v2, link):
    return v2.get_vpc_link(VpcLinkId=link["VpcLinkId"])["VpcLinkStatus"]


def interfaces(ec2, vpc):
    return ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"]


def test_a_link_takes_minutes(v2, link, subnets, group, step, name):
    assert link["VpcLinkStatus"] == "PENDING" and link["VpcLinkVersion"] == "V2"
    assert (link["Name"], link["SubnetIds"], link["SecurityGroupIds"], link["Tags"]) == (
        name,
        subnets,
        [group],
        {"for": name},
    )
    step(179)
    assert status(v2, link) == "PENDING"
    step(2)
    assert status(v2, link) == "AVAILABLE"


def test_only_the_name_changes(v2, link, subnets, name):
    changed = v2.update_vpc_link(VpcLinkId=link["VpcLinkId"], Name=f"{name}-2")
    assert (changed["Name"], changed["SubnetIds"]) == (f"{name}-2", subnets)
    assert v2.get_vpc_link(VpcLinkId=link["VpcLinkId"])["Name"] == f"{name}-2"


def test_its_interfaces_hold_subnets_and_groups_for_longer_than_the_link(
    v2, ec2, vpc, subnets, group, link, step
):
    assert sorted(i["SubnetId"] for i in interfaces(ec2, vpc)) == sorted(subnets)
    assert all(i["RequesterManaged"] for i in interfaces(ec2, vpc))
    calls = removals(ec2, subnets[0], group)
    for call in calls:
        with fails("DependencyViolation"):
            call()
    v2.delete_vpc_link(VpcLinkId=link["VpcLinkId"])
    assert status(v2, link) == "DELETING"
    v2.delete_vpc_link(VpcLinkId=link["VpcLinkId"])
    step(61)
    assert len(interfaces(ec2, vpc)) == 2
    with fails("NotFoundException"):
        status(v2, link)
    for call in calls:
        with fails("DependencyViolation"):
            call()
    step(31)
    assert interfaces(ec2, vpc) == []
    for call in calls:
        call()


def test_places_are_checked(v2, ec2, aws, subnets, group, name):
    other = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    far = ec2.create_subnet(VpcId=other, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
    for places, groups, text in (
        (["subnet-0123456789abcdef0"], [], "subnet-0123456789abcdef0"),
        ([subnets[0], far], [], "same VPC"),
        ([far], [group], "VPC of its subnets"),
        (subnets, ["sg-0123456789abcdef0"], "sg-0123456789abcdef0"),
        ([], [], "t least one subnet"),
    ):
        with fails("BadRequestException", text):
            v2.create_vpc_link(Name=name, SubnetIds=places, SecurityGroupIds=groups)


def test_some_zones_have_none(aws, name):
    ec2 = aws("ec2", "us-east-1")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zone = next(
        z["ZoneName"]
        for z in ec2.describe_availability_zones()["AvailabilityZones"]
        if z["ZoneId"] == "use1-az3"
    )
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=zone)["Subnet"][
        "SubnetId"
    ]
    with fails("BadRequestException", "use1-az3"):
        aws("apigatewayv2").create_vpc_link(Name=name, SubnetIds=[subnet])


def test_pages_of_links(v2, link, subnets):
    v2.create_vpc_link(Name="second", SubnetIds=subnets)
    first = v2.get_vpc_links(MaxResults="1")
    rest = v2.get_vpc_links(NextToken=first["NextToken"])["Items"]
    ids = {one["VpcLinkId"] for one in first["Items"] + rest}
    assert len(first["Items"]) == 1 and link["VpcLinkId"] in ids and len(ids) == len(rest) + 1


def test_tags(aws, v2, link, name):
    arn = f"arn:aws:apigateway:{REGION}::/vpclinks/{link['VpcLinkId']}"
    v2.tag_resource(ResourceArn=arn, Tags={"more": "1", "for": f"{name}-2"})
    v2.untag_resource(ResourceArn=arn, TagKeys=["more"])
    assert v2.get_tags(ResourceArn=arn)["Tags"] == {"for": f"{name}-2"}
    assert v2.get_vpc_link(VpcLinkId=link["VpcLinkId"])["Tags"] == {"for": f"{name}-2"}
    filters = [{"Key": "for", "Values": [f"{name}-2"]}]
    listed = aws("resourcegroupstaggingapi", REGION).get_resources(TagFilters=filters)[
        "ResourceTagMappingList"
    ]
    assert [mapping["ResourceARN"] for mapping in listed] == [arn]
    with fails("NotFoundException"):
        v2.get_tags(ResourceArn=arn.replace(link["VpcLinkId"], "nobody"))


def test_an_idle_link_is_told(v2, control, ec2, vpc, link, step):
    step(181)
    control("vpc-links", {"id": link["VpcLinkId"], "status": "INACTIVE"})
    assert status(v2, link) == "INACTIVE"
    step(31)
    assert interfaces(ec2, vpc) == []
    control("vpc-links", {"id": link["VpcLinkId"], "status": "AVAILABLE"})
    assert status(v2, link) == "AVAILABLE" and len(interfaces(ec2, vpc)) == 2


# --- integrations of REST APIs --------------------------------------------------------------------


@pytest.fixture
def api(v1, name):
    made = v1.create_rest_api(name=name)
    v1.put_method(
        restApiId=made["id"], resourceId=made["rootResourceId"], httpMethod="GET", authorizationType="NONE"
    )
    yield made
    v1.delete_rest_api(restApiId=made["id"])


def put(v1, api, link=None, balancer=None, **more):
    wanted = {
        "type": "HTTP_PROXY",
        "integrationHttpMethod": "GET",
        "uri": "http://internal/orders",
        "connectionType": "VPC_LINK",
    }
    wanted |= {"connectionId": link} if link else {}
    wanted |= {"integrationTarget": balancer} if balancer else {}
    return v1.put_integration(
        restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET", **wanted | more
    )


def test_an_integration_names_link_and_load_balancer(v1, api, link, balancer):
    answer = put(v1, api, link["VpcLinkId"], balancer)
    read = v1.get_integration(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET")
    for shown in (answer, read):
        assert (shown["connectionType"], shown["connectionId"], shown["integrationTarget"]) == (
            "VPC_LINK",
            link["VpcLinkId"],
            balancer,
        )


def test_what_an_integration_names_has_to_be_there(v1, api, link, balancer):
    for named, target, text in (
        ("nobody", balancer, "Invalid Vpc Link identifier"),
        (link["VpcLinkId"], None, "IntegrationTarget is required for VpcLinkV2"),
        (link["VpcLinkId"], f"{balancer}x", "no load balancer"),
    ):
        with fails("BadRequestException", text):
            put(v1, api, named, target)
    with fails("BadRequestException", "HTTP"):
        put(v1, api, link["VpcLinkId"], balancer, type="MOCK")
    with fails("NotFoundException"):
        v1.get_integration(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET")
    put(v1, api, "${stageVariables.link}", balancer)


def document(name, link, balancer=None):
    integration = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": "http://internal/",
        "connectionType": "VPC_LINK",
        "connectionId": link,
    }
    integration |= {"integrationTarget": balancer} if balancer else {}
    paths = {"/orders": {"get": {"responses": {}, "x-amazon-apigateway-integration": integration}}}
    return json.dumps({"openapi": "3.0.1", "info": {"title": name, "version": "1"}, "paths": paths})


def test_imports_are_checked_alike(v1, api, link, balancer, name):
    for body, text in (
        (document(name, link["VpcLinkId"]), "IntegrationTarget"),
        (document(name, "nobody", balancer), "Invalid Vpc Link"),
    ):
        with fails("BadRequestException", text):
            v1.put_rest_api(restApiId=api["id"], mode="overwrite", body=body)
    v1.put_rest_api(restApiId=api["id"], mode="overwrite", body=document(name, link["VpcLinkId"], balancer))
    resource = next(r for r in v1.get_resources(restApiId=api["id"])["items"] if r["path"] == "/orders")
    shown = v1.get_integration(restApiId=api["id"], resourceId=resource["id"], httpMethod="GET")
    assert (shown["connectionId"], shown["integrationTarget"]) == (link["VpcLinkId"], balancer)


def test_a_link_stays_as_long_as_what_is_deployed_to_a_stage_names_it(v1, v2, api, link, balancer, step):
    step(200)
    put(v1, api, link["VpcLinkId"], balancer)
    first = v1.create_deployment(restApiId=api["id"])["id"]
    v1.create_stage(restApiId=api["id"], stageName="live", deploymentId=first)
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    v1.put_integration(**method, type="MOCK")
    used = f"referenced in [GET:{api['rootResourceId']}:live] in format of [Method:Resource:Stage]"
    with fails("BadRequestException", used):
        v2.delete_vpc_link(VpcLinkId=link["VpcLinkId"])
    second = v1.create_deployment(restApiId=api["id"])["id"]
    with fails("BadRequestException", used):
        v2.delete_vpc_link(VpcLinkId=link["VpcLinkId"])
    patch = [{"op": "replace", "path": "/deploymentId", "value": second}]
    v1.update_stage(restApiId=api["id"], stageName="live", patchOperations=patch)
    v2.delete_vpc_link(VpcLinkId=link["VpcLinkId"])


def test_a_link_that_only_the_definition_of_an_api_names_can_go(v1, v2, api, link, balancer):
    put(v1, api, link["VpcLinkId"], balancer)
    v2.delete_vpc_link(VpcLinkId=link["VpcLinkId"])


def test_a_deployment_waits_for_its_link(v1, v2, api, link, balancer, control, step):
    put(v1, api, link["VpcLinkId"], balancer)
    control("clock", {"freeze": False})
    v1.create_deployment(restApiId=api["id"])
    assert eventually(lambda: status(v2, link) == "AVAILABLE")


def test_a_deployment_fails_with_its_link(v1, v2, api, link, balancer, control, step):
    put(v1, api, link["VpcLinkId"], balancer)
    control("vpc-links", {"id": link["VpcLinkId"], "status": "FAILED"})
    with fails("BadRequestException", "FAILED"):
        v1.create_deployment(restApiId=api["id"])


def test_an_inventory_has_it(control, link, name):
    assert ("vpc-link", f"{name} {link['VpcLinkId']}") in {
        (t["kind"], t["name"]) for t in control(f"inventory?regions={REGION}")
    }
