"""KMS: what is alive, as (kind, name). AWS's own keys and aliases are left out."""

from isobar_localstack.core.inventory import names_of, pages_of


def live(client):
    for key_id in names_of(client, "list_keys", "Keys", "KeyId"):
        key = client.describe_key(KeyId=key_id)["KeyMetadata"]
        if key["KeyManager"] == "CUSTOMER":
            yield "key-pending-deletion" if key["KeyState"].startswith("Pending") else "key", key_id
    for alias in pages_of(client, "list_aliases", "Aliases"):
        if not alias["AliasName"].startswith("alias/aws/"):
            yield "alias", alias["AliasName"]
