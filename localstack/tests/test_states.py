"""States that take their time, and refusals while something is in use, service by service."""

import datetime
import json
import uuid

import pytest
from conftest import ACCOUNT, create_role, create_zone, fails, issued_certificate
from test_apigateway import api, create_domain, deployment, document, domain, gateway, patch, put, stage
from test_dynamodb import STREAM, active, create, describe, replica
from test_lambda import code

pytestmark = pytest.mark.usefixtures("step")
REGION = "eu-west-1"


# --- lambda -----------------------------------------------------------------------------------------


@pytest.fixture
def lambda_(aws):
    return aws("lambda", REGION)


def make_function(aws, name, **more):
    definition = {"Runtime": "python3.13", "Handler": "main.handler", "Code": {"ZipFile": code()}} | more
    definition["Role"] = more.get("Role") or create_role(aws, name, may=["ec2:*"])
    return aws("lambda", REGION).create_function(
        FunctionName=name, **{k: v for k, v in definition.items() if v}
    )


def state(lambda_, name, field="State"):
    return lambda_.get_function_configuration(FunctionName=name)[field]


def test_images_and_new_networks_take_longer(aws, lambda_, name, step):
    ec2 = aws("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    network = {
        "SubnetIds": [ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]],
        "SecurityGroupIds": [
            ec2.create_security_group(VpcId=vpc, GroupName=name, Description="d")["GroupId"]
        ],
    }
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/a:1"
    make_function(
        aws, f"{name}-image", PackageType="Image", Code={"ImageUri": image}, Runtime=None, Handler=None
    )
    make_function(aws, f"{name}-vpc", VpcConfig=network)
    step(5)
    assert [state(lambda_, f"{name}-{kind}") for kind in ("image", "vpc")] == ["Pending", "Pending"]
    step(25)
    assert [state(lambda_, f"{name}-{kind}") for kind in ("image", "vpc")] == ["Active", "Pending"]
    step(30)
    assert state(lambda_, f"{name}-vpc") == "Active"
    make_function(aws, f"{name}-same", VpcConfig=network)  # the network interfaces are there
    step(5)
    assert state(lambda_, f"{name}-same") == "Active"


def test_updates_and_versions_take_their_time(aws, lambda_, name, step):
    make_function(aws, name, SnapStart={"ApplyOn": "PublishedVersions"})
    step(5)
    lambda_.update_function_configuration(FunctionName=name, Timeout=5)
    step(4)
    assert state(lambda_, name, "LastUpdateStatus") == "InProgress"
    step(1)
    assert state(lambda_, name, "LastUpdateStatus") == "Successful"
    version = lambda_.publish_version(FunctionName=name)
    assert version["State"] == "Pending"
    step(120)
    assert (
        lambda_.get_function_configuration(FunctionName=name, Qualifier=version["Version"])["State"]
        == "Active"
    )


def test_provisioned_concurrency(aws, lambda_, name, step):
    make_function(aws, name)
    step(5)
    version = lambda_.publish_version(FunctionName=name)["Version"]
    which = {"FunctionName": name, "Qualifier": version}
    assert (
        lambda_.put_provisioned_concurrency_config(**which, ProvisionedConcurrentExecutions=3)["Status"]
        == "IN_PROGRESS"
    )
    assert lambda_.get_provisioned_concurrency_config(**which)["Status"] == "IN_PROGRESS"
    step(60)
    found = lambda_.get_provisioned_concurrency_config(**which)
    assert (found["Status"], found["AvailableProvisionedConcurrentExecutions"]) == ("READY", 3)
    lambda_.delete_provisioned_concurrency_config(**which)
    with fails("ProvisionedConcurrencyConfigNotFoundException"):
        lambda_.get_provisioned_concurrency_config(**which)


def test_the_role_of_a_function_can_be_deleted(aws, lambda_, name, step):
    make_function(aws, name)
    aws("iam").delete_role_policy(RoleName=name, PolicyName="may")
    aws("iam").delete_role(RoleName=name)
    step(5)
    assert state(lambda_, name) == "Active"


