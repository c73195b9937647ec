"""Lists everything alive in the emulator, by plain calls of the AWS API.

One line per thing: region, service, kind, name or id. What AWS makes by itself (the NS and SOA
records of a zone, AWS's managed policies) is left out. Things that are everywhere, such as roles
and hosted zones, have the region `global`.
"""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

GLOBAL = "global"


def collect(pages, key):
    return [item for page in pages for item in page.get(key, [])]


def names_of(client, operation, key, name, **arguments):
    items = collect(client.get_paginator(operation).paginate(**arguments), key)
    return [item if name is None else item[name] for item in items]


def pages_of(client, operation, key):
    return collect(client.get_paginator(operation).paginate(), key)


# --- each yields (kind, name or id) -----------------------------------------------------------------


def acm(client):
    every_key = {"keyTypes": ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]}
    for item in collect(client.get_paginator("list_certificates").paginate(Includes=every_key), "CertificateSummaryList"):
        yield "certificate", f"{item['DomainName']} {item['CertificateArn']}"


def apigateway(client):
    for api in collect(client.get_paginator("get_rest_apis").paginate(), "items"):
        yield "rest-api", f"{api['name']} {api['id']}"
        for deployment in collect(client.get_paginator("get_deployments").paginate(restApiId=api["id"]), "items"):
            yield "deployment", f"{api['id']}/{deployment['id']}"
        for stage in client.get_stages(restApiId=api["id"])["item"]:
            yield "stage", f"{api['id']}/{stage['stageName']}"
    for domain in names_of(client, "get_domain_names", "items", "domainName"):
        yield "domain-name", domain
        for path in names_of(client, "get_base_path_mappings", "items", "basePath", domainName=domain):
            yield "base-path-mapping", f"{domain}/{path}"
    for link in names_of(client, "get_vpc_links", "items", "id"):
        yield "vpc-link", link
    for plan in names_of(client, "get_usage_plans", "items", "id"):
        yield "usage-plan", plan
    for key in names_of(client, "get_api_keys", "items", "id"):
        yield "api-key", key
    if role := client.get_account().get("cloudwatchRoleArn"):
        yield "account-logging-role", role


def application_autoscaling(client):
    for namespace in ("dynamodb", "ecs", "rds"):
        for kind, operation, key, name in (
            ("scalable-target", "describe_scalable_targets", "ScalableTargets", None),
            ("scaling-policy", "describe_scaling_policies", "ScalingPolicies", "PolicyName"),
            ("scheduled-action", "describe_scheduled_actions", "ScheduledActions", "ScheduledActionName"),
        ):
            for item in collect(client.get_paginator(operation).paginate(ServiceNamespace=namespace), key):
                yield kind, " ".join(filter(None, (item["ResourceId"], item["ScalableDimension"], item.get(name))))


def apigatewayv2(client):
    more = {}
    while True:  # no paginator in the SDK
        page = client.get_vpc_links(**more)
        for link in page["Items"]:
            yield "vpc-link", f"{link['Name']} {link['VpcLinkId']}"
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}


def autoscaling(client):
    for group in names_of(client, "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"):
        yield "auto-scaling-group", group
    for policy in collect(client.get_paginator("describe_policies").paginate(), "ScalingPolicies"):
        yield "scaling-policy", f"{policy['AutoScalingGroupName']}/{policy['PolicyName']}"
    for action in collect(client.get_paginator("describe_scheduled_actions").paginate(), "ScheduledUpdateGroupActions"):
        yield "scheduled-action", f"{action['AutoScalingGroupName']}/{action['ScheduledActionName']}"


def cloudwatch(client):
    for page in client.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"]):
        for alarm in page["MetricAlarms"]:
            yield "alarm", alarm["AlarmName"]
        for alarm in page["CompositeAlarms"]:
            yield "composite-alarm", alarm["AlarmName"]


def dynamodb(client):
    for table in names_of(client, "list_tables", "TableNames", None):
        yield "table", table


