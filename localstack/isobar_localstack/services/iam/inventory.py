"""IAM: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import collect, names_of


def live(client):
    pages = list(
        client.get_paginator("get_account_authorization_details").paginate(
            Filter=["Role", "LocalManagedPolicy"]
        )
    )
    for role in collect(pages, "RoleDetailList"):
        yield "role", role["RoleName"]
        for policy in role.get("RolePolicyList", []):
            yield "role-policy", f"{role['RoleName']}/{policy['PolicyName']}"
    for policy in collect(pages, "Policies"):
        yield "policy", policy["PolicyName"]
    for profile in names_of(client, "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"):
        yield "instance-profile", profile
