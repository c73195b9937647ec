"""Elastic Load Balancing v2: attributes of balancers, target groups and listeners.

AWS rules followed: keys, ranges and defaults are those of the model's text; an unknown key is a
ValidationError, one of another type of balancer an InvalidConfigurationRequest.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.services.elbv2.state import find, invalid

BOOL = ("true", "false")
HTTP, NETWORK = ("application",), ("network",)
EVERY = ("application", "network", "gateway")
HEADERS = (
    "request.x_amzn_mtls_clientcert_serial_number.header_name",
    "request.x_amzn_mtls_clientcert_issuer.header_name",
    "request.x_amzn_mtls_clientcert_subject.header_name",
    "request.x_amzn_mtls_clientcert_validity.header_name",
    "request.x_amzn_mtls_clientcert_leaf.header_name",
    "request.x_amzn_mtls_clientcert.header_name",
    "request.x_amzn_tls_version.header_name",
    "request.x_amzn_tls_cipher_suite.header_name",
    "response.strict_transport_security.header_value",
    "response.access_control_allow_origin.header_value",
    "response.access_control_allow_methods.header_value",
    "response.access_control_allow_headers.header_value",
    "response.access_control_allow_credentials.header_value",
    "response.access_control_expose_headers.header_value",
    "response.access_control_max_age.header_value",
    "response.content_security_policy.header_value",
    "response.x_content_type_options.header_value",
    "response.x_frame_options.header_value",
)

# key -> (of which types, default, allowed: words, a range of numbers or None for any text)
BALANCER = {
    "access_logs.s3.bucket": (("application", "network"), "", None),
    "access_logs.s3.enabled": (("application", "network"), "false", BOOL),
    "access_logs.s3.prefix": (("application", "network"), "", None),
    "client_keep_alive.seconds": (HTTP, "3600", range(60, 604801)),
    "connection_logs.s3.bucket": (HTTP, "", None),
    "connection_logs.s3.enabled": (HTTP, "false", BOOL),
    "connection_logs.s3.prefix": (HTTP, "", None),
    "deletion_protection.enabled": (EVERY, "false", BOOL),
    "dns_record.client_routing_policy": (
        NETWORK,
        "any_availability_zone",
        ("availability_zone_affinity", "partial_availability_zone_affinity", "any_availability_zone"),
    ),
    "health_check_logs.s3.bucket": (HTTP, "", None),
    "health_check_logs.s3.enabled": (HTTP, "false", BOOL),
    "health_check_logs.s3.prefix": (HTTP, "", None),
    "idle_timeout.timeout_seconds": (HTTP, "60", range(1, 4001)),
    "ipv6.deny_all_igw_traffic": (("application", "network"), "false", BOOL),
    "load_balancing.cross_zone.enabled": (EVERY, "false", BOOL),
    "routing.http.desync_mitigation_mode": (HTTP, "defensive", ("monitor", "defensive", "strictest")),
    "routing.http.drop_invalid_header_fields.enabled": (HTTP, "false", BOOL),
    "routing.http.preserve_host_header.enabled": (HTTP, "false", BOOL),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": (HTTP, "false", BOOL),
    "routing.http.xff_client_port.enabled": (HTTP, "false", BOOL),
    "routing.http.xff_header_processing.mode": (HTTP, "append", ("append", "preserve", "remove")),
    "routing.http2.enabled": (HTTP, "true", BOOL),
    "secondary_ips.auto_assigned.per_subnet": (NETWORK, "0", range(8)),
    "waf.fail_open.enabled": (HTTP, "false", BOOL),
    "zonal_shift.config.enabled": (("application", "network"), "false", BOOL),
}
ROUTED = ("application", "network")
COUNT = ("off", *(str(number) for number in range(1, 1001)))
PERCENTAGE = ("off", *(str(number) for number in range(1, 101)))
# Here the types are those of the group: its balancer's, and lambda for functions.
GROUP = {
    "deregistration_delay.connection_termination.enabled": (NETWORK, "false", BOOL),
    "deregistration_delay.timeout_seconds": (EVERY, "300", range(3601)),
    "lambda.multi_value_headers.enabled": (("lambda",), "false", BOOL),
    "load_balancing.algorithm.anomaly_mitigation": (HTTP, "off", ("on", "off")),
    "load_balancing.algorithm.type": (
        HTTP,
        "round_robin",
        ("round_robin", "least_outstanding_requests", "weighted_random"),
    ),
    "load_balancing.cross_zone.enabled": (
        ROUTED,
        "use_load_balancer_configuration",
        (*BOOL, "use_load_balancer_configuration"),
    ),
    "preserve_client_ip.enabled": (NETWORK, "true", BOOL),
    "proxy_protocol_v2.enabled": (NETWORK, "false", BOOL),
    "slow_start.duration_seconds": (HTTP, "0", (0, *range(30, 901))),
    "stickiness.app_cookie.cookie_name": (HTTP, "", None),
    "stickiness.app_cookie.duration_seconds": (HTTP, "86400", range(1, 604801)),
    "stickiness.enabled": ((*EVERY, "lambda"), "false", BOOL),
    "stickiness.lb_cookie.duration_seconds": (HTTP, "86400", range(1, 604801)),
    "stickiness.type": (
        (*EVERY, "lambda"),
        "lb_cookie",
        ("lb_cookie", "app_cookie", "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto"),
    ),
    "target_failover.on_deregistration": (("gateway",), "no_rebalance", ("rebalance", "no_rebalance")),
    "target_failover.on_unhealthy": (("gateway",), "no_rebalance", ("rebalance", "no_rebalance")),
    "target_group_health.dns_failover.minimum_healthy_targets.count": (ROUTED, "1", COUNT),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": (ROUTED, "off", PERCENTAGE),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": (ROUTED, "1", COUNT[1:]),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": (
        ROUTED,
        "off",
        PERCENTAGE,
    ),
    "target_health_state.unhealthy.connection_termination.enabled": (NETWORK, "true", BOOL),
    "target_health_state.unhealthy.draining_interval_seconds": (NETWORK, "0", range(360001)),
}
LISTENER = {
    "tcp.idle_timeout.seconds": (("network", "gateway"), "350", range(60, 6001)),
    "routing.http.response.server.enabled": (HTTP, "true", BOOL),
    **{f"routing.http.{header}": (HTTP, "", None) for header in HEADERS},
}
STICKINESS = {"network": "source_ip", "gateway": "source_ip_dest_ip"}


def of_balancer(kind: str, scheme: str) -> dict:
    wanted = {"load_balancing.cross_zone.enabled": "true"} if kind == "application" else {}
    return (
        defaults(BALANCER, kind)
        | wanted
        | ({"ipv6.deny_all_igw_traffic": "true"} if scheme == "internal" and kind != "gateway" else {})
    )


def of_group(data: dict) -> dict:
    kind, protocol = kind_of_group(data), data.get("Protocol")
    found = defaults(GROUP, kind) | ({"stickiness.type": STICKINESS[kind]} if kind in STICKINESS else {})
    if kind == "network":
        found["preserve_client_ip.enabled"] = (
            "false" if data["TargetType"] == "ip" and protocol in ("TCP", "TLS") else "true"
        )
    return found


def of_listener(kind: str) -> dict:
    return defaults(LISTENER, kind)


def kind_of_group(data: dict) -> str:
    if data["TargetType"] == "lambda":
        return "lambda"
    return {"HTTP": "application", "HTTPS": "application", "GENEVE": "gateway"}.get(
        data["Protocol"], "network"
    )


def defaults(table: dict, kind: str) -> dict:
    return {key: default for key, (kinds, default, _) in table.items() if kind in kinds}


def check(what: str, table: dict, kind: str, wanted: dict):
    for key, value in wanted.items():
        if key not in table:
            raise invalid(f"{what} attribute key '{key}' is not recognized")
        kinds, _, allowed = table[key]
        if kind not in kinds:
            raise error(
                "InvalidConfigurationRequest",
                f"{what} attribute key '{key}' is not supported on {what.lower()}s with type '{kind}'",
            )
        if allowed is not None and value not in (
            allowed if isinstance(allowed[0], str) else [str(number) for number in allowed]
        ):
            raise invalid(f"{what} attribute value '{value}' is not valid for key '{key}'")


def check_logs(merged: dict):
    for name in ("access_logs", "connection_logs", "health_check_logs"):
        if merged.get(f"{name}.s3.enabled") == "true" and not merged.get(f"{name}.s3.bucket"):
            raise invalid(f"The value of '{name}.s3.bucket' cannot be empty")


# --- operations -------------------------------------------------------------------------------------


def operations() -> dict:
    found = {}
    for name, argument, word, what, table in (
        ("LoadBalancer", "LoadBalancerArn", "loadbalancer", "Load balancer", BALANCER),
        ("TargetGroup", "TargetGroupArn", "targetgroup", "Target group", GROUP),
        ("Listener", "ListenerArn", "listener", "Listener", LISTENER),
    ):
        found[f"Modify{name}Attributes"] = modify(argument, word, what, table)
        found[f"Describe{name}Attributes"] = describe(argument, word)
    return found


def describe(argument: str, word: str):
    return lambda context, request: to_response(find(context, request[argument], word).attributes)


def to_response(attributes: dict) -> dict:
    return {"Attributes": [{"Key": key, "Value": value} for key, value in sorted(attributes.items())]}


def modify(argument: str, word: str, what: str, table: dict):
    def handler(context, request):
        thing = find(context, request[argument], word)
        wanted = {attribute["Key"]: attribute.get("Value") or "" for attribute in request["Attributes"]}
        check(what, table, kind_of(context, thing), wanted)
        if (
            word == "loadbalancer"
            and thing.data["Type"] == "application"
            and wanted.get("load_balancing.cross_zone.enabled") == "false"
        ):
            raise error(
                "InvalidConfigurationRequest",
                "Cross-zone load balancing cannot be disabled for application load balancers",
            )
        check_logs(thing.attributes | wanted)
        thing.attributes |= wanted
        return to_response(thing.attributes)

    return handler


def kind_of(context, thing) -> str:
    if "TargetGroupArn" in thing.data:
        return kind_of_group(thing.data)
    return find(context, thing.data["LoadBalancerArn"], "loadbalancer").data["Type"]
