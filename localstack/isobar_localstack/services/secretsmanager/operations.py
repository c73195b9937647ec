"""Secrets Manager: its operations. Time passes before each request, and one is served at a time."""

import functools

from isobar_localstack.realism import consistency
from isobar_localstack.services.secretsmanager import (
    listing,
    passwords,
    policies,
    replication,
    rotation,
    secrets,
    versions,
)
from isobar_localstack.services.secretsmanager.state import lock, scheduled


def operations(original: dict) -> dict:
    own = {
        "BatchGetSecretValue": listing.get_values,
        "CancelRotateSecret": rotation.cancel,
        "CreateSecret": secrets.create,
        "DeleteResourcePolicy": policies.delete,
        "DeleteSecret": secrets.delete,
        "DescribeSecret": secrets.describe,
        "GetRandomPassword": passwords.get_random,
        "GetResourcePolicy": policies.get,
        "GetSecretValue": versions.get_value,
        "ListSecretVersionIds": versions.list_versions,
        "ListSecrets": consistency.eventually_listed("SecretList", "Name", "secretsmanager")(
            listing.list_secrets
        ),
        "PutResourcePolicy": policies.put,
        "PutSecretValue": versions.put_value,
        "RemoveRegionsFromReplication": replication.remove_regions,
        "ReplicateSecretToRegions": replication.replicate,
        "RestoreSecret": secrets.restore,
        "RotateSecret": rotation.rotate,
        "StopReplicationToReplica": replication.stop,
        "TagResource": secrets.tag,
        "UntagResource": secrets.untag,
        "UpdateSecret": secrets.update,
        "UpdateSecretVersionStage": versions.update_stage,
        "ValidateResourcePolicy": policies.validate,
    }
    return {name: in_turn(handler) for name, handler in own.items()}


def in_turn(handler):
    @functools.wraps(handler)
    def run(context, request):
        with lock:
            scheduled.settle()
            return handler(context, request)

    return run
