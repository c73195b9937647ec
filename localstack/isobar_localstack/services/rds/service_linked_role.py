"""RDS: its service-linked role, which the first use in an account makes.

AWS rule followed: with eventual consistency it cannot be used at once; whoever makes a cluster or an instance meanwhile is
told to try again [issue] aws-samples/eks-workshop-v2#1609.
"""

from isobar_localstack.realism import consistency
from isobar_localstack.services.rds.state import invalid, service_linked

DURATION = "consistency.rds_service_linked_role"


def make(context):
    if context.account_id not in service_linked:
        service_linked.add(context.account_id)
        consistency.mark(DURATION, context.account_id)


def check(context):
    make(context)
    if consistency.not_visible_yet(DURATION, context.account_id):
        raise invalid(
            "Unable to create the resource. Verify that you have permission to create service linked role. Otherwise "
            "wait and try again later"
        )
