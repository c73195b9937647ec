"""Lists of secrets, and of their values.

AWS rules followed: secrets that wait for their deletion are left out unless asked for; filters are combined with AND, values
of one with OR, `!` negates; names, tags and regions are matched by their beginnings, descriptions by the beginnings of words.
"""

import re

from localstack.aws.api import CommonServiceException

from isobar_localstack.core.paging import page
from isobar_localstack.services.secretsmanager import secrets as one_by_one
from isobar_localstack.services.secretsmanager import versions
from isobar_localstack.services.secretsmanager.state import Secret, invalid_parameter, secrets

SORTED_BY = {
    "created-date": lambda secret: secret.created,
    "last-accessed-date": lambda secret: secret.accessed or 0,
    "last-changed-date": lambda secret: secret.content.changed,
    "name": lambda secret: secret.name,
}


def list_secrets(context, request):
    chosen = [
        secret
        for secret in here(context, request)
        if secret.deleted is None or request.get("IncludePlannedDeletion")
    ]
    order = SORTED_BY[request.get("SortBy") or "created-date"]
    chosen.sort(key=order, reverse=request.get("SortOrder") == "desc")
    shown, token = page(
        chosen, request.get("NextToken"), request.get("MaxResults") or 100, versions.bad_token()
    )
    answer = {"SecretList": [entry(secret) for secret in shown]}
    return answer | ({"NextToken": token} if token else {})


def here(context, request) -> list[Secret]:
    return [
        secret
        for secret in secrets.values()
        if secret.place[:2] == (context.account_id, context.region)
        and all(matches(secret, wanted) for wanted in request.get("Filters") or [])
    ]


def entry(secret: Secret) -> dict:
    stages = {version.id: version.stages for version in secret.content.versions.values() if version.stages}
    return one_by_one.details(secret) | ({"SecretVersionsToStages": stages} if stages else {})


# --- filters ----------------------------------------------------------------------------------------


def matches(secret: Secret, wanted: dict) -> bool:
    return any(
        is_like(secret, wanted["Key"], value.removeprefix("!")) != value.startswith("!")
        for value in wanted["Values"]
    )


def is_like(secret: Secret, key: str, value: str) -> bool:
    tags, description = secret.content.tags, secret.content.description or ""
    primary = secret.primary_region or (secret.region if secret.replicas else "")
    beginnings = {
        "name": [secret.name],
        "tag-key": list(tags),
        "tag-value": list(tags.values()),
        "primary-region": [primary],
    }
    if key in beginnings:
        return any(text.startswith(value) for text in beginnings[key])
    if key == "owning-service":
        return False
    texts = [description] if key == "description" else [secret.name, description, *tags, *tags.values()]
    words = [word.lower() for text in texts for word in re.split(r"[^A-Za-z0-9]+", text)]
    sought = [word.lower() for word in re.split(r"[^A-Za-z0-9]+", value) if word]
    return bool(sought) and all(any(word.startswith(one) for word in words) for one in sought)


# --- values -----------------------------------------------------------------------------------------


def get_values(context, request):
    names, filters = request.get("SecretIdList"), request.get("Filters")
    if bool(names) == bool(filters):
        raise invalid_parameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    if request.get("MaxResults") and not filters:
        raise invalid_parameter(
            "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."
        )
    names = names or [secret.name for secret in here(context, request) if secret.deleted is None]
    shown, token = page(
        names, request.get("NextToken"), request.get("MaxResults") or 20, versions.bad_token()
    )
    values, problems = [], []
    for name in shown:
        try:
            values.append(versions.get_value(context, {"SecretId": name}))
        except CommonServiceException as problem:
            problems.append({"SecretId": name, "ErrorCode": problem.code, "Message": problem.message})
    answer = {"SecretValues": values, "Errors": problems}
    return answer | ({"NextToken": token} if token else {})
