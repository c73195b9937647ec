"""Elastic Load Balancing v2: listeners and their certificates.

AWS rules followed: one listener per port, and the same once more succeeds; HTTPS and TLS need one default
certificate, issued by the ACM of the region, which cannot be deleted there while a listener has it; a
change from HTTPS to HTTP drops certificates and policy; what is not named in a change stays; the default
certificate is not in the list of more, and cannot be removed from it.
"""

import re

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import certificate_users
from isobar_localstack.core.paging import page
from isobar_localstack.core.tags import tag_dict
from isobar_localstack.services.acm import certificates as acm
from isobar_localstack.services.elbv2 import attributes
from isobar_localstack.services.elbv2.actions import written_actions
from isobar_localstack.services.elbv2.state import (
    Balancer,
    Listener,
    Region,
    arn_below,
    find,
    find_all,
    here,
    invalid,
    listeners_of,
    regions,
    rules_of,
)
from isobar_localstack.services.elbv2.targets import note_uses

LIMIT, CERTIFICATES, DESCRIBED, PAGE_SIZE = 50, 25, 20, 400
SECURE = ("HTTPS", "TLS")
POLICY = "ELBSecurityPolicy-2016-08"
POLICIES = re.compile(
    r"ELBSecurityPolicy-(2015-05|2016-08|TLS-1-0-2015-04|TLS-1-[12]-2017-01|TLS-1-2-Ext-2018-06|FS-2018-06|FS-1-[12]-2019-08"
    r"|FS-1-2-Res-20(19-08|20-10)|TLS13-1-[0-3](-Res|-Ext[0-2])?(-FIPS)?(-PQ)?-20(21-06|23-04|25-09))"
)


def operations() -> dict:
    return {
        "CreateListener": create,
        "DescribeListeners": describe_all,
        "ModifyListener": modify,
        "DeleteListener": delete,
        "AddListenerCertificates": add_certificates,
        "RemoveListenerCertificates": remove_certificates,
        "DescribeListenerCertificates": describe_certificates,
    }


# --- making and changing --------------------------------------------------------------------------


def create(context, request):
    region = here(context)
    balancer = find(context, request["LoadBalancerArn"], "loadbalancer")
    data = checked(
        context,
        balancer,
        {
            key: request[key]
            for key in (
                "Port",
                "Protocol",
                "SslPolicy",
                "AlpnPolicy",
                "Certificates",
                "DefaultActions",
                "MutualAuthentication",
            )
            if request.get(key) is not None
        },
    )
    there = on_port(region, balancer, data.get("Port"))
    if there is not None:
        if {
            key: value for key, value in there.data.items() if not key.endswith("Arn")
        } == data and there.tags == tag_dict(request.get("Tags")):
            return {"Listeners": [dict(there.data)]}
        raise duplicate(balancer)
    if len(listeners_of(region, request["LoadBalancerArn"])) >= LIMIT:
        raise error(
            "TooManyListeners",
            f"The maximum number of listeners for load balancer '{request['LoadBalancerArn']}' has been reached: {LIMIT}",
        )
    arn = arn_below(request["LoadBalancerArn"], "listener")
    kind = balancer.data["Type"]
    data = {"ListenerArn": arn, "LoadBalancerArn": request["LoadBalancerArn"], **data}
    region.listeners[arn] = Listener(
        data, tag_dict(request.get("Tags")), attributes.of_listener(kind), arn_below(arn, "listener-rule")
    )
    note_uses(region)
    return {"Listeners": [dict(data)]}


def modify(context, request):
    region, listener = here(context), find(context, request["ListenerArn"], "listener")
    balancer = find(context, listener.data["LoadBalancerArn"], "loadbalancer")
    names = (
        "Port",
        "Protocol",
        "SslPolicy",
        "AlpnPolicy",
        "Certificates",
        "DefaultActions",
        "MutualAuthentication",
    )
    wanted = {key: request[key] for key in names if request.get(key) is not None}
    merged = {key: listener.data[key] for key in names if key in listener.data} | wanted
    if merged.get("Protocol") not in SECURE:
        merged = {
            key: value
            for key, value in merged.items()
            if key not in ("SslPolicy", "Certificates", "AlpnPolicy", "MutualAuthentication") or key in wanted
        }
    data = checked(context, balancer, merged)
    there = on_port(region, balancer, data.get("Port"))
    if there is not None and there is not listener:
        raise duplicate(balancer)
    before = certificates_of(listener)
    if data.get("Protocol") not in SECURE:
        listener.more_certificates.clear()
    arns = {key: listener.data[key] for key in ("ListenerArn", "LoadBalancerArn")}
    listener.data.clear()
    listener.data.update(arns | data)
    note_end_of_use(region, balancer.data["LoadBalancerArn"], before)
    note_uses(region)
    return {"Listeners": [dict(listener.data)]}


def on_port(region: Region, balancer: Balancer, port) -> Listener | None:
    return next(
        (
            one
            for one in listeners_of(region, balancer.data["LoadBalancerArn"])
            if one.data.get("Port") == port
        ),
        None,
    )


def duplicate(balancer: Balancer):
    return error(
        "DuplicateListener",
        f"A listener already exists on this port for this load balancer '{balancer.data['LoadBalancerArn']}'",
    )


