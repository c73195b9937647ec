"""Traffic by names: records, health checks, custom domain names, mappings."""

from types import SimpleNamespace

import pytest
from conftest import changes, create_zone, issued_certificate
from traffic import (
    caller_role,
    document,
    entrances,
    lambda_integration,
    make_api,
    make_function,
    watched,
    why,
)

pytestmark = pytest.mark.usefixtures("step")
REGIONS = ("eu-west-1", "us-west-2")
EVERYWHERE = "everywhere"


def place(aws, name, domain, zone, region, step):
    """Function, API and domain name of a region."""
    make_function(aws, name, step, region)
    role = caller_role(aws, name, name, region=region)
    api = make_api(
        aws, name, document(name, get_orders=lambda_integration(name, region, role)), region=region
    )
    gateway = aws("apigateway", region)
    made = gateway.create_domain_name(
        domainName=domain,
        regionalCertificateArn=issued_certificate(aws, region, domain, zone),
        endpointConfiguration={"types": ["REGIONAL"]},
    )
    gateway.create_base_path_mapping(domainName=domain, restApiId=api, stage="live")
    return SimpleNamespace(api=api, domain=made)


def latency_record(domain, region, made, check=None):
    record = {
        "Name": domain,
        "Type": "A",
        "SetIdentifier": region,
        "Region": region,
        "AliasTarget": {
            "HostedZoneId": made["regionalHostedZoneId"],
            "DNSName": made["regionalDomainName"],
            "EvaluateTargetHealth": False,
        },
    }
    return record | ({"HealthCheckId": check} if check else {})


@pytest.fixture
def everywhere(aws, name, step):
    """An API behind one name in two regions, each with a latency record and a health check."""
    domain = f"api.{name}.example.com"
    zone = create_zone(aws, f"{name}.example.com")
    places = {region: place(aws, name, domain, zone, region, step) for region in REGIONS}
    step(60)
    route53, checks = aws("route53"), {}
    for region in REGIONS:
        config = {"Type": "HTTPS", "FullyQualifiedDomainName": domain, "ResourcePath": "/orders"}
        made = route53.create_health_check(CallerReference=f"{name}-{region}", HealthCheckConfig=config)
        checks[region] = made["HealthCheck"]["Id"]
    records = {
        region: latency_record(domain, region, places[region].domain, checks[region]) for region in REGIONS
    }
    change(aws, zone, *(("CREATE", record) for record in records.values()))
    entrance = f"GET {domain}/orders"
    return SimpleNamespace(
        name=name,
        domain=domain,
        zone=zone,
        places=places,
        checks=checks,
        records=records,
        entrance=entrance,
    )


def change(aws, zone, *pairs):
    aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes(*pairs))


def said(control, there):
    """For each region and everywhere, why there is no answer."""
    return {
        region: answer.get("why")
        for (name, region), answer in entrances(control, there.domain).items()
        if name == there.entrance
    }


def test_a_name_answers_in_every_region_and_everywhere(everywhere, control):
    assert said(control, everywhere) == dict.fromkeys((*REGIONS, EVERYWHERE))


def test_a_region_that_does_not_answer_is_missed_everywhere(aws, everywhere, control):
    aws("lambda", REGIONS[0]).delete_alias(FunctionName=everywhere.name, Name="live")
    refusal = f"in {REGIONS[0]}: function {everywhere.name}:live does not exist"
    assert said(control, everywhere) == {
        REGIONS[0]: refusal,
        REGIONS[1]: None,
        EVERYWHERE: refusal,
    }


def test_clients_are_not_sent_to_a_region_that_is_unhealthy(aws, everywhere, control):
    aws("lambda", REGIONS[0]).delete_alias(FunctionName=everywhere.name, Name="live")
    control("health-checks", {everywhere.checks[REGIONS[0]]: "unhealthy"})
    assert said(control, everywhere)[EVERYWHERE] is None
    control("health-checks", {everywhere.checks[REGIONS[1]]: "unhealthy"})
    assert said(control, everywhere)[EVERYWHERE] is not None, "when all are, all are taken"


def test_a_region_without_a_record_is_no_entrance(aws, everywhere, control):
    change(aws, everywhere.zone, ("DELETE", everywhere.records[REGIONS[0]]))
    assert said(control, everywhere) == {REGIONS[1]: None, EVERYWHERE: None}


