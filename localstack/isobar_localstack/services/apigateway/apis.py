"""API Gateway (REST, v1): APIs, import, deployments, account and tags.

LocalStack keeps APIs and their methods in moto; its import stays in use. Gaps closed here: the
import dropped connectionId, integrationTarget and credentials, kept the old title and forgot to
roll back; settings of an API were patched in part; deployments in use and APIs with base path
mappings could be deleted; tags went to a place where no read looked; every account came with a
logging role. Stages are in `stages`, domain names in `domains`, integrations in
`integrations`.

AWS rules followed: an API is UPDATING for a quarter of an hour when its security policy changes;
overwriting an API replaces everything its document can say, the title is the API's name, and a setting
the document does not mention goes back to its default. An API has 300 resources, the root among them [memory].
"""

import copy
import io
import json

from localstack.aws.api import CommonServiceException

from isobar_localstack.core.durations import due, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import one_at_a_time
from isobar_localstack.realism import quotas
from isobar_localstack.services.apigateway import domains, integrations, stages
from isobar_localstack.services.apigateway import vpc_links as links
from isobar_localstack.services.apigateway.state import (
    account_roles,
    answer_page,
    bad_request,
    find_api,
    logging_role,
    moto_api,
    moto_apis,
)
from isobar_localstack.services.iam.roles import trusts, usable_allows, usable_role

COMPRESSION_LIMIT = 10485760


def operations(original: dict) -> dict:
    own = {
        "CreateRestApi": created_api(original["CreateRestApi"]),
        "GetRestApi": lambda context, request: describe(find_api(context, request)),
        "GetRestApis": list_apis,
        "UpdateRestApi": update_api,
        "PutRestApi": put_api(original["PutRestApi"]),
        "ImportRestApi": imported_api(original["ImportRestApi"]),
        "CreateResource": create_resource(original["CreateResource"]),
        "DeleteRestApi": delete_api(original["DeleteRestApi"]),
        "PutIntegration": integrations.put(original["PutIntegration"]),
        "GetAccount": lambda context, request: describe_account(context),
        "UpdateAccount": update_account,
        "GetTags": lambda context, request: {"tags": dict(tags_of(context, request["resourceArn"]))},
        "TagResource": lambda context, request: tags_of(context, request["resourceArn"]).update(
            request["tags"]
        ),
        "UntagResource": untag,
    }
    every = one_at_a_time(
        own | stages.operations(original) | domains.operations() | links.operations(original)
    )
    return every | {"CreateDeployment": integrations.once_linked(every["CreateDeployment"])}


# --- REST APIs ------------------------------------------------------------------------------------


def settings(api) -> dict:
    """Settings that moto's object has no place for."""
    if not hasattr(api, "isobar_settings"):
        api.isobar_settings = {}
    return api.isobar_settings


def describe(api) -> dict:
    described = {
        "id": api.id,
        "name": api.name,
        "createdDate": api.create_date,
        "apiKeySource": api.api_key_source,
        "endpointConfiguration": {"ipAddressType": "ipv4"} | api.endpoint_configuration,
        "disableExecuteApiEndpoint": bool(api.disableExecuteApiEndpoint),
        "rootResourceId": api.root_resource_id,
        "tags": dict(api.tags or {}),
        "apiStatus": "AVAILABLE" if is_over(busy_until(api)) else "UPDATING",
    }
    optional = {
        "description": api.description,
        "version": api.version,
        "binaryMediaTypes": list(api.binaryMediaTypes or []),
        "policy": escaped(api.policy) if api.policy else None,
    }
    described |= {name: value for name, value in optional.items() if value}
    if api.minimum_compression_size is not None:
        described["minimumCompressionSize"] = api.minimum_compression_size
    return described | settings(api)


def busy_until(api) -> float:
    return getattr(api, "isobar_busy_until", 0.0)


def escaped(policy: str) -> str:
    """API Gateway answers policies with their quotes escaped once more."""
    return json.dumps(policy)[1:-1]