def ec2(client):
    vpcs = pages_of(client, "describe_vpcs", "Vpcs")
    yield from (("vpc", vpc["VpcId"]) for vpc in vpcs if not vpc["IsDefault"])
    defaults = {vpc["VpcId"] for vpc in vpcs if vpc["IsDefault"]}
    for subnet in pages_of(client, "describe_subnets", "Subnets"):
        if subnet["VpcId"] not in defaults:
            yield "subnet", subnet["SubnetId"]
    for table in pages_of(client, "describe_route_tables", "RouteTables"):
        if not any(association.get("Main") for association in table["Associations"]):
            yield "route-table", table["RouteTableId"]
    for gateway in pages_of(client, "describe_internet_gateways", "InternetGateways"):
        yield "internet-gateway", gateway["InternetGatewayId"]
    for nat in pages_of(client, "describe_nat_gateways", "NatGateways"):
        if nat["State"] not in ("deleted", "failed"):
            yield "nat-gateway", nat["NatGatewayId"]
    for address in client.describe_addresses()["Addresses"]:
        if not address.get("ServiceManaged"):
            yield "elastic-ip", f"{address['AllocationId']} {address['PublicIp']}"
    for group in pages_of(client, "describe_security_groups", "SecurityGroups"):
        if group["GroupName"] != "default":
            yield "security-group", f"{group['GroupName']} {group['GroupId']}"
    for endpoint in pages_of(client, "describe_vpc_endpoints", "VpcEndpoints"):
        yield "vpc-endpoint", f"{endpoint['ServiceName']} {endpoint['VpcEndpointId']}"
    for interface in pages_of(client, "describe_network_interfaces", "NetworkInterfaces"):
        yield "network-interface", f"{interface['NetworkInterfaceId']} {interface['Description']}".rstrip()
    for template in pages_of(client, "describe_launch_templates", "LaunchTemplates"):
        yield "launch-template", template["LaunchTemplateName"]
    for reservation in pages_of(client, "describe_instances", "Reservations"):
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated":
                yield "instance", instance["InstanceId"]


def ecs(client):
    for arn in names_of(client, "list_task_definitions", "taskDefinitionArns", None):
        yield "task-definition", arn.split("/", 1)[1]
    for cluster in names_of(client, "list_clusters", "clusterArns", None):
        yield "cluster", cluster.split("/", 1)[1]
        for service in names_of(client, "list_services", "serviceArns", None, cluster=cluster):
            yield "service", service.split("/", 1)[1]
        for wanted in ("RUNNING", "STOPPED"):
            tasks = names_of(client, "list_tasks", "taskArns", None, cluster=cluster, desiredStatus=wanted)
            for some in (tasks[start : start + 100] for start in range(0, len(tasks), 100)):
                for task in client.describe_tasks(cluster=cluster, tasks=some)["tasks"]:
                    if task["lastStatus"] != "STOPPED":
                        yield "task", f"{task['taskArn'].split('/', 1)[1]} {task['lastStatus']}"


def elbv2(client):
    for arn in names_of(client, "describe_target_groups", "TargetGroups", "TargetGroupArn"):
        yield "target-group", arn.split("/", 1)[1]
    for balancer in names_of(client, "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"):
        yield "load-balancer", balancer.split("/", 1)[1]
        for listener in collect(client.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer), "Listeners"):
            yield "listener", f"{listener['ListenerArn'].split('/', 1)[1]} {listener.get('Port')}"
            for rule in collect(client.get_paginator("describe_rules").paginate(ListenerArn=listener["ListenerArn"]), "Rules"):
                if not rule["IsDefault"]:
                    yield "listener-rule", f"{rule['RuleArn'].split('/', 1)[1]} {rule['Priority']}"


def lambda_(client):
    for function in names_of(client, "list_functions", "Functions", "FunctionName"):
        yield "function", function
        for version in names_of(client, "list_versions_by_function", "Versions", "Version", FunctionName=function):
            if version != "$LATEST":
                yield "version", f"{function}:{version}"
        for alias in names_of(client, "list_aliases", "Aliases", "Name", FunctionName=function):
            yield "alias", f"{function}:{alias}"


