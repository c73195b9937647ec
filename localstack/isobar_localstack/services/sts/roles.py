"""STS: LocalStack's own.

Gap of LocalStack closed here: roles that do not exist could be assumed.

AWS rule followed: AssumeRole of a role that is not there, or not seen yet, is AccessDenied.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import replaced
from isobar_localstack.services.iam import roles as iam


def operations(original: dict) -> dict:
    return replaced(original, {"AssumeRole": assume_role})


def assume_role(original):
    def handler(context, request):
        arn = request["RoleArn"]
        known = arn.split(":")[4:5] != [context.account_id] or iam.usable_role(context.account_id, arn)
        if not known and not context.is_internal_call:
            raise error(
                "AccessDenied",
                f"User: arn:aws:iam::{context.account_id}:root is not authorized to perform: sts:AssumeRole on resource: {arn}",
                403,
            )
        return original(context, request)

    return handler