def created_api(original):
    def create(context, request):
        answer = original(context, request)
        api = moto_api(context.account_id, context.region, answer["id"])
        api.version = request.get("version")
        api.description = request.get("description")
        api.policy = request.get("policy")
        api.tags = dict(request.get("tags") or {})
        api.disableExecuteApiEndpoint = bool(request.get("disableExecuteApiEndpoint"))
        api.endpoint_configuration = {"types": ["EDGE"]} | (request.get("endpointConfiguration") or {})
        for name in ("securityPolicy", "endpointAccessMode"):
            if request.get(name):
                settings(api)[name] = request[name]
        return describe(api)

    return create


def list_apis(context, request):
    apis = sorted(moto_apis(context.account_id, context.region).values(), key=lambda api: api.id)
    return answer_page("items", [describe(api) for api in apis], request)


def delete_api(original):
    def delete(context, request):
        api = find_api(context, request)
        if domains.has_mapping_to(context.account_id, context.region, api.id):
            raise bad_request(
                "Please remove all base path mappings related to the API in your domains before deleting the API."
            )
        links.check_not_planned(context, api.id)
        return original(context, request)

    return delete


# --- patches of an API ----------------------------------------------------------------------------


def update_api(context, request):
    api = find_api(context, request)
    changed = copy.copy(api)  # nothing may stay when a later patch is refused
    changed.binaryMediaTypes = list(api.binaryMediaTypes or [])
    changed.endpoint_configuration = copy.deepcopy(api.endpoint_configuration)
    changed.isobar_settings = dict(settings(api))
    for patch in request.get("patchOperations") or []:
        patch_api(changed, patch["op"], patch["path"], patch.get("value"))
    if slow_settings(changed) != slow_settings(api):
        if not is_over(busy_until(api)):
            raise error(
                "ConflictException", "The API is being updated; wait until its status is AVAILABLE.", 409
            )
        changed.isobar_busy_until = due("apigateway.security_policy_changing")
    api.__dict__.update(changed.__dict__)
    return describe(api)


def slow_settings(api) -> tuple:
    return tuple(settings(api).get(name) or None for name in ("securityPolicy", "endpointAccessMode"))


def patch_api(api, op: str, path: str, value):
    if path.startswith("/binaryMediaTypes/"):
        return patch_binary_types(api, op, path.split("/", 2)[2].replace("~1", "/"), value)
    if op != "replace" and not (op == "remove" and path in ("/policy", "/description")):
        raise bad_request(f"Invalid patch operation '{op}' for path {path}")
    value = None if op == "remove" else value
    match path:
        case "/name":
            if not value:
                raise bad_request("API name cannot be empty")
            api.name = value
        case "/description":
            api.description = value
        case "/version":
            api.version = value
        case "/policy":
            api.policy = checked_policy(value)
        case "/apiKeySource":
            api.api_key_source = value
        case "/disableExecuteApiEndpoint":
            api.disableExecuteApiEndpoint = str(value).lower() == "true"
        case "/minimumCompressionSize":
            api.minimum_compression_size = compression_size(value)
        case "/securityPolicy" | "/endpointAccessMode":
            settings(api)[path[1:]] = value
        case "/endpointConfiguration/ipAddressType":
            api.endpoint_configuration["ipAddressType"] = value
        case _ if path.startswith("/endpointConfiguration/types/"):
            api.endpoint_configuration["types"] = [value]
        case _:
            raise bad_request(f"Invalid patch path {path}")


def patch_binary_types(api, op: str, kind: str, value):
    if op == "add":
        if kind not in api.binaryMediaTypes:
            api.binaryMediaTypes.append(kind)
        return
    if kind not in api.binaryMediaTypes:
        raise bad_request(f"Invalid patch path: the API has no binary media type {kind}")
    api.binaryMediaTypes.remove(kind)
    if op == "replace":
        api.binaryMediaTypes.append(value)


