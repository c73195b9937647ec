"""Listeners, certificates and rules."""

import re

import pytest
from balancing import (
    NOTHING,
    REGION,
    attributes,
    balancer,
    ec2,
    elb,
    forward,
    listener,
    net,
    rule,
    served,
    target_group,
)
from conftest import create_zone, eventually, fails, issued_certificate

pytestmark = pytest.mark.usefixtures("step")


# --- listeners ------------------------------------------------------------------------------------


def test_a_forward_is_shown_in_full(elb, served):
    shown = elb.describe_listeners(LoadBalancerArn=served.arn)["Listeners"]
    config = {
        "TargetGroups": [{"TargetGroupArn": served.group, "Weight": 1}],
        "TargetGroupStickinessConfig": {"Enabled": False},
    }
    assert shown == [
        {
            "ListenerArn": served.listener,
            "LoadBalancerArn": served.arn,
            "Port": 80,
            "Protocol": "HTTP",
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": served.group, "ForwardConfig": config}],
        }
    ]
    assert re.fullmatch(
        re.escape(served.arn.replace("loadbalancer/", "listener/")) + "/[0-9a-f]{16}", served.listener
    )


def test_a_port_is_taken_once(elb, served):
    same = elb.describe_listeners(ListenerArns=[served.listener])["Listeners"][0]
    assert listener(elb, served.arn, forward(served.group)) == same
    with fails("DuplicateListener", "already exists on this port"):
        listener(elb, served.arn)
    other = listener(elb, served.arn, port=81)["ListenerArn"]
    with fails("DuplicateListener"):
        elb.modify_listener(ListenerArn=other, Port=80)


