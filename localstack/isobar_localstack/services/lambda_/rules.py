"""Lambda: limits of functions; which of code, runtime and handler belong together."""

import json

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import constraint


def invalid(message):
    return error("InvalidParameterValueException", message)


def timeout(context, request):
    limit = fact("lambda.timeout")
    if (request.get("Timeout") or 0) > limit:  # [doc]
        raise constraint(
            "ValidationException",
            "timeout",
            request["Timeout"],
            f"Member must have value less than or equal to {limit}",
        )


def memory(context, request):
    low, high = fact("lambda.memory")
    size = request.get("MemorySize")
    if size is not None and size > high and not request.get("CapacityProviderConfig"):
        raise invalid(
            f"'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to {high}"
        )


def environment(context, request):
    variables = (request.get("Environment") or {}).get("Variables") or {}
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > fact("lambda.environment_bytes"):  # [doc]
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured}"
        )
    if reserved := [name for name in variables if name in fact("lambda.reserved_variables")]:  # [doc]
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}"
        )


def name(context, request):
    last = request["FunctionName"].rsplit(":", 1)[-1]
    limit = fact("lambda.function_name")
    if len(last) > limit:
        raise constraint(
            "ValidationException",
            "functionName",
            last,
            f"Member must have length less than or equal to {limit}",
        )


def runtime(context, request):
    wanted = request.get("Runtime")
    if wanted in fact("lambda.deprecated_runtimes"):
        raise invalid(
            f"The runtime parameter of {wanted} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )


def package(context, request):
    code, image = request.get("Code") or {}, request.get("PackageType") == "Image"
    if not image and not (request.get("Runtime") and request.get("Handler")):
        raise invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    if image and not code.get("ImageUri"):
        raise invalid("Please provide ImageUri when updating a function with packageType Image.")
    if image and (request.get("Runtime") or request.get("Handler") or request.get("Layers")):
        raise invalid(
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
        )
    one_source(code)


def new_code(context, request):
    one_source(request)


def one_source(code):
    zip_file, bucket, image = code.get("ZipFile"), code.get("S3Bucket"), code.get("ImageUri")
    if sum(bool(source) for source in (zip_file, bucket, image)) > 1:
        raise invalid("Please provide only one of: S3 location, ZipFile or ImageUri.")
    if bucket and not code.get("S3Key"):
        raise invalid("Please provide the S3Key of the code.")
    if zip_file and len(zip_file) > fact("lambda.zip_bytes"):
        raise error(
            "RequestEntityTooLargeException",
            "Request must be smaller than 70167211 bytes for the operation",
            413,
        )


def network(context, request):
    vpc = request.get("VpcConfig") or {}
    if bool(vpc.get("SubnetIds")) != bool(vpc.get("SecurityGroupIds")):
        raise invalid("SubnetIds and SecurityIds must coexist or be both empty list.")


SETTINGS = [timeout, memory, environment, runtime, network]

RULES = {
    "CreateFunction": [name, package, *SETTINGS],
    "UpdateFunctionConfiguration": SETTINGS,
    "UpdateFunctionCode": [new_code],
}
