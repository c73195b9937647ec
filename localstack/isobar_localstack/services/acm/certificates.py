"""ACM: certificates validated by DNS.

Gaps of LocalStack (moto) closed here: certificates were issued without validation, the validation
record was random, nothing knew who uses a certificate.

AWS rules followed: the record to publish appears some seconds after the request; it is the same
for one account and domain in every region, and `*.x` shares it with `x`; a certificate is issued
some time after the record is in a public zone, never without, and it times out after three days; the idempotency token counts for an
hour; a certificate in use cannot be deleted, and the use is noticed to end with delay; a list
without filter shows RSA keys only.
"""

import hashlib
import re
import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from isobar_localstack.core.clock import clock, epoch
from isobar_localstack.core.durations import SECONDS, after, due, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import certificate_users
from isobar_localstack.core.paging import page
from isobar_localstack.core.state import State
from isobar_localstack.core.tags import tag_dict, tag_list
from isobar_localstack.realism import consistency
from isobar_localstack.services.route53 import hosted_zones as route53

TOKEN_LIFE_SECONDS = 3600
VALID_DAYS = 198
DEFAULT_KEY_TYPES = ("RSA_1024", "RSA_2048")


@dataclass
class Certificate:
    arn: str
    domains: list[str]
    options: dict
    key_algorithm: str
    tags: dict
    method: str
    created_at: float = field(default_factory=epoch)
    requested: float = field(default_factory=clock.now)
    record_due: float = field(default_factory=lambda: due("acm.record_appears"))
    validated: set = field(default_factory=set)
    timed_out: bool = False
    issued_at: float | None = None

    @property
    def status(self):
        return (
            "ISSUED" if self.issued_at else "VALIDATION_TIMED_OUT" if self.timed_out else "PENDING_VALIDATION"
        )


@dataclass
class Region:
    certificates: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)  # token and request -> (arn, since)


stores = State("acm")
regions: dict[tuple[str, str], Region] = stores.store("regions", defaultdict(Region))


def operations(original: dict) -> dict:
    return {
        "RequestCertificate": request_certificate,
        "DescribeCertificate": describe_certificate,
        "ListCertificates": consistency.eventually_listed("CertificateSummaryList", "CertificateArn", "acm")(
            list_certificates
        ),
        "DeleteCertificate": delete_certificate,
        "UpdateCertificateOptions": update_options,
        "AddTagsToCertificate": add_tags,
        "RemoveTagsFromCertificate": remove_tags,
        "ListTagsForCertificate": list_tags,
    }


def here(context) -> Region:
    return regions[context.account_id, context.region]


# --- life of a certificate ------------------------------------------------------------------------


def request_certificate(context, request):
    region, domains = here(context), domains_of(request)
    check_request(request, domains)
    token = request.get("IdempotencyToken")
    key = (token, tuple(domains), request.get("KeyAlgorithm"))
    arn, since = region.tokens.get(key, (None, 0)) if token else (None, 0)
    if arn in region.certificates and clock.now() - since < TOKEN_LIFE_SECONDS:
        return {"CertificateArn": arn}
    arn = f"arn:aws:acm:{context.region}:{context.account_id}:certificate/{uuid.uuid4()}"
    region.certificates[arn] = Certificate(
        arn,
        domains,
        {"CertificateTransparencyLoggingPreference": "ENABLED"} | (request.get("Options") or {}),
        request.get("KeyAlgorithm") or "RSA_2048",
        tag_dict(request.get("Tags")),
        request.get("ValidationMethod") or "EMAIL",
    )
    region.tokens[key] = (arn, clock.now())
    consistency.mark_created(context, "acm", arn)
    consistency.mark("consistency.acm_describe", arn)
    return {"CertificateArn": arn}


def domains_of(request) -> list[str]:
    names = [request["DomainName"], *(request.get("SubjectAlternativeNames") or [])]
    return list(dict.fromkeys(name.lower().rstrip(".") for name in names))


