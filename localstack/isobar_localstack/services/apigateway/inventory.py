"""API Gateway (REST): what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import collect, names_of


def live(client):
    for api in collect(client.get_paginator("get_rest_apis").paginate(), "items"):
        yield "rest-api", f"{api['name']} {api['id']}"
        for deployment in collect(
            client.get_paginator("get_deployments").paginate(restApiId=api["id"]), "items"
        ):
            yield "deployment", f"{api['id']}/{deployment['id']}"
        for stage in client.get_stages(restApiId=api["id"])["item"]:
            yield "stage", f"{api['id']}/{stage['stageName']}"
    for domain in names_of(client, "get_domain_names", "items", "domainName"):
        yield "domain-name", domain
        for path in names_of(client, "get_base_path_mappings", "items", "basePath", domainName=domain):
            yield "base-path-mapping", f"{domain}/{path}"
    for link in names_of(client, "get_vpc_links", "items", "id"):
        yield "vpc-link", link
    for plan in names_of(client, "get_usage_plans", "items", "id"):
        yield "usage-plan", plan
    for key in names_of(client, "get_api_keys", "items", "id"):
        yield "api-key", key
    if role := client.get_account().get("cloudwatchRoleArn"):
        yield "account-logging-role", role
