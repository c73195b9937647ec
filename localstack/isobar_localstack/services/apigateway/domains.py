"""API Gateway (REST): custom domain names and base path mappings.

Gap of LocalStack closed here: domain names were global, so that the second region of an
active-active stack got a conflict, and neither certificates nor stages were checked.

AWS rules followed: a REGIONAL domain needs an issued certificate of its own region, one name can
exist in every region, and its mappings go with it; it is PENDING, then AVAILABLE, and UPDATING after
changes, which wait until then; a mapping needs a stage that exists; without
a truststore there is no mutual TLS.
"""

import hashlib
import random
import string

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.durations import due, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import certificate_users
from isobar_localstack.core.paging import page
from isobar_localstack.services.acm import certificates as acm
from isobar_localstack.services.apigateway.state import Domain, Region, bad_request, moto_api, regions

ROOT = "(none)"
PAGE_SIZE, PAGE_LIMIT = 25, 500
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
HOSTED_ZONES = {
    "us-east-1": "Z1UJRXOUMOOFQ8",
    "us-east-2": "ZOJJZC49E0EPZ",
    "us-west-1": "Z2MUQ32089INYE",
    "us-west-2": "Z2OJLYMUO9EFXC",
    "ca-central-1": "Z19DQILCV0OWEC",
    "sa-east-1": "ZCMLWB8V5SYIT",
    "eu-west-1": "ZLY8HYME6SFDD",
    "eu-west-2": "ZJ5UAJN8Y3Z2Q",
    "eu-west-3": "Z3KY65QIEKYHQQ",
    "eu-central-1": "Z1U9ULNL0V5AJ3",
    "eu-north-1": "Z3UWIKFBOOGXPP",
    "ap-northeast-1": "Z1YSHQZHG15GKL",
    "ap-northeast-2": "Z20JF4UZKIW1U8",
    "ap-northeast-3": "Z22ILHG95FLSZ2",
    "ap-south-1": "Z3VO1THU9YC4UR",
    "ap-southeast-1": "ZL327KTPIQFUL",
    "ap-southeast-2": "Z2RPCDW04V8134",
}
PATCHABLE = {
    "/regionalCertificateArn": "regionalCertificateArn",
    "/certificateArn": "certificateArn",
    "/securityPolicy": "securityPolicy",
    "/endpointAccessMode": "endpointAccessMode",
    "/routingMode": "routingMode",
    "/ownershipVerificationCertificateArn": "ownershipVerificationCertificateArn",
    "/endpointConfiguration/ipAddressType": "ipAddressType",
    "/mutualTlsAuthentication/truststoreUri": "truststoreUri",
    "/mutualTlsAuthentication/truststoreVersion": "truststoreVersion",
}


def operations() -> dict:
    return {
        "CreateDomainName": create_domain,
        "GetDomainName": lambda context, request: describe(find(context, request)),
        "GetDomainNames": list_domains,
        "UpdateDomainName": update_domain,
        "DeleteDomainName": delete_domain,
        "CreateBasePathMapping": create_mapping,
        "GetBasePathMapping": lambda context, request: find_mapping(context, request)[1],
        "GetBasePathMappings": list_mappings,
        "UpdateBasePathMapping": update_mapping,
        "DeleteBasePathMapping": delete_mapping,
    }


def here(context) -> Region:
    return regions[context.account_id, context.region]


def domain_arn(region: str, name: str) -> str:
    return f"arn:aws:apigateway:{region}::/domainnames/{name}"


def hosted_zone(region: str) -> str:
    return HOSTED_ZONES.get(region) or "Z" + hashlib.sha256(region.encode()).hexdigest()[:13].upper()


# --- domain names ---------------------------------------------------------------------------------


def find(context, request) -> Domain:
    try:
        return here(context).domains[request["domainName"].lower()]
    except KeyError:
        raise error("NotFoundException", "Invalid domain name identifier specified", 404) from None


def describe(domain: Domain) -> dict:
    status = "AVAILABLE" if is_over(domain.busy_until) else domain.busy_status
    return domain.data | {"domainNameStatus": status, "tags": dict(domain.tags)}


