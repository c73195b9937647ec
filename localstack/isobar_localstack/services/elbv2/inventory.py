"""ELB: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import collect, names_of


def live(client):
    for arn in names_of(client, "describe_target_groups", "TargetGroups", "TargetGroupArn"):
        yield "target-group", arn.split("/", 1)[1]
    for balancer in names_of(client, "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"):
        yield "load-balancer", balancer.split("/", 1)[1]
        for listener in collect(
            client.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer), "Listeners"
        ):
            yield "listener", f"{listener['ListenerArn'].split('/', 1)[1]} {listener.get('Port')}"
            for rule in collect(
                client.get_paginator("describe_rules").paginate(ListenerArn=listener["ListenerArn"]), "Rules"
            ):
                if not rule["IsDefault"]:
                    yield "listener-rule", f"{rule['RuleArn'].split('/', 1)[1]} {rule['Priority']}"
