"""Lambda: settings of functions that LocalStack drops, and the images of functions without a zip file.

Gaps of LocalStack closed here: KMSKeyArn, FileSystemConfigs and Ipv6AllowedForDualStack were
dropped; layers of other accounts could not be used; only the first subnet was looked up and no
security group; SnapStart could not be switched off where it is not supported; all images had the
same hash, and a Docker engine, if there was one, pulled them.

AWS rules followed: a setting that is left out stays, an empty one is cleared; a version freezes
the settings of $LATEST; subnets and security groups come together and have to exist. Layers are
not looked up: every ARN of a layer version of the function's region is taken. Images are not
looked up either; the hash of one is that of its name, or the digest in it.
"""

import functools
import hashlib
import re
from dataclasses import dataclass

from isobar_localstack.core.errors import error
from isobar_localstack.services.lambda_.state import find

LATEST = "$LATEST"
LAYERS_LIMIT = 5
LAYER_ARN = re.compile(r"(arn:[a-zA-Z0-9-]+:lambda:([a-zA-Z0-9-]+):(\d{12}):layer:([a-zA-Z0-9-_]+)):([0-9]+)")


def patch_localstack():
    from localstack.services.lambda_ import provider

    original = provider.LambdaProvider._validate_snapstart

    def check_snap_start(snap_start, runtime):
        if snap_start.get("ApplyOn") != "None":
            original(snap_start, runtime)

    provider.LambdaProvider._validate_snapstart = staticmethod(check_snap_start)
    provider.create_image_code = image_code


def invalid(message: str):
    return error("InvalidParameterValueException", message)


# --- what is kept of a request --------------------------------------------------------------------


def of_versions(function) -> dict:
    """Version -> its settings, under the names of the API."""
    return vars(function).setdefault("isobar_settings", {LATEST: {}})


def keeping(original):
    """For CreateFunction and UpdateFunctionConfiguration."""

    def handler(context, request):
        changes = changed_settings(context, request)
        answer = original(context, {name: value for name, value in request.items() if name != "Layers"})
        versions = of_versions(find(context, answer["FunctionName"]))
        versions[LATEST] = versions[LATEST] | changes
        return answer

    return handler


def changed_settings(context, request) -> dict:
    changes = {
        name: request[name] for name in ("KMSKeyArn", "FileSystemConfigs") if request.get(name) is not None
    }
    if request.get("Layers") is not None:
        changes["Layers"] = layers(context, request["Layers"])
    if vpc := request.get("VpcConfig"):
        check_vpc(context, vpc.get("SubnetIds") or [], vpc.get("SecurityGroupIds") or [])
        changes["Ipv6AllowedForDualStack"] = bool(vpc.get("Ipv6AllowedForDualStack"))
    return changes


# --- layers ---------------------------------------------------------------------------------------


def layers(context, arns: list[str]) -> list[dict]:
    if len(arns) > LAYERS_LIMIT:
        raise invalid("Cannot reference more than 5 layers.")
    seen = {}
    for arn in arns:
        layer, region = parse_layer(arn)
        if region != context.region:
            raise invalid(
                "Layers are not in the same region as the function. "
                f"Layers are expected to be in region {context.region}."
            )
        if layer in seen:
            raise invalid(
                "Two different versions of the same layer are not allowed to be referenced in the same "
                f"function. {seen[layer]} and {arn} are versions of the same layer."
            )
        seen[layer] = arn
    return [{"Arn": arn, "CodeSize": code_size(arn)} for arn in arns]


def parse_layer(arn: str) -> tuple[str, str]:
    """The ARN without the version, and the region."""
    parts = LAYER_ARN.fullmatch(arn)
    if parts is None:
        raise error(
            "ValidationException",
            f"1 validation error detected: Value '[{arn}]' at 'layers' failed to satisfy constraint: Member must satisfy "
            f"constraint: [Member must satisfy regular expression pattern: {LAYER_ARN.pattern}]",
        )
    return parts[1], parts[2]


def code_size(arn: str) -> int:
    """Known of layers published in this emulator."""
    from localstack.services.lambda_.invocation.models import lambda_stores

    _, region, account_id, name, version = LAYER_ARN.fullmatch(arn).groups()
    layer = lambda_stores[account_id][region].layers.get(name)
    found = layer.layer_versions.get(version) if layer else None
    return found.code.code_size if found else 0


# --- networks -------------------------------------------------------------------------------------


def check_vpc(context, subnets: list[str], groups: list[str]):
    if bool(subnets) != bool(groups):
        raise invalid("SubnetIds and SecurityIds must coexist or be both empty list.")
    if subnets:
        ask_ec2(context, "DescribeSubnets", lambda ec2: ec2.describe_subnets(SubnetIds=subnets))
        ask_ec2(context, "DescribeSecurityGroups", lambda ec2: ec2.describe_security_groups(GroupIds=groups))


def ask_ec2(context, operation: str, ask):
    from botocore.exceptions import ClientError
    from localstack.aws.connect import connect_to

    try:
        ask(connect_to(aws_access_key_id=context.account_id, region_name=context.region).ec2)
    except ClientError as failure:
        why = failure.response["Error"]
        raise invalid(
            f"Error occurred while {operation}. EC2 Error Code: {why['Code']}. "
            f"EC2 Error Message: {why['Message']}"
        ) from None


# --- images ---------------------------------------------------------------------------------------


@functools.cache
def image_class():
    from localstack.services.lambda_.invocation.lambda_models import ImageCode

    @dataclass(frozen=True)
    class Image(ImageCode):
        @property
        def resolved_image_uri(self):
            return f"{repository(self.image_uri)}@sha256:{self.code_sha256}"

    return Image


def image_code(image_uri: str):
    _, _, digest = image_uri.partition("@sha256:")
    return image_class()(image_uri, "ECR", digest or hashlib.sha256(image_uri.encode()).hexdigest())


def repository(image_uri: str) -> str:
    """Without digest and tag; a colon before the last slash is that of a port."""
    host, slash, last = image_uri.split("@")[0].rpartition("/")
    return host + slash + last.split(":")[0]


# --- what is shown --------------------------------------------------------------------------------


def showing(original):
    """For every operation that answers with one configuration."""
    return lambda context, request: to_response(context, original(context, request))


def showing_all(key: str):
    def wrap(original):
        def handler(context, request):
            answer = original(context, request)
            return {**answer, key: [to_response(context, one) for one in answer.get(key, [])]}

        return handler

    return wrap


def to_response(context, configuration: dict) -> dict:
    function = find(context, configuration["FunctionName"])
    if function is None:
        return configuration  # deleted meanwhile
    versions = of_versions(function)
    # a version seen first is a new one
    settings = versions.setdefault(configuration["Version"], versions[LATEST])
    more = {
        name: settings[name] for name in ("KMSKeyArn", "FileSystemConfigs", "Layers") if settings.get(name)
    }
    if vpc := configuration.get("VpcConfig"):
        more["VpcConfig"] = {**vpc, "Ipv6AllowedForDualStack": settings.get("Ipv6AllowedForDualStack", False)}
    return {**configuration, **more}


def get_function(original):
    """Reserving nothing at all, 0, is a setting too; LocalStack did not show it."""

    def handler(context, request):
        answer = original(context, request)
        configuration = to_response(context, answer["Configuration"])
        function = find(context, request["FunctionName"])
        reserved = function.reserved_concurrent_executions if function else None
        concurrency = {} if reserved is None else {"Concurrency": {"ReservedConcurrentExecutions": reserved}}
        return {**answer, "Configuration": configuration, **concurrency}

    return handler