def create_domain(context, request):
    region, name = here(context), request["domainName"].lower()
    kind = ((request.get("endpointConfiguration") or {}).get("types") or ["EDGE"])[0]
    if name in region.domains:
        raise bad_request("The domain name you provided already exists.")
    data = {
        "domainName": name,
        "domainNameArn": domain_arn(context.region, name),
        "endpointConfiguration": {"types": [kind], "ipAddressType": "ipv4"}
        | (request.get("endpointConfiguration") or {}),
        "securityPolicy": request.get("securityPolicy") or "TLS_1_2",
        "routingMode": request.get("routingMode") or "BASE_PATH_MAPPING_ONLY",
    }
    for optional in ("endpointAccessMode", "mutualTlsAuthentication", "ownershipVerificationCertificateArn"):
        if request.get(optional):
            data[optional] = request[optional]
    data |= regional_part(context, request) if kind == "REGIONAL" else edge_part(context, request)
    region.domains[name] = Domain(data, dict(request.get("tags") or {}), due("apigateway.domain_creating"))
    return describe(region.domains[name])


def regional_part(context, request) -> dict:
    arn = request.get("regionalCertificateArn")
    check_certificate(context.account_id, context.region, arn)
    label = "".join(random.choices(string.ascii_lowercase + string.digits, k=10))
    return {
        "regionalCertificateArn": arn,
        "regionalDomainName": f"d-{label}.execute-api.{context.region}.amazonaws.com",
        "regionalHostedZoneId": hosted_zone(context.region),
    }


def edge_part(context, request) -> dict:
    arn = request.get("certificateArn")
    check_certificate(context.account_id, "us-east-1", arn)
    label = "".join(random.choices(string.ascii_lowercase + string.digits, k=13))
    return {
        "certificateArn": arn,
        "certificateUploadDate": epoch(),
        "distributionDomainName": f"d{label}.cloudfront.net",
        "distributionHostedZoneId": CLOUDFRONT_ZONE,
    }


def check_certificate(account_id: str, region: str, arn: str | None):
    if not arn:
        raise bad_request("A certificate ARN must be specified for the endpoint type.")
    if arn.split(":")[3:4] != [region]:
        raise bad_request(f"Invalid certificate ARN: {arn}. Certificate must be in '{region}'.")
    status = acm.status_of(account_id, region, arn)
    if status is None:
        raise bad_request(f"The provided certificate does not exist: {arn}")
    if status != "ISSUED":
        raise bad_request(f"Certificate {arn} is not usable: its status is {status}, it must be ISSUED.")


def list_domains(context, request):
    domains = [domain for _, domain in sorted(here(context).domains.items())]
    size = min(request.get("limit") or PAGE_SIZE, PAGE_LIMIT)
    shown, position = page(domains, request.get("position"), size)
    answer = {"items": [describe(domain) for domain in shown]}
    return answer | ({"position": position} if position else {})


def update_domain(context, request):
    domain = find(context, request)
    if not is_over(domain.busy_until):
        raise error(
            "ConflictException", "The domain name is being updated; wait until its status is AVAILABLE.", 409
        )
    changes = {}
    for patch in request.get("patchOperations") or []:
        field_name = PATCHABLE.get(patch.get("path"))
        if field_name is None or patch.get("op") != "replace":
            raise bad_request(f"Invalid patch operation {patch.get('op')} {patch.get('path')}")
        changes[field_name] = patch.get("value")
    if arn := changes.get("regionalCertificateArn"):
        check_certificate(context.account_id, context.region, arn)
    if arn := changes.get("certificateArn"):
        check_certificate(context.account_id, "us-east-1", arn)
    changes |= changed_truststore(domain, changes)
    if kind := changes.pop("ipAddressType", None):
        domain.data["endpointConfiguration"]["ipAddressType"] = kind
    before, security_policy = domain.certificates, domain.data["securityPolicy"]
    domain.data = {name: value for name, value in (domain.data | changes).items() if value is not None}
    forget_uses(context, domain, before - domain.certificates)
    is_slow = domain.data["securityPolicy"] != security_policy
    domain.busy_until = due(
        "apigateway.security_policy_changing" if is_slow else "apigateway.domain_updating"
    )
    domain.busy_status = "UPDATING"
    return describe(domain)


def changed_truststore(domain: Domain, changes: dict) -> dict:
    """Takes the patches of the truststore out of the changes; an empty address ends mutual TLS."""
    patches = {
        name: changes.pop(name) or "" for name in ("truststoreUri", "truststoreVersion") if name in changes
    }
    if not patches:
        return {}
    store = {
        name: value
        for name, value in ((domain.data.get("mutualTlsAuthentication") or {}) | patches).items()
        if value
    }
    uri = store.get("truststoreUri")
    if uri and not uri.startswith("s3://"):
        raise bad_request(f"Invalid truststore URI: {uri}. It must begin with s3://.")
    if not uri and patches.get("truststoreVersion"):
        raise bad_request("A truststore version requires a truststore URI.")
    return {"mutualTlsAuthentication": store if uri else None}


