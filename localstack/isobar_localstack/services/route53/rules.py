"""Route 53: names, and values of records that the batch rules in `records` leave open."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches

VALUE_FORMS = {
    "CAA": (r'\d{1,3} [a-zA-Z0-9]{1,15} ".*"', "CAARRDATAInvalid"),
    "MX": (r"\d{1,5}\s+\S+", "MXRRDATAInvalid"),
    "SRV": (r"\d{1,5}\s+\d{1,5}\s+\d{1,5}\s+\S+", "SRVRRDATANotFourFields"),
}


def name_problem(name: str) -> str | None:
    labels = name.rstrip(".").split(".")
    if len(name.rstrip(".")) > fact("route53.name_characters"):
        return f"DomainNameTooLong (Domain name is too long) encountered with '{name}'"
    if any(len(label) > fact("route53.label_characters") for label in labels):
        return f"DomainLabelTooLong (Domain label is too long) encountered with '{name}'"
    if name.rstrip(".") and not all(labels):
        return f"DomainLabelEmpty (Domain label is empty) encountered with '{name}'"
    return None


def zone(context, request):
    if problem := name_problem(request["Name"]):
        raise error("InvalidDomainName", problem)


def records(context, request):
    problems = []
    for change in request["ChangeBatch"]["Changes"]:
        data = change["ResourceRecordSet"]
        if problem := name_problem(data["Name"]):
            problems.append(f"FATAL problem: {problem}")
        form, wrong = VALUE_FORMS.get(data["Type"], (None, None))
        for item in data.get("ResourceRecords") or []:
            if form and not matches(form, item["Value"]):
                problems.append(
                    f"Invalid Resource Record: 'FATAL problem: {wrong} encountered with '{item['Value']}''"
                )
            if data["Type"] == "CNAME" and (problem := name_problem(item["Value"])):
                problems.append(f"Invalid Resource Record: 'FATAL problem: {problem}'")
        check_location(data.get("GeoLocation") or {})
    if problems:
        raise error("InvalidChangeBatch", "[" + ", ".join(problems) + "]")


def check_location(location: dict):
    if location.get("ContinentCode") and (location.get("CountryCode") or location.get("SubdivisionCode")):
        raise error(
            "InvalidInput",
            "Invalid request: ContinentCode must not be given with CountryCode or SubdivisionCode",
        )
    if location.get("SubdivisionCode") and not location.get("CountryCode"):
        raise error("InvalidInput", "Invalid request: SubdivisionCode needs a CountryCode")


def health_check(context, request):
    interval = request["HealthCheckConfig"].get("RequestInterval")
    if interval is not None and interval not in fact("route53.health_intervals"):
        raise error("InvalidInput", "Invalid request: RequestInterval must be 10 or 30")


RULES = {
    "CreateHostedZone": [zone],
    "ChangeResourceRecordSets": [records],
    "CreateHealthCheck": [health_check],
}