def test_late_logs(aws, lambda_, control, name, step):
    logs, group = aws("logs", REGION), f"/aws/lambda/{name}"

    def groups():
        return [
            (g["logGroupName"], g.get("retentionInDays"))
            for g in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        ]

    role = make_function(aws, name)["Role"]
    step(5)
    logs.create_log_group(logGroupName=group)
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    with fails("ServiceException"):
        lambda_.invoke(FunctionName=name)
    logs.delete_log_group(logGroupName=group)
    assert groups() == []
    step(5)
    assert groups() == [(group, None)]  # it came back, as a function makes it
    lambda_.delete_function(FunctionName=name)
    logs.delete_log_group(logGroupName=group)
    step(5)
    assert groups() == [(group, None)]  # late logs
    step(60)
    logs.delete_log_group(logGroupName=group)
    step(60)
    assert groups() == []
    make_function(aws, name, Role=role)  # a new one, which has not run
    logs.create_log_group(logGroupName=group)
    logs.delete_log_group(logGroupName=group)
    step(60)
    assert groups() == []
    make_function(aws, f"{name}-b")
    control("late-logs", {"region": REGION, "function": f"{name}-b"})
    assert groups() == [(f"{group}-b", None)]
    control("late-logs", {"region": REGION, "group": f"/aws/lambda/{name}-c"})
    logs.create_log_group(logGroupName=f"{group}-c")
    logs.delete_log_group(logGroupName=f"{group}-c")
    step(5)
    assert (f"{group}-c", None) in groups()


# --- api gateway ------------------------------------------------------------------------------------


def test_a_domain_is_pending_then_updating(aws, gateway, domain, step):
    certificate = issued_certificate(aws, "us-east-1", domain, create_zone(aws, domain))
    assert create_domain(aws, "us-east-1", domain, certificate)["domainNameStatus"] == "PENDING"
    change = [patch("/securityPolicy", "SecurityPolicy_TLS13_1_3_2025_09")]
    with fails("ConflictException"):
        gateway.update_domain_name(domainName=domain, patchOperations=change)
    step(20)
    assert gateway.get_domain_name(domainName=domain)["domainNameStatus"] == "AVAILABLE"
    assert (
        gateway.update_domain_name(domainName=domain, patchOperations=change)["domainNameStatus"]
        == "UPDATING"
    )
    step(899)
    assert gateway.get_domain_name(domainName=domain)["domainNameStatus"] == "UPDATING"
    step(1)
    assert gateway.get_domain_name(domainName=domain)["domainNameStatus"] == "AVAILABLE"


def test_a_security_policy_of_an_api_takes_a_quarter_of_an_hour(gateway, api, step):
    def change(value):
        return gateway.update_rest_api(restApiId=api, patchOperations=[patch("/securityPolicy", value)])

    assert change("SecurityPolicy_TLS13_1_3_2025_09")["apiStatus"] == "UPDATING"
    with fails("ConflictException"):
        change("TLS_1_2")
    gateway.update_rest_api(restApiId=api, patchOperations=[patch("/description", "d")])
    step(900)
    assert gateway.get_rest_api(restApiId=api)["apiStatus"] == "AVAILABLE"


def test_a_vpc_link(gateway, api, name, step):
    target = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:loadbalancer/net/a/b"
    link = gateway.create_vpc_link(name=name, targetArns=[target])
    assert link["status"] == gateway.get_vpc_link(vpcLinkId=link["id"])["status"] == "PENDING"
    step(180)
    assert gateway.get_vpc_link(vpcLinkId=link["id"])["status"] == "AVAILABLE"
    put(
        gateway,
        api,
        document(
            name,
            {
                "type": "http_proxy",
                "httpMethod": "GET",
                "uri": "http://a.example.com",
                "connectionType": "VPC_LINK",
                "connectionId": link["id"],
            },
        ),
    )
    gateway.create_deployment(restApiId=api, stageName="linked")
    with fails("BadRequestException", "is referenced in"):
        gateway.delete_vpc_link(vpcLinkId=link["id"])
    put(gateway, api, document(name))
    gateway.create_deployment(restApiId=api, stageName="linked")
    gateway.delete_vpc_link(vpcLinkId=link["id"])
    assert gateway.get_vpc_link(vpcLinkId=link["id"])["status"] == "DELETING"
    step(60)
    with fails("NotFoundException"):
        gateway.get_vpc_link(vpcLinkId=link["id"])


def test_usage_plans_hold_stages(gateway, api, stage, name):
    plan = gateway.create_usage_plan(name=name, apiStages=[{"apiId": api, "stage": stage}])["id"]
    for attempt in (
        lambda: gateway.delete_stage(restApiId=api, stageName=stage),
        lambda: gateway.delete_rest_api(restApiId=api),
        lambda: gateway.delete_usage_plan(usagePlanId=plan),
    ):
        with fails("BadRequestException", "sage plan"):
            attempt()
    gateway.update_usage_plan(
        usagePlanId=plan, patchOperations=[patch("/apiStages", f"{api}:{stage}", "remove")]
    )
    gateway.delete_usage_plan(usagePlanId=plan)
    gateway.delete_stage(restApiId=api, stageName=stage)