def test_a_record_whose_health_check_is_gone_answers_nothing(aws, everywhere, control):
    aws("route53").delete_health_check(HealthCheckId=everywhere.checks[REGIONS[0]])
    assert "which does not exist" in said(control, everywhere)[REGIONS[0]]


def test_a_record_that_leads_to_nothing_is_missed_everywhere(aws, everywhere, control):
    aws("apigateway", REGIONS[0]).delete_domain_name(domainName=everywhere.domain)
    answers = said(control, everywhere)
    assert answers[REGIONS[1]] is None
    assert "which does not exist" in answers[EVERYWHERE]


def test_a_name_without_its_mapping_answers_nothing(aws, everywhere, control):
    gateway = aws("apigateway", REGIONS[0])
    gateway.delete_base_path_mapping(domainName=everywhere.domain, basePath="(none)")
    refusal = f"in {REGIONS[0]}: nothing is mapped to {everywhere.entrance}"
    assert said(control, everywhere)[REGIONS[0]] == refusal
    gateway.create_base_path_mapping(
        domainName=everywhere.domain,
        basePath="v1",
        restApiId=everywhere.places[REGIONS[0]].api,
        stage="live",
    )
    assert (f"GET {everywhere.domain}/v1/orders", REGIONS[0]) in entrances(control, everywhere.domain)


def test_a_new_domain_name_does_not_answer_yet_and_a_changed_one_does(aws, name, control, step):
    domain = f"api.{name}.example.com"
    zone = create_zone(aws, f"{name}.example.com")
    there = place(aws, name, domain, zone, REGIONS[0], step)
    change(aws, zone, ("CREATE", latency_record(domain, REGIONS[0], there.domain)))
    entrance = f"GET {domain}/orders"
    assert why(control, entrance) == f"in {REGIONS[0]}: domain name {domain} is PENDING"
    step(30)
    assert why(control, entrance) is None
    patch = [{"op": "replace", "path": "/securityPolicy", "value": "TLS_1_0"}]
    aws("apigateway", REGIONS[0]).update_domain_name(domainName=domain, patchOperations=patch)
    assert why(control, entrance) is None


def test_a_weight_of_zero_is_not_picked(aws, everywhere, control):
    weighed = {
        region: {key: value for key, value in record.items() if key not in ("Region", "HealthCheckId")}
        for region, record in everywhere.records.items()
    }
    pairs = [("DELETE", record) for record in everywhere.records.values()]
    pairs += [("CREATE", record | {"Weight": 100}) for record in weighed.values()]
    change(aws, everywhere.zone, *pairs)
    aws("lambda", REGIONS[0]).delete_alias(FunctionName=everywhere.name, Name="live")
    assert said(control, everywhere)[EVERYWHERE] is not None
    change(aws, everywhere.zone, ("UPSERT", weighed[REGIONS[0]] | {"Weight": 0}))
    assert said(control, everywhere)[EVERYWHERE] is None


def test_a_name_kept_elsewhere_is_asked_by_its_domain(aws, everywhere, control):
    change(aws, everywhere.zone, *(("DELETE", record) for record in everywhere.records.values()))
    assert said(control, everywhere) == {}
    records = aws("route53").list_resource_record_sets(HostedZoneId=everywhere.zone)["ResourceRecordSets"]
    change(aws, everywhere.zone, *(("DELETE", record) for record in records if record["Type"] == "CNAME"))
    aws("route53").delete_hosted_zone(Id=everywhere.zone)
    assert said(control, everywhere) == dict.fromkeys(REGIONS)


def test_a_new_api_behind_the_same_name_is_the_same_entrance(aws, everywhere, control):
    region = REGIONS[0]
    gateway, there = aws("apigateway", region), everywhere.places[region]
    with watched(control) as report:
        role = f"arn:aws:iam::000000000000:role/{everywhere.name}-api-{region}"
        body = document(everywhere.name, get_orders=lambda_integration(everywhere.name, region, role))
        api = make_api(aws, everywhere.name, body, region=region)
        gateway.update_base_path_mapping(
            domainName=everywhere.domain,
            basePath="(none)",
            patchOperations=[{"op": "replace", "path": "/restapiId", "value": api}],
        )
        gateway.delete_rest_api(restApiId=there.api)
    assert (report["unanswered"], report["left"], report["came"]) == ([], [], [])