def compression_size(value) -> int | None:
    if value in (None, "", "null"):
        return None
    if not str(value).lstrip("-").isdigit() or not 0 <= int(value) <= COMPRESSION_LIMIT:
        raise bad_request(f"Invalid minimum compression size, must be between 0 and {COMPRESSION_LIMIT}")
    return int(value)


def checked_policy(value) -> str | None:
    if not value:
        return None
    try:
        json.loads(value)
    except ValueError:
        raise bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
        ) from None
    return value


# --- import ---------------------------------------------------------------------------------------


def put_api(original):
    def put(context, request):
        api = find_api(context, request)
        body = request["body"].read()
        document = parsed(body)
        container = container_of(context, api.id)
        before = copy.deepcopy(api.__dict__), copy.deepcopy(container.__dict__)
        root_id, endpoint = api.root_resource_id, api.endpoint_configuration
        try:
            if request.get("mode") == "overwrite":
                forget_definition(api, container)
            answer = original(context, request | {"body": io.BytesIO(body)})
            keep_root(api, container, root_id)
            check_size(api)
            # A document cannot change the type of the endpoint, only its details.
            api.endpoint_configuration = {**(api.endpoint_configuration or {}), **endpoint}
            finish_import(context, api, document, request.get("mode"))
            warnings = (answer or {}).get("warnings")
            if warnings and request.get("failOnWarnings"):
                raise bad_request("Warnings found during import:\n\t" + "\n\t".join(warnings))
        except Exception:
            api.__dict__.update(before[0])
            container.__dict__.update(before[1])
            raise
        return describe(api) | ({"warnings": warnings} if warnings else {})

    return put


def imported_api(original):
    def import_api(context, request):
        answer = original(context, request)
        try:
            check_size(moto_api(context.account_id, context.region, answer["id"]))
        except CommonServiceException:
            moto_apis(context.account_id, context.region).pop(answer["id"])
            raise
        return answer

    return import_api


def create_resource(original):
    def create(context, request):
        check_size(find_api(context, request), 1)
        return original(context, request)

    return create


def check_size(api, more: int = 0):
    quotas.check("resources_of_api", len(api.resources) + more)


def parsed(body: bytes) -> dict:
    import yaml

    try:
        document = yaml.safe_load(body)  # JSON is YAML too
    except (yaml.YAMLError, ValueError):
        document = None
    if not isinstance(document, dict) or not (document.get("openapi") or document.get("swagger")):
        raise bad_request("Invalid OpenAPI input.")
    return document


def container_of(context, api_id: str):
    from localstack.services.apigateway.models import apigateway_stores

    return apigateway_stores[context.account_id][context.region].rest_apis[api_id]


def forget_definition(api, container):
    for parts in (
        container.authorizers,
        container.validators,
        container.models,
        container.gateway_responses,
        container.documentation_parts,
        container.resource_children,
    ):
        parts.clear()
    root = api.resources.get(api.root_resource_id)
    if root:
        root.resource_methods = {}
        api.resources = {root.id: root}
    api.policy = None
    api.minimum_compression_size = None
    api.api_key_source = "HEADER"


def keep_root(api, container, root_id: str):
    """The import makes a new root resource; on AWS the root of an API keeps its id."""
    made = api.root_resource_id
    if made == root_id or made not in api.resources:
        return
    root = api.resources[made]
    root.id = root_id
    api.resources = {root_id if key == made else key: resource for key, resource in api.resources.items()}
    for resource in api.resources.values():
        if resource.parent_id == made:
            resource.parent_id = root_id
    for method in root.resource_methods.values():
        if method.method_integration:
            method.method_integration.cache_namespace = root_id
    container.resource_children = {
        root_id if parent == made else parent: [root_id if child == made else child for child in children]
        for parent, children in container.resource_children.items()
    }
    api.root_resource_id = root_id


