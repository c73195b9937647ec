"""API Gateway (REST): names, sizes and timeouts. Stage variables are checked where stages are kept."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches


def bad_request(message):
    return error("BadRequestException", message)


def stage_name(context, request):
    name = request.get("stageName")
    if name and not matches(fact("apigateway.stage_name"), name):
        raise bad_request("Stage name only allows a-zA-Z0-9_-")


def stage_variables(context, request):
    for name, value in (request.get("variables") or {}).items():
        if not matches(fact("apigateway.stage_variable_name"), name):
            raise bad_request(f"Stage variable name {name} may contain only a-zA-Z0-9_")
        if not matches(fact("apigateway.stage_variable_value"), value):
            raise bad_request(f"Stage variable value {value} must match [A-Za-z0-9-._~:/?#&=,]+")


def api(context, request):
    if not request["name"].strip():
        raise bad_request("Invalid API name. API name must not be empty.")
    size, (low, high) = request.get("minimumCompressionSize"), fact("apigateway.compression_size")
    if size is not None and not low <= size <= high:
        raise bad_request(f"Invalid minimum compression size, must be between {low} - {high}")


def api_patches(context, request):
    low, high = fact("apigateway.compression_size")
    for patch in request.get("patchOperations") or []:
        size = patch.get("value")
        if patch.get("path") == "/minimumCompressionSize" and size:
            if not size.isdecimal() or not low <= int(size) <= high:
                raise bad_request(f"Invalid minimum compression size, must be between {low} - {high}")


def definition(context, request):
    body = request.get("body")
    size = len(body) if isinstance(body, (bytes, str)) else context.request.content_length or 0
    if size > fact("apigateway.definition_bytes"):
        raise error("LimitExceededException", "The API definition exceeds 6 MB", 429)


def path_part(context, request):
    if not matches(fact("apigateway.path_part"), request["pathPart"]):
        raise bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
            "beginning and the end."
        )


def integration(context, request):
    timeout, (low, high) = request.get("timeoutInMillis"), fact("apigateway.integration_timeout")
    if timeout is not None and not low <= timeout <= high:
        raise bad_request(f"Timeout should be between {low} ms and {high} ms")
    if request.get("connectionType") == "VPC_LINK" and not request.get("connectionId"):
        raise bad_request("Integration with VPC_LINK needs a connectionId")


def base_path(context, request):
    path = request.get("basePath") or ""
    if "/" in path:
        raise bad_request(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base "
            "path mapping, use API Gateway V2."
        )
    if path != "(none)" and not matches(fact("apigateway.base_path_characters"), path):
        raise bad_request("Invalid base path")


def domain_name(context, request):
    name = request["domainName"]
    if (
        not matches(r"(\*\.)?([a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z0-9\-]{2,63}", name)
        or len(name) > 255
    ):
        raise bad_request(f"Invalid domain name: {name}")
    types = (request.get("endpointConfiguration") or {}).get("types") or ["EDGE"]
    if "REGIONAL" in types and not (
        request.get("regionalCertificateArn") or request.get("regionalCertificateName")
    ):
        raise bad_request("A certificate must be provided for the REGIONAL endpoint of the domain name.")


def account_patches(context, request):
    for patch in request.get("patchOperations") or []:
        value = patch.get("value")
        if (
            patch.get("path") == "/cloudwatchRoleArn"
            and value
            and not matches(r"arn:aws[a-z\-]*:iam::\d{12}:role/.+", value)
        ):
            raise bad_request("Role ARN is not well formed")


RULES = {
    "CreateRestApi": [api],
    "UpdateRestApi": [api_patches],
    "PutRestApi": [definition],
    "ImportRestApi": [definition],
    "CreateResource": [path_part],
    "PutIntegration": [integration],
    "CreateStage": [stage_name, stage_variables],
    "CreateDeployment": [stage_name, stage_variables],
    "CreateBasePathMapping": [base_path],
    "CreateDomainName": [domain_name],
    "UpdateAccount": [account_patches],
}
