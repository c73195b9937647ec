"""S3: LocalStack's own, with the refusals it lacks.

Gaps of LocalStack closed here: DELETE knew no If-Match, neither alone nor in DeleteObjects; the name
of a deleted bucket was free at once; public policies passed the public access block; the role of a
replication was not looked at, and buckets of other regions were not found.

AWS rules followed: If-Match compares with the current version, a delete marker or nothing there
fails; a public policy or ACL is refused where the block says so; a replication needs versioned
buckets on both sides and a role that S3 can assume; ListBuckets lags with eventual consistency.
"""

import json

from isobar_localstack.core.clock import clock
from isobar_localstack.core.durations import SECONDS, after, is_over
from isobar_localstack.core.emulated import loaded
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import regions_of_things
from isobar_localstack.core.operations import replaced
from isobar_localstack.core.state import State
from isobar_localstack.realism import consistency
from isobar_localstack.services.iam.roles import check_principals, trusts, usable_role

stores = State("s3")
deleted_names: dict = stores.store("deleted_names", {})  # bucket -> (region, when)
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")


def operations(original: dict) -> dict:
    return replaced(
        original,
        {
            "CreateBucket": create_bucket,
            "DeleteBucket": delete_bucket,
            "ListBuckets": list_buckets,
            "DeleteObject": delete_object,
            "DeleteObjects": delete_objects,
            "PutBucketPolicy": put_policy,
            "PutBucketAcl": put_acl,
            "PutObjectAcl": put_acl,
            "PutBucketVersioning": put_versioning,
            "PutBucketReplication": put_replication,
        },
    )


def bucket_named(account_id: str, name: str):
    """LocalStack's bucket, in whatever region it is."""
    from localstack.services.s3.models import s3_stores

    for region in list(s3_stores[account_id].values()):
        if name in region.buckets:
            return region.buckets[name]
    return None


# --- names of buckets -----------------------------------------------------------------------------


def create_bucket(original):
    def handler(context, request):
        name = request["Bucket"]
        if not context.is_internal_call:
            check_name_is_free(context, name)
        answer = original(context, request)
        deleted_names.pop(name, None)
        if not context.is_internal_call:
            consistency.mark("consistency.s3_list", context.account_id, name)
        return answer

    return handler


def check_name_is_free(context, name: str):
    region, when = deleted_names.get(name, (None, 0))
    kept = "s3.name_is_kept" if region == context.region else "s3.name_is_kept_elsewhere"
    if region and not is_over(after(when, kept)):
        raise error(
            "OperationAborted",
            "A conflicting conditional operation is currently in progress against this resource. Please try again.",
            409,
        )


def delete_bucket(original):
    def handler(context, request):
        bucket = bucket_named(context.account_id, request["Bucket"])
        answer = original(context, request)
        if bucket and not context.is_internal_call:
            longest = SECONDS["s3.name_is_kept_elsewhere"]
            for name in [
                name for name, (_, when) in list(deleted_names.items()) if is_over(clock.after(when, longest))
            ]:
                deleted_names.pop(name, None)
            deleted_names[bucket.name] = (bucket.bucket_region, clock.now())
        return answer

    return handler


def list_buckets(original):
    def handler(context, request):
        answer = original(context, request)
        if context.is_internal_call:
            return answer
        seen = [
            b
            for b in answer.get("Buckets") or []
            if not consistency.not_visible_yet("consistency.s3_list", context.account_id, b["Name"])
        ]
        return {**answer, "Buckets": seen}

    return handler


# --- conditional deletes --------------------------------------------------------------------------


def precondition_failed():
    return error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)


def check_match(context, bucket_name: str, key: str, wanted: str, version: str | None = None):
    from localstack.services.s3.models import S3DeleteMarker

    bucket = bucket_named(context.account_id, bucket_name)
    if bucket is None:
        raise error("NoSuchBucket", "The specified bucket does not exist", 404)
    try:
        found = bucket.objects.get(key, version) if version else bucket.objects.get(key)
    except TypeError:  # buckets without versions take no version
        found = bucket.objects.get(key)
    if found is None:
        raise error("NoSuchKey", "The specified key does not exist.", 404)
    if isinstance(found, S3DeleteMarker) or wanted.strip('"') not in ("*", found.etag.strip('"')):
        raise precondition_failed()


def delete_object(original):
    def handler(context, request):
        if wanted := request.get("IfMatch"):
            check_match(context, request["Bucket"], request["Key"], wanted, request.get("VersionId"))
        return original(context, {name: value for name, value in request.items() if name != "IfMatch"})

    return handler