def logs(client):
    for group in names_of(client, "describe_log_groups", "logGroups", "logGroupName"):
        yield "log-group", group


def s3(client):
    for bucket in names_of(client, "list_buckets", "Buckets", "Name", BucketRegion=client.meta.region_name):
        yield "bucket", bucket


def sns(client):
    for topic in names_of(client, "list_topics", "Topics", "TopicArn"):
        yield "topic", topic.rsplit(":", 1)[-1]
        for item in collect(client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic), "Subscriptions"):
            yield "subscription", f"{topic.rsplit(':', 1)[-1]} {item['Protocol']} {item['Endpoint']}"


def iam(client):
    pages = list(client.get_paginator("get_account_authorization_details").paginate(Filter=["Role", "LocalManagedPolicy"]))
    for role in collect(pages, "RoleDetailList"):
        yield "role", role["RoleName"]
        for policy in role.get("RolePolicyList", []):
            yield "role-policy", f"{role['RoleName']}/{policy['PolicyName']}"
    for policy in collect(pages, "Policies"):
        yield "policy", policy["PolicyName"]
    for profile in names_of(client, "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"):
        yield "instance-profile", profile


def route53(client):
    for zone in collect(client.get_paginator("list_hosted_zones").paginate(), "HostedZones"):
        yield "hosted-zone", f"{zone['Name']} {zone['Id'].rsplit('/', 1)[-1]}"
        pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone["Id"])
        for record in collect(pages, "ResourceRecordSets"):
            if record["Name"] != zone["Name"] or record["Type"] not in ("NS", "SOA"):
                yield "record", " ".join(filter(None, (record["Name"], record["Type"], record.get("SetIdentifier"))))
    for check in names_of(client, "list_health_checks", "HealthChecks", "Id"):
        yield "health-check", check


REGIONAL = {
    "acm": acm, "apigateway": apigateway, "apigatewayv2": apigatewayv2, "application-autoscaling": application_autoscaling,
    "autoscaling": autoscaling, "cloudwatch": cloudwatch, "dynamodb": dynamodb, "ec2": ec2, "ecs": ecs, "elbv2": elbv2,
    "lambda": lambda_, "logs": logs, "s3": s3, "sns": sns,
}
EVERYWHERE = {"iam": iam, "route53": route53}


def clients_at(endpoint):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    config = Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})
    return lambda service, region: session.client(service, region, endpoint_url=endpoint, config=config)


def inventory(endpoint, regions, globally=True, client_of=None) -> list[tuple[str, str, str, str]]:
    client_of = client_of or clients_at(endpoint)
    clients = [(region, service, lister, client_of(service, region)) for region in regions for service, lister in REGIONAL.items()]
    if globally:
        clients += [(GLOBAL, service, lister, client_of(service, "us-east-1")) for service, lister in EVERYWHERE.items()]

    def look(entry):
        region, service, lister, client = entry
        return [(region, service, kind, name) for kind, name in lister(client)]

    with ThreadPoolExecutor(8) as pool:
        return sorted(thing for things in pool.map(look, clients) for thing in things)


def every_region():
    return boto3.Session().get_available_regions("lambda")


def main():
    parser = argparse.ArgumentParser(prog="inventory", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--regions", help="comma-separated; all regions by default")
    parser.add_argument("--json", action="store_true", help="a JSON list of objects instead of lines")
    options = parser.parse_args()
    regions = options.regions.split(",") if options.regions else every_region()
    things = inventory(f"http://127.0.0.1:{options.port}", regions)
    if options.json:
        json.dump([dict(zip(("region", "service", "kind", "name"), thing)) for thing in things], sys.stdout, indent=1)
        print()
    else:
        for thing in things:
            print(*thing)


if __name__ == "__main__":
    main()