def checked(context, balancer: Balancer, wanted: dict) -> dict:
    """A listener's settings as they are kept and shown."""
    protocol, kind = wanted.get("Protocol"), balancer.data["Type"]
    if protocol and (protocol in ("HTTP", "HTTPS")) != (kind == "application"):
        raise error("UnsupportedProtocol", f"Protocol '{protocol}' is not supported by {kind} load balancers")
    shown = dict(wanted)
    if protocol in SECURE:
        policy = wanted.get("SslPolicy") or POLICY
        if not POLICIES.fullmatch(policy):
            raise error("SSLPolicyNotFound", f"SSL policy '{policy}' not found")
        certificates = wanted.get("Certificates") or []
        if len(certificates) != 1:
            raise invalid(
                f"A certificate must be specified for {protocol} listeners"
                if not certificates
                else "Only one certificate can be specified"
            )
        check_certificate(context, certificates[0]["CertificateArn"])
        shown |= {
            "SslPolicy": policy,
            "Certificates": [{"CertificateArn": certificates[0]["CertificateArn"]}],
        }
        if protocol == "HTTPS":
            shown.setdefault("MutualAuthentication", {"Mode": "off"})
    shown["DefaultActions"] = written_actions(context, balancer, wanted["DefaultActions"])
    return shown


def check_certificate(context, arn: str):
    """Only what ACM of this region has; server certificates of IAM are not served here."""
    status = acm.status_of(context.account_id, context.region, arn)
    if status is None:
        raise error("CertificateNotFound", f"Certificate '{arn}' not found")
    if status != "ISSUED":
        raise error(
            "UnsupportedCertificate",
            f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported key size.",
        )


# --- reading and deleting -------------------------------------------------------------------------


def describe_all(context, request):
    arns, balancer = request.get("ListenerArns"), request.get("LoadBalancerArn")
    if bool(arns) == bool(balancer):
        raise invalid("You must specify either listener ARNs or a load balancer ARN")
    if len(arns or []) > DESCRIBED:
        raise invalid(f"Up to '{DESCRIBED}' listeners can be described")
    if balancer:
        find(context, balancer, "loadbalancer")
    found = find_all(context, arns, "listener") if arns else listeners_of(here(context), balancer)
    shown, marker = page(
        found, request.get("Marker"), request.get("PageSize") or PAGE_SIZE, invalid("Invalid marker")
    )
    return {"Listeners": [dict(one.data) for one in shown]} | ({"NextMarker": marker} if marker else {})


def delete(context, request):
    region, listener = here(context), find(context, request["ListenerArn"], "listener")
    forget_listener(region, listener)
    note_uses(region)
    return {}


def forget_listener(region: Region, listener: Listener):
    arn = listener.data["ListenerArn"]
    for rule in rules_of(region, arn):
        del region.rules[rule.data["RuleArn"]]
    del region.listeners[arn]
    note_end_of_use(region, listener.data["LoadBalancerArn"], certificates_of(listener))


# --- certificates ---------------------------------------------------------------------------------


def add_certificates(context, request):
    listener = secure(context, request)
    arns = [certificate["CertificateArn"] for certificate in request["Certificates"]]
    for arn in arns:
        check_certificate(context, arn)
    wanted = list(dict.fromkeys([*listener.more_certificates, *arns]))
    if len(wanted) > CERTIFICATES:
        raise error(
            "TooManyCertificates",
            f"The maximum number of certificates for load balancer '{listener.data['LoadBalancerArn']}' has been reached: {CERTIFICATES}",
        )
    listener.more_certificates = wanted
    return {"Certificates": [{"CertificateArn": arn, "IsDefault": False} for arn in arns]}


def remove_certificates(context, request):
    listener = secure(context, request)
    default = listener.data["Certificates"][0]["CertificateArn"]
    arns = [certificate["CertificateArn"] for certificate in request["Certificates"]]
    for arn in arns:
        if arn not in listener.more_certificates:
            if arn == default:
                raise error("OperationNotPermitted", "Default certificate cannot be removed")
            raise error("CertificateNotFound", f"Certificate '{arn}' not found")
    before = certificates_of(listener)
    listener.more_certificates = [arn for arn in listener.more_certificates if arn not in arns]
    note_end_of_use(here(context), listener.data["LoadBalancerArn"], before)
    return {}


def describe_certificates(context, request):
    listener = find(context, request["ListenerArn"], "listener")
    default = [{**certificate, "IsDefault": True} for certificate in listener.data.get("Certificates") or []]
    every = default + [{"CertificateArn": arn, "IsDefault": False} for arn in listener.more_certificates]
    shown, marker = page(
        every, request.get("Marker"), request.get("PageSize") or PAGE_SIZE, invalid("Invalid marker")
    )
    return {"Certificates": shown} | ({"NextMarker": marker} if marker else {})


def secure(context, request) -> Listener:
    listener = find(context, request["ListenerArn"], "listener")
    if listener.data.get("Protocol") not in SECURE:
        raise invalid(f"Certificates cannot be specified for {listener.data.get('Protocol')} listeners")
    return listener


def certificates_of(listener: Listener) -> set[str]:
    return {certificate["CertificateArn"] for certificate in listener.data.get("Certificates") or []} | set(
        listener.more_certificates
    )


def note_end_of_use(region: Region, balancer_arn: str, before: set[str]):
    """ACM notices with delay that a balancer no longer has them."""
    still = set().union(*(certificates_of(one) for one in listeners_of(region, balancer_arn)))
    for certificate in before - still:
        region.former_uses[certificate] = ([balancer_arn], due("acm.in_use_lag"))


def users_of_certificate(account_id: str, region: str, arn: str) -> list[str]:
    listeners = list(regions[account_id, region].listeners.values())
    return [one.data["LoadBalancerArn"] for one in listeners if arn in certificates_of(one)]


def former_users_of_certificate(account_id: str, region: str, arn: str) -> tuple[list, float]:
    return regions[account_id, region].former_uses.get(arn, ([], 0.0))


@certificate_users.subscribe
def uses_of_certificate(account_id: str, region: str, arn: str) -> tuple:
    former, noticed = former_users_of_certificate(account_id, region, arn)
    return users_of_certificate(account_id, region, arn), former, noticed
