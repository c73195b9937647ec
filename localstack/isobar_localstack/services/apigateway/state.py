"""API Gateway (REST): what there is, and what its files ask of it."""

from collections import defaultdict
from dataclasses import dataclass, field

from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.core.state import State

PAGE_SIZE, PAGE_LIMIT = 25, 500


@dataclass
class Domain:
    data: dict
    tags: dict
    busy_until: float = 0.0
    busy_status: str = "PENDING"
    mappings: dict = field(default_factory=dict)  # base path -> mapping

    @property
    def certificates(self) -> set:
        arns = (self.data.get(name) for name in ("regionalCertificateArn", "certificateArn"))
        return {arn for arn in arns if arn}


@dataclass
class Stage:
    data: dict
    tags: dict
    settings: dict = field(default_factory=dict)  # "<resource>/<method>" -> settings


@dataclass
class Region:
    domains: dict = field(default_factory=dict)
    former_uses: dict = field(default_factory=dict)  # certificate -> (domain arns, when ACM notices its end)


stores = State("apigateway")
regions: dict[tuple[str, str], Region] = stores.store("regions", defaultdict(Region))
account_roles: dict[tuple[str, str], str] = stores.store("account_roles", {})


def bad_request(message: str):
    return error("BadRequestException", message, 400)


# --- REST APIs ------------------------------------------------------------------------------------


def moto_apis(account_id: str, region: str) -> dict:
    from moto.apigateway.models import apigateway_backends

    return apigateway_backends[account_id][region].apis


def moto_api(account_id: str, region: str, api_id: str):
    return moto_apis(account_id, region).get(api_id)


def find_api(context, request):
    api = moto_api(context.account_id, context.region, request["restApiId"])
    if api is None:
        raise error(
            "NotFoundException",
            f"Invalid API identifier specified {context.account_id}:{request['restApiId']}",
            404,
        )
    return api


def stages_of(api) -> dict[str, Stage]:
    if not hasattr(api, "isobar_stages"):
        api.isobar_stages = {}
    return api.isobar_stages


def answer_page(key: str, items: list, request) -> dict:
    size = min(request.get("limit") or PAGE_SIZE, PAGE_LIMIT)
    shown, position = page(items, request.get("position"), size)
    return {key: shown} | ({"position": position} if position else {})


def logging_role(context) -> str | None:
    return account_roles.get((context.account_id, context.region))