def check_request(request, domains):
    token = request.get("IdempotencyToken")
    if token and not re.fullmatch(r"\w{1,32}", token):
        raise validation_error(
            "idempotencyToken", token, r"Member must satisfy regular expression pattern: \w+"
        )
    if len(domains[0]) > 64:
        raise error("ValidationException", "The first domain name can be no longer than 64 characters.")
    for domain in domains:
        if not re.fullmatch(
            r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])", domain
        ):
            raise validation_error("domainName", domain, "Member must satisfy the pattern of a domain name")


def validation_error(name, value, constraint):
    return error(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}",
    )


def base_domain(domain: str) -> str:
    return domain.removeprefix("*.")


def validation_record(account_id: str, domain: str) -> dict:
    """Depends on account and domain alone, hence the same in every region."""
    base = base_domain(domain)
    name, value, zone = (
        hashlib.sha256(f"{part}|{account_id}|{base}".encode()).hexdigest()
        for part in ("name", "value", "zone")
    )
    letters = "".join(chr(ord("a") + int(digit, 16)) for digit in zone[:10])
    return {
        "Name": f"_{name[:32]}.{base}.",
        "Type": "CNAME",
        "Value": f"_{value[:32]}.{letters}.acm-validations.aws.",
    }


def settle(account_id: str, certificate: Certificate):
    """Takes note of what has happened since the last look."""
    if (
        certificate.issued_at
        or certificate.timed_out
        or certificate.method != "DNS"
        or not is_over(certificate.record_due)
    ):
        return
    for domain in certificate.domains:
        record = validation_record(account_id, domain)
        since = route53.cname_since(account_id, record["Name"], record["Value"])
        if since is not None and is_over(after(max(since, certificate.requested), "acm.issued_after_record")):
            certificate.validated.add(domain)
        else:
            certificate.validated.discard(domain)
    if len(certificate.validated) == len(certificate.domains):
        certificate.issued_at = epoch()
    elif clock.now() - certificate.requested > SECONDS["acm.validation_times_out"]:
        certificate.timed_out = True


def find(context, arn) -> Certificate:
    certificate = here(context).certificates.get(arn)
    if certificate is None:
        raise error(
            "ResourceNotFoundException", f"Could not find certificate {arn} in account {context.account_id}."
        )
    settle(context.account_id, certificate)
    return certificate


def status_of(account_id: str, region: str, arn: str) -> str | None:
    """For the services that use certificates: None when the region has no such certificate."""
    certificate = regions[account_id, region].certificates.get(arn)
    if certificate is None:
        return None
    settle(account_id, certificate)
    return certificate.status


def in_use_by(account_id: str, region_name: str, arn: str) -> list[str]:
    """Its users, also those of a moment ago: ACM notices the end of a use with delay."""
    if arn not in regions[account_id, region_name].certificates:
        return []
    users = []
    for using, used, noticed in certificate_users.publish(account_id, region_name, arn):
        users += using + (used if not is_over(noticed) else [])
    return sorted(set(users))


def delete_certificate(context, request):
    certificate = find(context, request["CertificateArn"])
    if in_use_by(context.account_id, context.region, certificate.arn):
        raise error(
            "ResourceInUseException",
            f"Certificate {certificate.arn} in account {context.account_id} is in use.",
        )
    del here(context).certificates[certificate.arn]


def update_options(context, request):
    find(context, request["CertificateArn"]).options |= request["Options"]


# --- reading --------------------------------------------------------------------------------------