def delete_domain(context, request):
    domain = find(context, request)
    forget_uses(context, domain, domain.certificates)
    del here(context).domains[domain.data["domainName"]]


# --- who uses a certificate -----------------------------------------------------------------------


def forget_uses(context, domain: Domain, arns: set):
    arn = domain_arn(context.region, domain.data["domainName"])
    for certificate in arns:
        certificate_region = regions[context.account_id, certificate.split(":")[3]]
        certificate_region.former_uses[certificate] = ([arn], due("acm.in_use_lag"))


def users_of_certificate(account_id: str, region: str, arn: str) -> list[str]:
    """EDGE domains of every region use certificates of us-east-1, hence the look at all regions."""
    return [
        domain_arn(where, name)
        for (account, where), state in list(regions.items())
        if account == account_id
        for name, domain in list(state.domains.items())
        if arn in domain.certificates
    ]


def former_users_of_certificate(account_id: str, region: str, arn: str) -> tuple[list, float]:
    return regions[account_id, region].former_uses.get(arn, ([], 0.0))


# --- base path mappings ---------------------------------------------------------------------------


def base_path(request) -> str:
    path = request.get("basePath") or ROOT
    if "/" in path:
        raise bad_request(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. "
            "To create a multi-level base path mapping, use API Gateway V2."
        )
    return path


def find_mapping(context, request) -> tuple[Domain, dict]:
    domain = find(context, request)
    try:
        return domain, domain.mappings[base_path(request)]
    except KeyError:
        raise error("NotFoundException", "Invalid base path mapping identifier specified", 404) from None


def check_target(context, mapping: dict):
    api = moto_api(context.account_id, context.region, mapping["restApiId"])
    if api is None:
        raise bad_request("Invalid REST API identifier specified")
    if mapping.get("stage") and mapping["stage"] not in api.stages:
        raise bad_request("Invalid stage identifier specified")


def check_path_is_free(domain: Domain, path: str):
    if path in domain.mappings:
        raise error("ConflictException", "Base path already exists for this domain name", 409)


def create_mapping(context, request):
    domain, path = find(context, request), base_path(request)
    mapping = {"basePath": path, "restApiId": request["restApiId"]}
    if request.get("stage"):
        mapping["stage"] = request["stage"]
    check_path_is_free(domain, path)
    check_target(context, mapping)
    domain.mappings[path] = mapping
    return mapping


def list_mappings(context, request):
    mappings = [mapping for _, mapping in sorted(find(context, request).mappings.items())]
    size = min(request.get("limit") or PAGE_SIZE, PAGE_LIMIT)
    shown, position = page(mappings, request.get("position"), size)
    return {"items": shown} | ({"position": position} if position else {})


def update_mapping(context, request):
    domain, mapping = find_mapping(context, request)
    fields = {"/basePath": "basePath", "/restapiId": "restApiId", "/stage": "stage"}
    changed = dict(mapping)
    for patch in request.get("patchOperations") or []:
        if patch.get("path") not in fields or patch.get("op") != "replace":
            raise bad_request(f"Invalid patch operation {patch.get('op')} {patch.get('path')}")
        changed[fields[patch["path"]]] = patch.get("value") or ""
    changed["basePath"] = base_path(changed)
    if changed["basePath"] != mapping["basePath"]:
        check_path_is_free(domain, changed["basePath"])
    check_target(context, changed)
    del domain.mappings[mapping["basePath"]]
    domain.mappings[changed["basePath"]] = changed
    return changed


def delete_mapping(context, request):
    domain, mapping = find_mapping(context, request)
    del domain.mappings[mapping["basePath"]]


def has_mapping_to(account_id: str, region: str, api_id: str) -> bool:
    return any(
        mapping["restApiId"] == api_id
        for domain in list(regions[account_id, region].domains.values())
        for mapping in list(domain.mappings.values())
    )


@certificate_users.subscribe
def uses_of_certificate(account_id: str, region: str, arn: str) -> tuple:
    former, noticed = former_users_of_certificate(account_id, region, arn)
    return users_of_certificate(account_id, region, arn), former, noticed
