import uuid

import pytest
from conftest import changes, create_zone, eventually, fails, record

pytestmark = pytest.mark.usefixtures("step")


@pytest.fixture
def domain(name):
    return f"{name}.example.com"


@pytest.fixture
def zone(aws, domain):
    return create_zone(aws, domain)


@pytest.fixture
def change(aws, zone):
    def apply(*pairs):
        return aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes(*pairs))

    return apply


def records_of(aws, zone, name=None):
    found = aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [r for r in found if name is None or r["Name"] == name]


def latency(name, region, **more):
    return record(name, Region=region, SetIdentifier=region, **more)


def health_check(aws, **config):
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example.com", "EnableSNI": True} | config
    return aws("route53").create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)[
        "HealthCheck"
    ]


def test_new_zone_has_apex_records_and_its_change_gets_insync(aws, domain):
    created = aws("route53").create_hosted_zone(Name=domain, CallerReference=uuid.uuid4().hex)
    assert created["ChangeInfo"]["Status"] == "PENDING"
    assert created["HostedZone"]["Id"].startswith("/hostedzone/Z")
    assert len(created["DelegationSet"]["NameServers"]) == 4
    change = created["ChangeInfo"]["Id"]
    eventually(lambda: aws("route53").get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC")
    assert [r["Type"] for r in records_of(aws, created["HostedZone"]["Id"])] == ["NS", "SOA"]


def test_caller_reference_of_a_zone_counts_for_ever(aws, domain):
    reference = uuid.uuid4().hex
    zone = aws("route53").create_hosted_zone(Name=domain, CallerReference=reference)["HostedZone"]["Id"]
    with fails("HostedZoneAlreadyExists"):
        aws("route53").create_hosted_zone(Name=domain, CallerReference=reference)
    aws("route53").delete_hosted_zone(Id=zone)
    with fails("NoSuchHostedZone"):
        aws("route53").get_hosted_zone(Id=zone)
    with fails("HostedZoneAlreadyExists"):
        aws("route53").create_hosted_zone(Name=domain, CallerReference=reference)


def test_zones_by_name_starts_at_a_position(aws, domain):
    first, second = create_zone(aws, domain), create_zone(aws, domain)
    found = aws("route53").list_hosted_zones_by_name(DNSName=domain)["HostedZones"]
    assert {zone["Id"][12:] for zone in found[:2]} == {first, second}
    assert found[0]["Name"] == f"{domain}."


def test_zone_with_records_is_not_deleted(aws, zone, change, domain):
    change(("CREATE", record(f"www.{domain}")))
    with fails("HostedZoneNotEmpty"):
        aws("route53").delete_hosted_zone(Id=zone)
    change(("DELETE", record(f"www.{domain}")))
    aws("route53").delete_hosted_zone(Id=zone)


def test_create_of_existing_and_delete_of_missing_are_refused(change, domain):
    www = f"www.{domain}"
    change(("CREATE", record(www)))
    with fails(
        "InvalidChangeBatch",
        f"[Tried to create resource record set [name='{www}.', type='A'] but it already exists]",
    ):
        change(("CREATE", record(www)))
    with fails("InvalidChangeBatch", "but it was not found"):
        change(("DELETE", record(f"other.{domain}")))
    with fails("InvalidChangeBatch", "but the values provided do not match the current values"):
        change(("DELETE", record(www, value="192.0.2.9")))
    change(("UPSERT", record(www, value="192.0.2.9")))
    change(("DELETE", record(www.upper() + ".", value="192.0.2.9")))


def test_a_batch_is_all_or_nothing(aws, zone, change, domain):
    with fails("InvalidChangeBatch"):
        change(("CREATE", record(f"a.{domain}")), ("DELETE", record(f"b.{domain}")))
    assert not records_of(aws, zone, f"a.{domain}.")


def test_policies_do_not_mix(change, domain):
    www = f"www.{domain}"
    change(("CREATE", record(www)))
    with fails("InvalidChangeBatch"):
        change(("UPSERT", latency(www, "eu-west-1")))
    change(("DELETE", record(www)), ("CREATE", latency(www, "eu-west-1")))
    with fails("InvalidChangeBatch"):
        change(("CREATE", record(www, Weight=1, SetIdentifier="w")))


def test_one_latency_record_per_region(change, domain):
    change(("CREATE", latency(domain, "eu-west-1")), ("CREATE", latency(domain, "us-east-1")))
    with fails("InvalidChangeBatch"):
        change(("CREATE", record(domain, Region="us-east-1", SetIdentifier="another")))


def test_a_policy_needs_an_identifier_and_the_other_way_round(change, domain):
    with fails("InvalidInput"):
        change(("CREATE", record(domain, Region="us-east-1")))
    with fails("InvalidInput"):
        change(("CREATE", record(domain, SetIdentifier="x")))


def test_records_are_listed_as_written(aws, zone, change, domain):
    check = health_check(aws)["Id"]
    alias = {
        "HostedZoneId": "Z1UJRXOUMOOFQ8",
        "DNSName": "d-abc.execute-api.us-east-1.amazonaws.com",
        "EvaluateTargetHealth": False,
    }
    written = {
        "Name": domain,
        "Type": "A",
        "SetIdentifier": "s",
        "Region": "us-east-1",
        "AliasTarget": alias,
        "HealthCheckId": check,
    }
    change(("CREATE", written), ("CREATE", record(f"*.{domain}")))
    found = records_of(aws, zone, f"{domain}.")[0]
    assert found == written | {
        "Name": f"{domain}.",
        "AliasTarget": alias | {"DNSName": alias["DNSName"] + "."},
    }
    assert records_of(aws, zone, f"\\052.{domain}.")[0]["TTL"] == 60
    change(("DELETE", found))


def test_unknown_health_check(change, domain):
    with fails("NoSuchHealthCheck"):
        change(("CREATE", latency(domain, "eu-west-1", HealthCheckId=str(uuid.uuid4()))))


def test_wrong_records_are_refused(change, domain):
    for wrong in (
        record("www.elsewhere.org"),
        record(domain, "CNAME", "x.example.com"),
        record(f"a.{domain}", value="not-an-address"),
        record(f"a.{domain}", "TXT", "no quotes"),
    ):
        with fails("InvalidChangeBatch"):
            change(("CREATE", wrong))
    with fails("InvalidChangeBatch"):
        change(("CREATE", record(f"c.{domain}")), ("CREATE", record(f"c.{domain}", "CNAME", "x.example.com")))


def test_alias_inside_a_zone_needs_its_target(change, zone, domain):
    alias = {"HostedZoneId": zone, "DNSName": f"inner.{domain}", "EvaluateTargetHealth": True}
    outer = {"Name": domain, "Type": "A", "AliasTarget": alias}
    with fails("InvalidChangeBatch", "that target was not found"):
        change(("CREATE", outer))
    change(("CREATE", outer), ("CREATE", record(f"inner.{domain}")))


def test_records_come_in_pages(aws, zone, change, domain):
    change(*[("CREATE", record(f"{letter}.{domain}")) for letter in "abc"])
    paginator = aws("route53").get_paginator("list_resource_record_sets")
    pages = list(paginator.paginate(HostedZoneId=zone, PaginationConfig={"PageSize": 2}))
    assert len(pages) == 3
    names = [r["Name"][0] for page in pages for r in page["ResourceRecordSets"]]
    assert names[-3:] == ["a", "b", "c"]


def test_caller_reference_of_a_health_check(aws):
    reference, config = uuid.uuid4().hex, {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example.com"}
    route53 = aws("route53")
    first = route53.create_health_check(CallerReference=reference, HealthCheckConfig=config)["HealthCheck"]
    again = route53.create_health_check(CallerReference=reference, HealthCheckConfig=config)["HealthCheck"]
    assert first["Id"] == again["Id"]
    with fails("HealthCheckAlreadyExists"):
        route53.create_health_check(CallerReference=reference, HealthCheckConfig=config | {"Port": 8443})
    route53.delete_health_check(HealthCheckId=first["Id"])
    with fails("HealthCheckAlreadyExists"):
        route53.create_health_check(CallerReference=reference, HealthCheckConfig=config)


def test_health_check_defaults_and_update(aws):
    check = health_check(aws)
    config = check["HealthCheckConfig"]
    assert (config["Port"], config["RequestInterval"], config["FailureThreshold"], config["EnableSNI"]) == (
        443,
        30,
        3,
        True,
    )
    updated = aws("route53").update_health_check(
        HealthCheckId=check["Id"], HealthCheckVersion=1, FailureThreshold=5
    )["HealthCheck"]
    assert (updated["HealthCheckVersion"], updated["HealthCheckConfig"]["FailureThreshold"]) == (2, 5)
    with fails("HealthCheckVersionMismatch"):
        aws("route53").update_health_check(HealthCheckId=check["Id"], HealthCheckVersion=1, Inverted=True)
    listed = aws("route53").get_paginator("list_health_checks").paginate()
    assert check["Id"] in [c["Id"] for page in listed for c in page["HealthChecks"]]


def test_calculated_health_check(aws):
    child = health_check(aws)["Id"]
    parent = health_check_of(aws, {"Type": "CALCULATED", "ChildHealthChecks": [child], "HealthThreshold": 1})
    assert parent["HealthCheckConfig"]["ChildHealthChecks"] == [child]
    with fails("InvalidInput"):
        health_check_of(
            aws, {"Type": "CALCULATED", "ChildHealthChecks": [str(uuid.uuid4())], "HealthThreshold": 1}
        )


def health_check_of(aws, config):
    return aws("route53").create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)[
        "HealthCheck"
    ]


def test_health_check_on_an_alarm(aws, name):
    alarm = {
        "AlarmName": name,
        "MetricName": "5XXError",
        "Namespace": "AWS/ApiGateway",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 0.05,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    config = {
        "Type": "CLOUDWATCH_METRIC",
        "AlarmIdentifier": {"Region": "eu-west-1", "Name": name},
        "InsufficientDataHealthStatus": "Healthy",
    }
    with fails("InvalidInput"):
        health_check_of(aws, config)
    aws("cloudwatch", "eu-west-1").put_metric_alarm(**alarm, DatapointsToAlarm=2)
    with fails("InvalidInput", "M out of N"):
        health_check_of(aws, config)
    aws("cloudwatch", "eu-west-1").put_metric_alarm(**alarm)
    check = health_check_of(aws, config)
    assert check["HealthCheckConfig"] == config | {"Inverted": False, "Disabled": False}
    assert check["CloudWatchAlarmConfiguration"]["Threshold"] == 0.05
    aws("cloudwatch", "eu-west-1").put_metric_alarm(**alarm | {"Threshold": 0.5})
    assert (
        aws("route53").get_health_check(HealthCheckId=check["Id"])["HealthCheck"][
            "CloudWatchAlarmConfiguration"
        ]["Threshold"]
        == 0.05
    )
    again = aws("route53").update_health_check(
        HealthCheckId=check["Id"], AlarmIdentifier=config["AlarmIdentifier"]
    )
    assert again["HealthCheck"]["CloudWatchAlarmConfiguration"]["Threshold"] == 0.5


def test_tags_of_zones_and_checks(aws, zone):
    check = health_check(aws)["Id"]
    for kind, thing in (("hostedzone", zone), ("healthcheck", check)):
        tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
        aws("route53").change_tags_for_resource(ResourceType=kind, ResourceId=thing, AddTags=tags)
        aws("route53").change_tags_for_resource(ResourceType=kind, ResourceId=thing, RemoveTagKeys=["a"])
        assert (
            aws("route53").list_tags_for_resource(ResourceType=kind, ResourceId=thing)["ResourceTagSet"][
                "Tags"
            ]
            == tags[1:]
        )
        several = aws("route53").list_tags_for_resources(ResourceType=kind, ResourceIds=[thing])[
            "ResourceTagSets"
        ]
        assert several[0]["Tags"] == tags[1:]
    with fails("NoSuchHostedZone"):
        aws("route53").list_tags_for_resource(ResourceType="hostedzone", ResourceId="Z0")