def test_a_redirect_is_shown_in_full_and_does_not_loop(elb, served):
    redirect = {
        "Type": "redirect",
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
    }
    shown = elb.modify_listener(ListenerArn=served.listener, DefaultActions=[redirect])["Listeners"][0][
        "DefaultActions"
    ]
    assert shown == [
        {
            "Type": "redirect",
            "RedirectConfig": {
                "Protocol": "HTTPS",
                "Port": "443",
                "Host": "#{host}",
                "Path": "/#{path}",
                "Query": "#{query}",
                "StatusCode": "HTTP_301",
            },
        }
    ]
    with fails("InvalidLoadBalancerAction", "creates a loop"):
        elb.modify_listener(
            ListenerArn=served.listener,
            DefaultActions=[{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302"}}],
        )


def test_a_group_belongs_to_one_balancer(elb, net, name, served):
    other = balancer(elb, net, f"{name}-2")["LoadBalancerArn"]
    with fails("TargetGroupAssociationLimit", "cannot be associated with more than one load balancer"):
        listener(elb, other, forward(served.group))


def test_a_listener_forwards_to_groups_that_fit(elb, ec2, net, name, served):
    with fails("TargetGroupNotFound", "One or more target groups not found"):
        listener(elb, served.arn, forward(served.group[:-16] + "0" * 16), 81)
    with fails("IncompatibleProtocols"):
        listener(elb, served.arn, forward(target_group(elb, net, f"{name}-tcp", Protocol="TCP")), 81)
    other = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with fails("InvalidConfigurationRequest", "different VPC"):
        listener(elb, served.arn, forward(target_group(elb, net, f"{name}-vpc", VpcId=other)), 81)


def test_attributes_of_listeners(elb, served):
    wanted = [{"Key": "routing.http.response.server.enabled", "Value": "false"}]
    elb.modify_listener_attributes(ListenerArn=served.listener, Attributes=wanted)
    assert (
        attributes(elb.describe_listener_attributes(ListenerArn=served.listener))[
            "routing.http.response.server.enabled"
        ]
        == "false"
    )
    with fails("InvalidConfigurationRequest"):
        elb.modify_listener_attributes(
            ListenerArn=served.listener, Attributes=[{"Key": "tcp.idle_timeout.seconds", "Value": "60"}]
        )


def secure(elb, arn, certificate, **more):
    return listener(
        elb, arn, port=443, **{"Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}], **more}
    )


def test_https_needs_an_issued_certificate_of_the_region(aws, elb, net, name):
    arn, domain = balancer(elb, net, name)["LoadBalancerArn"], f"{name}.example.com"
    acm = aws("acm", REGION)
    pending = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    with fails("UnsupportedCertificate", "must have a fully-qualified domain name"):
        secure(elb, arn, pending)
    elsewhere = aws("acm", "us-east-1").request_certificate(DomainName=domain, ValidationMethod="DNS")[
        "CertificateArn"
    ]
    with fails("CertificateNotFound", f"Certificate '{elsewhere}' not found"):
        secure(elb, arn, elsewhere)
    with fails("ValidationError", "A certificate must be specified for HTTPS listeners"):
        elb.create_listener(LoadBalancerArn=arn, Port=443, Protocol="HTTPS", DefaultActions=[NOTHING])
    issued = issued_certificate(aws, REGION, domain, create_zone(aws, domain))
    with fails("SSLPolicyNotFound"):
        secure(elb, arn, issued, SslPolicy="ELBSecurityPolicy-2099-01")
    made = secure(elb, arn, issued)
    assert (made["Certificates"], made["SslPolicy"]) == (
        [{"CertificateArn": issued}],
        "ELBSecurityPolicy-2016-08",
    )


def test_a_certificate_of_a_listener_is_in_use(aws, elb, net, name):
    arn, domain = balancer(elb, net, name)["LoadBalancerArn"], f"{name}.example.com"
    certificate, acm = issued_certificate(aws, REGION, domain, create_zone(aws, domain)), aws("acm", REGION)
    made = secure(elb, arn, certificate)["ListenerArn"]

    def users():
        return acm.describe_certificate(CertificateArn=certificate)["Certificate"]["InUseBy"]

    assert users() == [arn]
    with fails("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=certificate)
    elb.delete_listener(ListenerArn=made)
    assert users() == [arn]  # noticed with delay
    eventually(lambda: not users())
    acm.delete_certificate(CertificateArn=certificate)


def test_more_certificates_and_the_way_back_to_http(aws, elb, net, name):
    arn, zone = balancer(elb, net, name)["LoadBalancerArn"], create_zone(aws, f"{name}.example.com")
    one, two = (issued_certificate(aws, REGION, f"{part}{name}.example.com", zone) for part in ("", "www."))
    made = secure(elb, arn, one)["ListenerArn"]
    for _ in range(2):
        elb.add_listener_certificates(ListenerArn=made, Certificates=[{"CertificateArn": two}])
    shown = elb.describe_listener_certificates(ListenerArn=made)["Certificates"]
    assert shown == [{"CertificateArn": one, "IsDefault": True}, {"CertificateArn": two, "IsDefault": False}]
    with fails("OperationNotPermitted", "Default certificate cannot be removed"):
        elb.remove_listener_certificates(ListenerArn=made, Certificates=[{"CertificateArn": one}])
    elb.remove_listener_certificates(ListenerArn=made, Certificates=[{"CertificateArn": two}])
    plain = elb.modify_listener(ListenerArn=made, Protocol="HTTP", Port=8080)["Listeners"][0]
    assert not {"Certificates", "SslPolicy"} & set(plain)
    with fails("ValidationError"):
        elb.modify_listener(ListenerArn=made, Protocol="HTTPS")


# --- rules ----------------------------------------------------------------------------------------


def test_rules_are_listed_by_priority_and_the_default_one_last(elb, served):
    for priority in (20, 3):
        rule(elb, served.listener, priority)
    shown = elb.describe_rules(ListenerArn=served.listener)["Rules"]
    assert [(one["Priority"], one["IsDefault"]) for one in shown] == [
        ("3", False),
        ("20", False),
        ("default", True),
    ]
    assert shown[0]["Conditions"] == [
        {"Field": "path-pattern", "Values": ["/x"], "PathPatternConfig": {"Values": ["/x"]}}
    ]
    assert shown[2]["Actions"][0]["TargetGroupArn"] == served.group
    assert re.fullmatch(
        re.escape(served.listener.replace(":listener/", ":listener-rule/")) + "/[0-9a-f]{16}",
        shown[0]["RuleArn"],
    )


def test_a_priority_is_taken_once(elb, served):
    one, two = rule(elb, served.listener, 1)["RuleArn"], rule(elb, served.listener, 2)["RuleArn"]
    with fails("PriorityInUse", "Priority '1' is currently in use"):
        rule(elb, served.listener, 1)
    with fails("PriorityInUse"):
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": one, "Priority": 2}])
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": one, "Priority": 2}, {"RuleArn": two, "Priority": 1}])
    assert [one["RuleArn"] for one in elb.describe_rules(ListenerArn=served.listener)["Rules"]][:2] == [
        two,
        one,
    ]


def test_a_rule_changes_only_in_what_is_named(elb, served):
    made = rule(elb, served.listener, 1)
    conditions = [{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}]
    after = elb.modify_rule(RuleArn=made["RuleArn"], Conditions=conditions)["Rules"][0]
    assert after == made | {"Conditions": [{**conditions[0], "Values": ["a.example.com"]}]}
    after = elb.modify_rule(RuleArn=made["RuleArn"], Actions=[forward(served.group)])["Rules"][0]
    assert (after["Conditions"][0]["Values"], after["Actions"][0]["TargetGroupArn"]) == (
        ["a.example.com"],
        served.group,
    )


def test_the_default_rule_stays(elb, served):
    default = elb.describe_rules(ListenerArn=served.listener)["Rules"][-1]["RuleArn"]
    assert elb.describe_rules(RuleArns=[default])["Rules"][0]["IsDefault"]
    with fails("OperationNotPermitted", "cannot be deleted"):
        elb.delete_rule(RuleArn=default)
    with fails("OperationNotPermitted"):
        elb.modify_rule(RuleArn=default, Actions=[NOTHING])


def test_a_forward_with_weights(elb, net, name, served):
    other = target_group(elb, net, f"{name}-2")
    made = rule(elb, served.listener, 1, forward((served.group, 90), (other, 10)))["Actions"][0]
    assert "TargetGroupArn" not in made
    assert made["ForwardConfig"]["TargetGroups"] == [
        {"TargetGroupArn": served.group, "Weight": 90},
        {"TargetGroupArn": other, "Weight": 10},
    ]
    with fails("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=other)


def test_rules_of_what_is_not_there(elb, served):
    with fails("RuleNotFound", "One or more rules not found"):
        elb.delete_rule(RuleArn=served.listener.replace(":listener/", ":listener-rule/") + "/" + "0" * 16)
    with fails("ListenerNotFound"):
        rule(elb, served.listener[:-16] + "0" * 16, 1)
    with fails("ValidationError"):
        elb.describe_rules(RuleArns=[served.listener])
