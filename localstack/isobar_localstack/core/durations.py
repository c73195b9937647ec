"""How long things take: every waiting time of the emulator, in seconds as AWS takes them.

They are multiplied by the environment variable ISOBAR_EMULATOR_PACE: 0.01 by default (a minute
becomes 0.6 s), 0 makes everything happen at once, 1 is the real speed. See `clock`.

AWS publishes few of these: those in DOCUMENTED stand in its documentation, all others are what one
usually sees, from memory, to be corrected here when somebody has measured them.
"""

from isobar_localstack.core.clock import clock, pace

SECONDS = {
    "acm.record_appears": 5,
    "acm.issued_after_record": 120,
    "acm.in_use_lag": 60,
    "acm.validation_times_out": 72 * 3600,
    "apigateway.domain_creating": 20,
    "apigateway.domain_updating": 30,
    "apigateway.security_policy_changing": 900,
    "apigateway.vpc_link_creating": 180,
    "apigateway.vpc_link_deleting": 60,
    "apigatewayv2.interfaces_lingering": 30,
    "apigatewayv2.vpc_link_creating": 180,
    "apigatewayv2.vpc_link_deleting": 60,
    "autoscaling.draining_asked_again": 5,
    "autoscaling.group_deleting": 10,
    "autoscaling.health_check_failing": 60,
    "autoscaling.instance_booting": 60,
    "autoscaling.instance_terminating": 60,
    "autoscaling.launch_again": 60,
    "autoscaling.refresh_cancelling": 10,
    "autoscaling.refresh_gives_up": 3600,
    "autoscaling.refresh_pending": 5,
    "autoscaling.target_group_adding": 5,
    "autoscaling.target_group_removing": 10,
    "autoscaling.terminated_instance_shown": 3600,
    "autoscaling.unhealthy_replaced": 10,
    "dynamodb.table_creating": 20,
    "dynamodb.table_deleting": 10,
    "dynamodb.table_updating": 10,
    "dynamodb.index_creating": 60,
    "dynamodb.index_deleting": 20,
    "dynamodb.ttl_changing": 30,
    "dynamodb.replica_creating": 120,
    "dynamodb.replica_updating": 20,
    "dynamodb.replica_deleting": 60,
    "dynamodb.source_is_kept": 24 * 3600,
    "ec2.vpc_pending": 2,
    "ec2.subnet_pending": 1,
    "ec2.nat_creating": 90,
    "ec2.nat_deleting": 60,
    "ec2.nat_is_shown": 3600,
    "ec2.regional_nat_zone": 600,
    "ec2.gateway_endpoint_creating": 5,
    "ec2.interface_endpoint_creating": 120,
    "ec2.interface_endpoint_deleting": 60,
    "ec2.interface_endpoint_interfaces": 90,
    "ecs.deployment_pending": 5,
    "ecs.deployment_settling": 10,
    "ecs.deployment_stage": 5,
    "ecs.alarm_baking": 300,
    "ecs.task_provisioning": 10,
    "ecs.task_starting": 20,
    "ecs.task_retry": 2,
    "ecs.task_stopping": 30,
    "ecs.stopped_task_shown": 3600,
    "ecs.interface_leaving": 60,
    "ecs.service_deleting": 10,
    "ecs.task_definition_deleting": 60,
    "elbv2.provisioning": 150,
    "elbv2.interfaces_leaving": 180,
    "lambda.preparing": 5,
    "lambda.preparing_image": 30,
    "lambda.preparing_vpc": 60,
    "lambda.updating": 5,
    "lambda.snap_start": 120,
    "lambda.provisioning": 60,
    "lambda.late_logs_after_delete": 60,
    "lambda.interfaces_released": 1200,
    "logs.late_group": 5,
    "route53.insync": 30,
    "route53.recovery_enabling": 3600,
    "s3.name_is_kept": 10,
    "s3.name_is_kept_elsewhere": 600,
    # Eventual consistency; these count only with ISOBAR_EMULATOR_CONSISTENCY=eventual.
    "consistency.iam_role": 10,
    "consistency.iam_policy": 10,
    "consistency.iam_profile": 20,
    "consistency.iam_read": 2,
    "consistency.acm_describe": 3,
    "consistency.dynamodb_describe": 1,
    "consistency.dynamodb_tags": 3,
    "consistency.ec2": 3,
    "consistency.ecs_describe": 2,
    "consistency.ecs_service_linked_role": 10,
    "consistency.elbv2_describe": 2,
    "consistency.lambda_get": 1,
    "consistency.lambda_deleting": 3,
    "consistency.list": 5,
    "consistency.s3_list": 5,
    "consistency.tagging": 30,
}
DOCUMENTED = {"acm.validation_times_out", "apigateway.security_policy_changing", "dynamodb.source_is_kept"}


def scaled(name: str) -> float:
    """In real seconds."""
    return SECONDS[name] * pace()


def due(name: str) -> float:
    """The moment, on the clock of lifecycles, at which something that begins now is over."""
    return after(clock.now(), name)


def after(moment: float, name: str) -> float:
    """The same for something that began at another moment."""
    return clock.after(moment, SECONDS[name])


def is_over(moment: float) -> bool:
    return clock.now() >= moment