def finish_import(context, api, document: dict, mode: str | None):
    """Everything LocalStack's import leaves out."""
    info = document.get("info") or {}
    if info.get("title"):
        api.name = info["title"]
    extension = document.get("x-amazon-apigateway-endpoint-configuration") or {}
    api.endpoint_configuration.pop("disableExecuteApiEndpoint", None)
    if "disableExecuteApiEndpoint" in extension:
        api.disableExecuteApiEndpoint = bool(extension["disableExecuteApiEndpoint"])
    elif mode == "overwrite":
        api.disableExecuteApiEndpoint = False
    resources = {resource.get_path(): resource for resource in api.resources.values()}
    for path, methods in (document.get("paths") or {}).items():
        for name, operation in methods.items():
            if isinstance(operation, dict) and path in resources:
                finish_integration(
                    context, resources[path], name, operation.get("x-amazon-apigateway-integration")
                )


def finish_integration(context, resource, method_name: str, extension: dict | None):
    name = "ANY" if method_name == "x-amazon-apigateway-any-method" else method_name.upper()
    method = resource.resource_methods.get(name)
    if method is None:
        return
    if not extension:
        method.method_integration = None  # the import invents an empty one
        return
    integrations.apply_fields(context, method.method_integration, extension)
    if extension.get("cacheNamespace"):
        method.method_integration.cache_namespace = extension["cacheNamespace"]


# --- account --------------------------------------------------------------------------------------


def describe_account(context):
    account = {
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    }
    role = logging_role(context)
    return account | ({"cloudwatchRoleArn": role} if role else {})


def update_account(context, request):
    for patch in request.get("patchOperations") or []:
        if patch["path"] != "/cloudwatchRoleArn" or patch["op"] not in ("replace", "add", "remove"):
            raise bad_request(f"Invalid patch operation {patch['op']} {patch['path']}")
        role = patch.get("value") if patch["op"] != "remove" else None
        if role:
            check_logging_role(context, role)
        account_roles[context.account_id, context.region] = role or ""
    return describe_account(context)


def check_logging_role(context, arn: str):
    role = usable_role(context.account_id, arn)
    may_log = (
        role
        and trusts(role, "apigateway.amazonaws.com")
        and usable_allows(context.account_id, role, "logs:PutLogEvents")
    )
    if not may_log:
        raise bad_request(
            "The role ARN does not have required permissions configured. Please grant trust "
            "permission for API Gateway and add the required role policy."
        )


# --- tags -----------------------------------------------------------------------------------------


def tags_of(context, arn: str) -> dict:
    """The tags themselves, to read and to change, of the thing with this ARN."""
    path = arn.split("::", 1)[-1].strip("/").split("/")
    account, region = context.account_id, context.region
    thing = None
    match path:
        case ["restapis", api_id]:
            thing = moto_api(account, region, api_id)
        case ["restapis", api_id, "stages", name]:
            api = moto_api(account, region, api_id)
            thing = api and stages.find_or_none(api, name)
        case ["domainnames", name]:
            thing = domains.regions[account, region].domains.get(name.lower())
        case ["vpclinks", link_id]:
            from localstack.services.apigateway.models import apigateway_stores

            link = apigateway_stores[account][region].vpc_links.get(link_id)
            if link is not None:
                return link.setdefault("tags", {})
    if thing is None:
        raise error("NotFoundException", f"Invalid resource identifier specified: {arn}", 404)
    if thing.tags is None:
        thing.tags = {}
    return thing.tags


def untag(context, request):
    tags = tags_of(context, request["resourceArn"])
    for key in request["tagKeys"]:
        tags.pop(key, None)


def tagged(account_id: str, region: str):
    prefix = f"arn:aws:apigateway:{region}::"
    for api in list(moto_apis(account_id, region).values()):
        yield f"{prefix}/restapis/{api.id}", dict(api.tags or {})
        for name, stage in list(stages.stages_of(api).items()):
            yield f"{prefix}/restapis/{api.id}/stages/{name}", stage.tags
    for name, domain in list(domains.regions[account_id, region].domains.items()):
        yield f"{prefix}/domainnames/{name}", domain.tags
