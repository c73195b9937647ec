"""Tags, the same for every service: at most 50, `aws:` is reserved, no key twice.

Runs on every operation that sets tags, wherever the request carries them. The codes differ per
service; where the table has no line, it is the service's code for wrong values.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches

LISTS = ("Tags", "tags", "TagList", "AddTags")
NOT_SETTING = ("Untag", "Remove", "Delete", "Describe", "List", "Get")

# service: (default code, code for too many, code for a reserved key, code for a key given twice)
CODES = {
    "acm": ("InvalidTagException", "TooManyTagsException", "InvalidTagException", "InvalidTagException"),
    "apigateway": ("BadRequestException",) * 4,
    "apigatewayv2": ("BadRequestException",) * 4,
    "application-autoscaling": (
        "ValidationException",
        "TooManyTagsException",
        "ValidationException",
        "ValidationException",
    ),
    "autoscaling": ("ValidationError",) * 4,
    "cloudwatch": ("InvalidParameterValue",) * 4,
    "dynamodb": ("ValidationException",) * 4,
    "ec2": ("InvalidParameterValue", "TagLimitExceeded", "InvalidParameterValue", "InvalidParameterValue"),
    "ecs": ("InvalidParameterException",) * 4,
    "elbv2": ("ValidationError", "TooManyTags", "ValidationError", "DuplicateTagKeys"),
    "iam": ("ValidationError", "ValidationError", "InvalidInput", "InvalidInput"),
    "kms": ("TagException",) * 4,
    "lambda": ("InvalidParameterValueException",) * 4,
    "logs": (
        "InvalidParameterException",
        "TooManyTagsException",
        "InvalidParameterException",
        "InvalidParameterException",
    ),
    "rds": ("InvalidParameterValue",) * 4,
    "resourcegroupstaggingapi": ("InvalidParameterException",) * 4,
    "route53": ("InvalidInput",) * 4,
    "s3": ("InvalidTag", "BadRequest", "InvalidTag", "InvalidTag"),
    "secretsmanager": ("InvalidParameterException",) * 4,
    "sns": ("InvalidParameter", "TagLimitExceeded", "InvalidParameter", "InvalidParameter"),
    "sqs": ("InvalidParameterValue",) * 4,
}


def check(context, request):
    service = context.service.service_name
    if service not in CODES or context.operation.name.startswith(NOT_SETTING):
        return
    for pairs in tag_lists(request):
        check_pairs(service, pairs)


def tag_lists(request):
    for name in LISTS:
        if request.get(name):
            yield pairs_of(request[name])
    for specification in request.get("TagSpecifications") or []:
        yield pairs_of(specification.get("Tags") or [])
    for holder in ("CreateBucketConfiguration", "Tagging"):
        if isinstance(request.get(holder), dict):
            inner = request[holder]
            yield pairs_of(inner.get("Tags") or inner.get("TagSet") or [])


def pairs_of(tags) -> list[tuple[str, str]]:
    if isinstance(tags, dict):
        return [(key, value or "") for key, value in tags.items()]
    return [
        (
            tag.get("Key", tag.get("key", tag.get("TagKey"))) or "",
            tag.get("Value", tag.get("value", tag.get("TagValue"))) or "",
        )
        for tag in tags
        if isinstance(tag, dict)
    ]


def check_pairs(service, pairs):
    default, too_many, reserved, twice = CODES[service]
    if len(pairs) > fact("tags.number"):
        raise error(too_many, f"The number of tags exceeds the limit of {fact('tags.number')}")
    seen = set()
    for key, value in pairs:
        if key.lower().startswith("aws:"):
            raise error(reserved, "Tag keys starting with 'aws:' are reserved for internal use")
        if not key or len(key) > fact("tags.key_characters"):
            raise error(
                default, f"Tag key '{key}' must have a length between 1 and {fact('tags.key_characters')}"
            )
        if len(value) > fact("tags.value_characters"):
            raise error(
                default, f"Tag value exceeds the maximum length of {fact('tags.value_characters')} characters"
            )
        if service == "apigateway" and not matches(fact("apigateway.tag_key"), key):
            raise error(default, f"Invalid tag key: {key}. Tag keys may contain only a-zA-Z0-9+-=._:/")
        if key in seen:
            raise error(twice, f"Duplicate tag keys found: {key}")
        seen.add(key)