def test_mappings_hold_stages(aws, gateway, api, stage, domain):
    create_domain(
        aws, "us-east-1", domain, issued_certificate(aws, "us-east-1", domain, create_zone(aws, domain))
    )
    gateway.create_base_path_mapping(domainName=domain, restApiId=api, stage=stage)
    with fails("BadRequestException", "base path mappings related to the stage"):
        gateway.delete_stage(restApiId=api, stageName=stage)
    gateway.delete_base_path_mapping(domainName=domain, basePath="(none)")
    gateway.delete_stage(restApiId=api, stageName=stage)


def test_the_logging_role_needs_the_policy(aws, gateway, name):
    change = [patch("/cloudwatchRoleArn", create_role(aws, name, "apigateway.amazonaws.com"))]
    with fails("BadRequestException", "does not have required permissions"):
        aws("apigateway", "eu-north-1").update_account(patchOperations=change)
    aws("iam").attach_role_policy(
        RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    )
    aws("apigateway", "eu-north-1").update_account(patchOperations=change)


# --- certificates -----------------------------------------------------------------------------------


def test_validation_times_out(aws, name, step):
    acm = aws("acm")
    arn = acm.request_certificate(DomainName=f"{name}.example.com", ValidationMethod="DNS")["CertificateArn"]
    step(71 * 3600)
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "PENDING_VALIDATION"
    step(2 * 3600)
    found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert (found["Status"], found["DomainValidationOptions"][0]["ValidationStatus"]) == (
        "VALIDATION_TIMED_OUT",
        "FAILED",
    )


# --- tables -----------------------------------------------------------------------------------------


def test_a_source_is_kept_for_a_day(aws, name, step):
    create(aws, name)
    active(aws, name)
    replica(aws, name, "Create", "eu-west-1")
    step(120)
    replica(aws, name, "Create", "us-west-2", origin="eu-west-1")
    step(120)
    for region, origin in (("us-east-1", "eu-west-1"), ("eu-west-1", "us-east-1")):
        with fails("ValidationException", "acted as a source region"):
            replica(aws, name, "Delete", region, origin=origin)
    step(24 * 3600)
    replica(aws, name, "Delete", "us-east-1", origin="eu-west-1")
    step(60)
    assert [r["RegionName"] for r in describe(aws, name, "eu-west-1")["Replicas"]] == ["us-west-2"]
    assert describe(aws, name, "us-west-2")["StreamSpecification"] == STREAM


# --- route 53 ---------------------------------------------------------------------------------------


def test_accelerated_recovery_takes_an_hour(aws, name, step):
    route53, zone = aws("route53"), create_zone(aws, f"{name}.example.com")
    route53.update_hosted_zone_features(HostedZoneId=zone, EnableAcceleratedRecovery=True)

    def shown():
        return (
            route53.get_hosted_zone(Id=zone)["HostedZone"]
            .get("Features", {})
            .get("AcceleratedRecoveryStatus")
        )

    assert shown() == "ENABLING"
    step(3600)
    assert shown() == "ENABLED"
    with fails("InvalidInput"):
        route53.delete_hosted_zone(Id=zone)
    route53.update_hosted_zone_features(HostedZoneId=zone, EnableAcceleratedRecovery=False)
    route53.delete_hosted_zone(Id=zone)


def check(aws, **config):
    return aws("route53").create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)[
        "HealthCheck"
    ]["Id"]


@pytest.fixture
def alarm(aws, name):
    aws("cloudwatch", REGION).put_metric_alarm(
        AlarmName=name,
        MetricName=name,
        Namespace="AWS/ApiGateway",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=0.05,
        ComparisonOperator="GreaterThanThreshold",
        Dimensions=[{"Name": "ApiName", "Value": "a"}],
    )
    return {"Region": REGION, "Name": name}


def report(aws, alarm, *values):
    """One value for each of the last minutes, the newest last."""
    now = datetime.datetime.now(datetime.UTC)
    for minutes, value in enumerate(reversed(values)):
        aws("cloudwatch", REGION).put_metric_data(
            Namespace="AWS/ApiGateway",
            MetricData=[
                {
                    "MetricName": alarm["Name"],
                    "Dimensions": [{"Name": "ApiName", "Value": "a"}],
                    "Value": value,
                    "Timestamp": now - datetime.timedelta(minutes=minutes),
                }
            ],
        )


