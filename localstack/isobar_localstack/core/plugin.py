"""Entry points: what LocalStack finds through `entry_points.txt`.

`start` runs once, before the gateway serves its first request. The provider functions run when
a service is used for the first time; `start` makes them the preferred ones, so that neither
environment variables nor a changed start command are needed.
"""

import functools
import importlib

from localstack import config
from localstack.runtime import hooks
from localstack.services.plugins import aws_provider

PROVIDER = "isobar"
SERVICES = (
    "acm",
    "apigateway",
    "apigatewayv2",
    "application-autoscaling",
    "autoscaling",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecs",
    "elbv2",
    "iam",
    "lambda",
    "logs",
    "resourcegroupstaggingapi",
    "route53",
    "s3",
    "sns",
    "sts",
)


@hooks.on_infra_start()
def start():
    from isobar_localstack.core import middleware, calls, control
    from isobar_localstack.realism import faults, rates, strict

    for service in SERVICES:
        config.SERVICE_PROVIDER_CONFIG.set_provider(service, PROVIDER)
    config.LAMBDA_RUNTIME_EXECUTOR = PROVIDER
    listen_on_named_address_only()
    calls.install()
    for part in (faults, rates, strict):
        part.install()
    # As on AWS: who is not served does not count, who is throttled is not checked.
    middleware.install([faults.check, *([rates.check] if rates.is_on() else []), *([strict.check] if strict.is_on() else [])])
    control.install()


def listen_on_named_address_only():
    """LocalStack binds to all interfaces whatever GATEWAY_LISTEN says; keep it to the address asked for."""
    from localstack.runtime.server import twisted as server

    listen = config.GATEWAY_LISTEN[0].host
    server.endpoints.TCP4ServerEndpoint = functools.partial(
        server.endpoints.TCP4ServerEndpoint, interface=listen
    )


def provider(api: str, module: str):
    def create():
        return importlib.import_module(f"isobar_localstack.services.{module}").service()

    return aws_provider(api=api, name=PROVIDER)(create)


acm = provider("acm", "acm.certificates")
apigateway = provider("apigateway", "apigateway.apis")
apigatewayv2 = provider("apigatewayv2", "apigatewayv2.vpc_links")
application_autoscaling = provider("application-autoscaling", "application_autoscaling.operations")
autoscaling = provider("autoscaling", "autoscaling.groups")
cloudwatch = provider("cloudwatch", "cloudwatch.alarms")
dynamodb = provider("dynamodb", "dynamodb.tables")
ec2 = provider("ec2", "ec2.operations")
ecs = provider("ecs", "ecs.tags")
elbv2 = provider("elbv2", "elbv2.tags")
iam = provider("iam", "iam.roles")
lambda_ = provider("lambda", "lambda_.functions")
logs = provider("logs", "logs.log_groups")
resourcegroupstaggingapi = provider("resourcegroupstaggingapi", "resourcegroupstaggingapi.resources")
route53 = provider("route53", "route53.hosted_zones")
s3 = provider("s3", "s3.buckets")
sns = provider("sns", "sns.topics")
sts = provider("sts", "sts.roles")
