"""The emulator's own endpoints, under /_isobar. Each is described where it is made."""

import threading

from localstack.aws import handlers
from localstack.http import Resource
from localstack.services.internal import get_internal_apis

from isobar_localstack.core import clock, state
from isobar_localstack.realism import consistency
from isobar_localstack.core.base import READS

regions_used: set = set()
_lock = threading.Lock()


def install():
    from isobar_localstack.services.apigatewayv2 import vpc_links as apigatewayv2
    from isobar_localstack.services.autoscaling import (
        groups as autoscaling, health as autoscaling_health, turns as autoscaling_turns,
    )
    from isobar_localstack.services.application_autoscaling import desired_count
    from isobar_localstack.services.ec2 import quotas as ec2_quotas
    from isobar_localstack.services.ecs import failing_images
    from isobar_localstack.services.elbv2 import targets as elbv2_targets
    from isobar_localstack.services.logs import log_groups as logs
    from isobar_localstack.services.resourcegroupstaggingapi import resources as resourcegroupstaggingapi
    from isobar_localstack.services.route53 import health_status as route53_status

    for path, resource in {
        "autoscaling/desired": autoscaling.DesiredResource(),
        "autoscaling/failing-images": autoscaling_health.FailingImagesResource(),
        "clock": clock.ClockResource(),
        "consistency": consistency.ConsistencyResource(),
        "ecs/desired": desired_count.DesiredResource(),
        "ecs/failing-images": failing_images.FailingImagesResource(),
        "health-checks": route53_status.HealthChecksResource(),
        "inventory": InventoryResource(),
        "late-logs": logs.LateLogsResource(),
        "quotas": ec2_quotas.QuotasResource(),
        "reset": state.ResetResource(),
        "restore": state.RestoreResource(),
        "snapshot": state.SnapshotResource(),
        "target-health": elbv2_targets.TargetHealthResource(),
        "vpc-links": apigatewayv2.VpcLinksResource(),
    }.items():
        get_internal_apis().add(Resource(f"/_isobar/{path}", resource))
    handlers.serve_custom_service_request_handlers.append(state.enter)
    handlers.serve_custom_service_request_handlers.append(note_region)
    handlers.serve_custom_service_request_handlers.append(autoscaling_turns.observe)
    handlers.serve_custom_service_request_handlers.append(apigatewayv2.observe)
    handlers.run_custom_response_handlers.append(resourcegroupstaggingapi.observe_writes)
    handlers.run_custom_finalizers.append(state.leave)


def note_region(chain, context, response):
    if context.operation is not None and not context.operation.name.startswith(READS):
        with _lock:
            regions_used.add(context.region)


class InventoryResource:
    """GET /_isobar/inventory[?regions=a,b]: what `inventory` prints, as a list of objects.

    Without regions these are all in which anything was written, and those of replicas of tables.
    The calls are not counted.
    """

    def on_get(self, request):
        import inventory
        from localstack.aws.connect import connect_to

        def client(service: str, region: str):
            return connect_to.get_client(
                service_name=service, region_name=region, aws_access_key_id="000000000000",
                aws_secret_access_key="test", aws_session_token=None,
            )

        regions = request.args.get("regions", "").split(",") if request.args.get("regions") else sorted(self.regions())
        things = inventory.inventory(None, regions, client_of=client)
        return [dict(zip(("region", "service", "kind", "name"), thing)) for thing in things]

    def regions(self) -> set:
        from isobar_localstack.services.dynamodb import state as dynamodb_state

        with _lock:
            used = {region for region in regions_used if region and region != "global"}
        return used | {region for account in list(dynamodb_state.accounts.values()) for region, _ in list(account.tables)}
