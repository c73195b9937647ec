import pytest
from conftest import changes, create_zone, eventually, fails, issued_certificate, record

pytestmark = pytest.mark.usefixtures("step")


@pytest.fixture
def domain(name):
    return f"{name}.example.com"


def request(aws, domain, region="us-east-1", **more):
    return aws("acm", region).request_certificate(DomainName=domain, ValidationMethod="DNS", **more)[
        "CertificateArn"
    ]


def describe(aws, arn):
    return aws("acm", arn.split(":")[3]).describe_certificate(CertificateArn=arn)["Certificate"]


def cname(aws, arn, position=0):
    return eventually(lambda: describe(aws, arn)["DomainValidationOptions"][position].get("ResourceRecord"))


def test_the_record_appears_after_a_moment(aws, domain):
    certificate = describe(aws, request(aws, domain))
    assert certificate["Status"] == "PENDING_VALIDATION"
    assert "ResourceRecord" not in certificate["DomainValidationOptions"][0]
    assert cname(aws, certificate["CertificateArn"])["Type"] == "CNAME"


def test_the_record_is_the_same_in_every_region_and_for_the_wildcard(aws, domain):
    one, other = (
        request(aws, domain),
        request(aws, f"*.{domain}", "eu-west-1", SubjectAlternativeNames=[domain]),
    )
    assert cname(aws, one) == cname(aws, other) == cname(aws, other, 1)
    assert cname(aws, one)["Name"].endswith(f".{domain}.")


def test_not_issued_without_the_record(aws, domain):
    zone, arn = create_zone(aws, domain), request(aws, domain)
    record_ = cname(aws, arn)
    wrong = changes(("CREATE", record(record_["Name"], "CNAME", "something.else.")))
    aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=wrong)
    with pytest.raises(AssertionError):
        eventually(lambda: describe(aws, arn)["Status"] == "ISSUED", seconds=2)


def test_issued_a_while_after_the_record(aws, domain):
    zone, arn = create_zone(aws, domain), request(aws, domain)
    record_ = cname(aws, arn)
    batch = changes(("CREATE", record(record_["Name"], "CNAME", record_["Value"])))
    aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    assert describe(aws, arn)["Status"] == "PENDING_VALIDATION"
    eventually(lambda: describe(aws, arn)["Status"] == "ISSUED")
    assert describe(aws, arn)["DomainValidationOptions"][0]["ValidationStatus"] == "SUCCESS"


def test_token_and_tags(aws, domain):
    tags = [{"Key": "isobar:stack", "Value": "x"}]
    one = request(aws, domain, IdempotencyToken="abc_1", Tags=tags)
    assert request(aws, domain, IdempotencyToken="abc_1", Tags=tags) == one
    assert request(aws, domain, IdempotencyToken="abc_2") != one
    assert aws("acm").list_tags_for_certificate(CertificateArn=one)["Tags"] == tags
    with fails("ValidationException"):
        request(aws, domain, IdempotencyToken="with-dash")


def test_list_shows_rsa_keys_only_by_default(aws, domain):
    arn = request(aws, domain, KeyAlgorithm="EC_prime256v1")
    assert arn not in [c["CertificateArn"] for c in aws("acm").list_certificates()["CertificateSummaryList"]]
    found = aws("acm").list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})["CertificateSummaryList"]
    assert arn in [c["CertificateArn"] for c in found]


def test_a_certificate_in_use_is_not_deleted(aws, domain):
    arn = issued_certificate(aws, "eu-west-1", domain, create_zone(aws, domain))
    gateway, acm = aws("apigateway", "eu-west-1"), aws("acm", "eu-west-1")
    gateway.create_domain_name(
        domainName=domain, regionalCertificateArn=arn, endpointConfiguration={"types": ["REGIONAL"]}
    )
    assert describe(aws, arn)["InUseBy"]
    with fails("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=arn)
    gateway.delete_domain_name(domainName=domain)
    with fails("ResourceInUseException"):  # the end of a use is noticed with delay
        acm.delete_certificate(CertificateArn=arn)
    eventually(lambda: not describe(aws, arn)["InUseBy"])
    acm.delete_certificate(CertificateArn=arn)
    with fails("ResourceNotFoundException"):
        describe(aws, arn)