def delete_objects(original):
    def handler(context, request):
        kept, errors = [], []
        for entry in request["Delete"].get("Objects") or []:
            try:
                if entry.get("ETag"):
                    check_match(
                        context, request["Bucket"], entry["Key"], entry["ETag"], entry.get("VersionId")
                    )
                kept.append({name: value for name, value in entry.items() if name != "ETag"})
            except Exception as refusal:
                if getattr(refusal, "code", None) not in ("NoSuchKey", "PreconditionFailed"):
                    raise
                errors.append({"Key": entry["Key"], "Code": refusal.code, "Message": refusal.message})
        if not kept:
            return {"Errors": errors}
        answer = original(context, {**request, "Delete": {**request["Delete"], "Objects": kept}})
        return {**answer, "Errors": [*(answer.get("Errors") or []), *errors]} if errors else answer

    return handler


# --- access ---------------------------------------------------------------------------------------


def blocks(context, bucket_name: str, setting: str) -> bool:
    bucket = bucket_named(context.account_id, bucket_name)
    return bool(bucket and (bucket.public_access_block or {}).get(setting))


def denied(what: str):
    return error(
        "AccessDenied",
        f"User: arn:aws:iam::000000000000:root is not authorized to perform: {what} because public "
        "access is prevented by the BlockPublicAccess setting.",
        403,
    )


def put_policy(original):
    def handler(context, request):
        if is_public(request["Policy"]) and blocks(context, request["Bucket"], "BlockPublicPolicy"):
            raise denied("s3:PutBucketPolicy")
        refusal = error("MalformedPolicy", "Invalid principal in policy")
        check_principals(context, request["Policy"], refusal)
        return original(context, request)

    return handler


def is_public(policy: str) -> bool:
    """Open to everybody, without any condition that could narrow it."""
    try:
        statements = json.loads(policy).get("Statement", [])
    except (ValueError, AttributeError):
        return False
    return any(
        statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        for statement in ([statements] if isinstance(statements, dict) else statements)
    )


def put_acl(original):
    def handler(context, request):
        if request.get("ACL") in PUBLIC_ACLS and blocks(context, request["Bucket"], "BlockPublicAcls"):
            raise denied(f"s3:{context.operation.name}")
        return original(context, request)

    return handler


# --- replication ----------------------------------------------------------------------------------


def put_versioning(original):
    def handler(context, request):
        bucket = bucket_named(context.account_id, request["Bucket"])
        status = request["VersioningConfiguration"].get("Status")
        if bucket and bucket.replication and status == "Suspended":
            raise error(
                "InvalidBucketState",
                "A replication configuration is present on this bucket, so you cannot change the "
                "versioning state. To change the versioning state, first delete the replication configuration.",
                409,
            )
        return original(context, request)

    return handler


def put_replication(original):
    """LocalStack looks for destinations in the source's region only; the checks are all done here."""

    def handler(context, request):
        source, wanted = (
            bucket_named(context.account_id, request["Bucket"]),
            request["ReplicationConfiguration"],
        )
        if source is None or not wanted.get("Rules"):
            return original(context, request)
        if source.versioning_status != "Enabled":
            raise error(
                "InvalidRequest",
                "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
            )
        check_replication_role(context, wanted.get("Role") or "")
        for number, rule in enumerate(wanted["Rules"], 1):
            destination = bucket_named(context.account_id, rule["Destination"]["Bucket"].rsplit(":", 1)[-1])
            if destination is None or destination.versioning_status != "Enabled":
                raise error("InvalidRequest", "Destination bucket must have versioning enabled.")
            if "Filter" in rule and ("Priority" not in rule or "DeleteMarkerReplication" not in rule):
                raise error(
                    "InvalidRequest",
                    "Priority and DeleteMarkerReplication must be specified for rules with a Filter.",
                )
            rule.setdefault("ID", f"rule-{number}")
        source.replication = wanted

    return handler


def check_replication_role(context, arn: str):
    role = usable_role(context.account_id, arn)
    if role is None or not trusts(role, "s3.amazonaws.com"):
        raise error(
            "InvalidRequest",
            "The role specified in the replication configuration cannot be assumed by Amazon S3.",
        )


def tagged(account_id: str, region: str):
    from localstack.services.s3.models import s3_stores

    store = s3_stores[account_id][region]
    for name in list(store.buckets):
        yield f"arn:aws:s3:::{name}", bucket_tags(store, name)


def bucket_tags(store, name: str) -> dict:
    for key in (f"arn:aws:s3:::{name}", name):
        if tags := store.tags.get_tags(key):
            return dict(tags)
    return {}


@regions_of_things.subscribe
def regions_of_buckets() -> set[str]:
    if "s3" not in loaded:
        return set()
    from localstack.services.s3.models import s3_stores

    stores_of_regions = [store for account in list(s3_stores.values()) for store in list(account.values())]
    return {bucket.bucket_region for store in stores_of_regions for bucket in list(store.buckets.values())}