def describe_certificate(context, request):
    certificate = find(context, request["CertificateArn"])
    users = in_use_by(context.account_id, context.region, certificate.arn)
    described = {
        "CertificateArn": certificate.arn,
        "DomainName": certificate.domains[0],
        "SubjectAlternativeNames": certificate.domains,
        "DomainValidationOptions": [
            domain_validation(context.account_id, certificate, d) for d in certificate.domains
        ],
        "Subject": f"CN={certificate.domains[0]}",
        "Issuer": "Amazon",
        "CreatedAt": certificate.created_at,
        "Status": certificate.status,
        "KeyAlgorithm": certificate.key_algorithm.replace("_", "-", 1),
        "SignatureAlgorithm": "SHA256WITHRSA",
        "InUseBy": users,
        "Type": "AMAZON_ISSUED",
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
        "RenewalEligibility": "ELIGIBLE" if users else "INELIGIBLE",
        "Options": certificate.options,
    }
    if certificate.issued_at:
        described |= issued_details(certificate)
    if consistency.not_visible_yet("consistency.acm_describe", certificate.arn):
        del described["DomainValidationOptions"]
    return {"Certificate": described}


def domain_validation(account_id, certificate, domain) -> dict:
    validated = bool(certificate.issued_at) or domain in certificate.validated
    described = {
        "DomainName": domain,
        "ValidationDomain": domain,
        "ValidationStatus": "SUCCESS"
        if validated
        else "FAILED"
        if certificate.timed_out
        else "PENDING_VALIDATION",
        "ValidationMethod": certificate.method,
    }
    if certificate.method == "DNS" and is_over(certificate.record_due):
        described["ResourceRecord"] = validation_record(account_id, domain)
    return described


def issued_details(certificate) -> dict:
    return {
        "IssuedAt": certificate.issued_at,
        "NotBefore": certificate.issued_at,
        "NotAfter": certificate.issued_at + VALID_DAYS * 86400,
        "Serial": ":".join(re.findall("..", uuid.UUID(certificate.arn[-36:]).hex)),
        "KeyUsages": [{"Name": "DIGITAL_SIGNATURE"}, {"Name": "KEY_ENCIPHERMENT"}],
        "ExtendedKeyUsages": [{"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}],
    }


def list_certificates(context, request):
    certificates = list(here(context).certificates.values())
    for certificate in certificates:
        settle(context.account_id, certificate)
    statuses = request.get("CertificateStatuses")
    key_types = (request.get("Includes") or {}).get("keyTypes") or DEFAULT_KEY_TYPES
    chosen = [
        c for c in certificates if c.key_algorithm in key_types and (not statuses or c.status in statuses)
    ]
    shown, token = page(chosen, request.get("NextToken"), request.get("MaxItems") or 1000)
    answer = {"CertificateSummaryList": [summary(context, c) for c in shown]}
    return answer | ({"NextToken": token} if token else {})


def summary(context, certificate) -> dict:
    described = {
        "CertificateArn": certificate.arn,
        "DomainName": certificate.domains[0],
        "SubjectAlternativeNameSummaries": certificate.domains,
        "HasAdditionalSubjectAlternativeNames": False,
        "Status": certificate.status,
        "Type": "AMAZON_ISSUED",
        "KeyAlgorithm": certificate.key_algorithm.replace("_", "-", 1),
        "InUse": bool(in_use_by(context.account_id, context.region, certificate.arn)),
        "CreatedAt": certificate.created_at,
    }
    if certificate.issued_at:
        details = issued_details(certificate)
        described |= {name: details[name] for name in ("IssuedAt", "NotBefore", "NotAfter")}
    return described


# --- tags -----------------------------------------------------------------------------------------


def add_tags(context, request):
    find(context, request["CertificateArn"]).tags |= tag_dict(request["Tags"])


def remove_tags(context, request):
    tags = find(context, request["CertificateArn"]).tags
    for tag in request["Tags"]:
        # With a value given only exactly that pair goes.
        if "Value" not in tag or tags.get(tag["Key"]) == tag["Value"]:
            tags.pop(tag["Key"], None)


def list_tags(context, request):
    return {"Tags": tag_list(find(context, request["CertificateArn"]).tags)}


def tagged(account_id: str, region: str):
    for certificate in list(regions[account_id, region].certificates.values()):
        yield certificate.arn, certificate.tags
