"""API Gateway v2: VPC links and stages."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.texts import matches


def bad_request(message):
    return error("BadRequestException", message)


def vpc_link(context, request):
    if not request["SubnetIds"]:
        raise bad_request("At least one subnet must be specified for a VPC link")
    if not matches(r".{1,128}", request["Name"]):
        raise bad_request("The name of a VPC link must have 1 to 128 characters")


def stage(context, request):
    if not matches(r"\$default|[A-Za-z0-9_\-]{1,128}", request["StageName"]):
        raise bad_request("Stage name only allows a-zA-Z0-9_- or $default")


RULES = {"CreateVpcLink": [vpc_link], "CreateStage": [stage]}