def test_a_check_on_an_alarm_follows_the_metric(aws, control, alarm):
    def healthy(check_id):
        found = aws("route53").get_health_check_status(HealthCheckId=check_id)["HealthCheckObservations"]
        verdicts = {o["StatusReport"]["Status"].startswith("Success") for o in found}
        assert verdicts == {control("health-checks")[check_id]["healthy"]}
        return verdicts.pop()

    kinds = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": alarm}
    if_silent_healthy = check(aws, **kinds, InsufficientDataHealthStatus="Healthy")
    if_silent_unhealthy = check(aws, **kinds, InsufficientDataHealthStatus="Unhealthy")
    last_known = check(aws, **kinds, InsufficientDataHealthStatus="LastKnownStatus")
    inverted = check(aws, **kinds, InsufficientDataHealthStatus="Healthy", Inverted=True)
    disabled = check(aws, **kinds, InsufficientDataHealthStatus="Unhealthy", Disabled=True)
    every = [if_silent_healthy, if_silent_unhealthy, last_known, inverted, disabled]
    assert [healthy(one) for one in every] == [True, False, True, False, True]  # no data yet
    aws("cloudwatch", REGION).set_alarm_state(
        AlarmName=alarm["Name"], StateValue="ALARM", StateReason="a test"
    )
    assert healthy(if_silent_healthy)  # the alarm's state is irrelevant
    report(aws, alarm, 0.01, 0.01)
    assert [healthy(one) for one in every] == [True, True, True, False, True]
    report(aws, alarm, 0.9, 0.9)
    assert [healthy(one) for one in every] == [False, False, False, True, True]


def test_a_calculated_check_counts_its_children(aws, control):
    children = [check(aws, Type="TCP", IPAddress=f"192.0.2.{n}", Port=80) for n in range(1, 4)]
    two = check(aws, Type="CALCULATED", ChildHealthChecks=children, HealthThreshold=2)
    none = check(aws, Type="CALCULATED", ChildHealthChecks=children, HealthThreshold=0)
    four = check(aws, Type="CALCULATED", ChildHealthChecks=children, HealthThreshold=4)

    def healthy():
        found = control("health-checks")
        return [found[one]["healthy"] for one in (two, none, four)]

    assert healthy() == [True, True, False]
    control("health-checks", {children[0]: "unhealthy"})
    assert healthy() == [True, True, False]
    control("health-checks", {children[1]: "unhealthy"})
    assert healthy() == [False, True, False]
    status = aws("route53").get_health_check_status(HealthCheckId=children[1])["HealthCheckObservations"]
    assert len(status) == 8 and status[0]["StatusReport"]["Status"].startswith("Failure")
    control("health-checks", {children[1]: "healthy"})
    assert healthy() == [True, True, False]
    with fails("InvalidInput"):
        aws("route53").get_health_check_status(HealthCheckId=two)


# --- cloudwatch, logs, iam --------------------------------------------------------------------------


def test_composite_alarms_hold_their_children(aws, alarm, name):
    cloudwatch = aws("cloudwatch", REGION)
    with fails("ValidationError", "do not exist"):
        cloudwatch.put_composite_alarm(
            AlarmName=f"{name}-all", AlarmRule=f'ALARM("{name}") OR ALARM({name}-missing)'
        )
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-all", AlarmRule=f'ALARM("{name}") AND NOT OK({name})')
    with fails("ValidationError", "composite alarm(s) depending on it"):
        cloudwatch.delete_alarms(AlarmNames=[name])
    cloudwatch.delete_alarms(AlarmNames=[f"{name}-all"])
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_protected_log_groups(aws, name):
    logs = aws("logs")
    logs.create_log_group(logGroupName=name, deletionProtectionEnabled=True)
    with fails("ValidationException"):
        logs.delete_log_group(logGroupName=name)
    logs.put_log_group_deletion_protection(logGroupIdentifier=name, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=name)


def test_roles_and_policies_in_use(aws, name):
    iam = aws("iam")
    create_role(aws, name)
    document_ = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )
    policy = iam.create_policy(PolicyName=name, PolicyDocument=document_)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    for attempt in (lambda: iam.delete_role(RoleName=name), lambda: iam.delete_policy(PolicyArn=policy)):
        with fails("DeleteConflict"):
            attempt()
    iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    with fails("DeleteConflict"):  # the instance profile
        iam.delete_role(RoleName=name)
    with fails("DeleteConflict"):
        iam.delete_instance_profile(InstanceProfileName=name)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.delete_role(RoleName=name)
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=document_)
    with fails("DeleteConflict"):  # a version that is not the default one
        iam.delete_policy(PolicyArn=policy)
    iam.delete_policy_version(
        PolicyArn=policy,
        VersionId="v1" if iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] != "v1" else "v2",
    )
    iam.delete_policy(PolicyArn=policy)
