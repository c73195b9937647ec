"""Application Auto Scaling: the alarms that target tracking makes in CloudWatch."""

import uuid

from isobar_localstack.services.cloudwatch.alarms import store

ECS_METRICS = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
}
REQUESTS = "ALBRequestCountPerTarget"
# Metrics of other services: name -> (namespace, metric, dimension of the resource)
OTHER_METRICS = {
    "DynamoDBReadCapacityUtilization": ("AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName"),
    "DynamoDBWriteCapacityUtilization": ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName"),
    "RDSReaderAverageCPUUtilization": ("AWS/RDS", "CPUUtilization", "DBClusterIdentifier"),
    "RDSReaderAverageDatabaseConnections": ("AWS/RDS", "DatabaseConnections", "DBClusterIdentifier"),
}


def cloudwatch(context):
    from localstack.aws.connect import connect_to

    return connect_to(aws_access_key_id=context.account_id, region_name=context.region).cloudwatch


def make_alarms(context, policy: dict, tracking: dict) -> list[dict]:
    made, goal = [], tracking["TargetValue"]
    sides = [("AlarmHigh", "GreaterThanThreshold", goal, 3)]
    if not tracking.get("DisableScaleIn"):
        sides.append(("AlarmLow", "LessThanThreshold", goal * 0.9, 15))
    for side, comparison, threshold, periods in sides:
        name = f"TargetTracking-{policy['ResourceId']}-{side}-{uuid.uuid4()}"
        cloudwatch(context).put_metric_alarm(
            AlarmName=name,
            ComparisonOperator=comparison,
            Threshold=threshold,
            EvaluationPeriods=periods,
            AlarmDescription=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy['PolicyARN']}.",
            AlarmActions=[policy["PolicyARN"]],
            **metric_of(policy, tracking),
        )
        made.append(
            {
                "AlarmName": name,
                "AlarmARN": f"arn:aws:cloudwatch:{context.region}:{context.account_id}:alarm:{name}",
            }
        )
    return made


def metric_of(policy: dict, tracking: dict) -> dict:
    if custom := tracking.get("CustomizedMetricSpecification"):
        if custom.get("Metrics"):
            queries = [timed(query) for query in custom["Metrics"]]
            return {"Metrics": queries}
        return {
            name: custom[name]
            for name in ("Namespace", "MetricName", "Statistic", "Unit", "Dimensions")
            if custom.get(name)
        } | {"Period": 60}
    metric = tracking["PredefinedMetricSpecification"]
    kind, parts = metric["PredefinedMetricType"], policy["ResourceId"].replace(":", "/").split("/")
    if kind in ECS_METRICS:
        names = {"ClusterName": parts[1], "ServiceName": parts[2]}
        return of_aws("AWS/ECS", ECS_METRICS[kind], "Average", names)
    if kind == REQUESTS:
        label = metric["ResourceLabel"].split("/")
        return of_aws(
            "AWS/ApplicationELB",
            "RequestCountPerTarget",
            "Sum",
            {"LoadBalancer": "/".join(label[:3]), "TargetGroup": "/".join(label[3:])},
        )
    namespace, name, dimension = OTHER_METRICS.get(kind, ("AWS/ApplicationAutoScaling", kind, "ResourceId"))
    return of_aws(namespace, name, "Average", {dimension: parts[1]})


def of_aws(namespace: str, name: str, statistic: str, dimensions: dict) -> dict:
    listed_dimensions = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Statistic": statistic,
        "Period": 60,
        "Dimensions": listed_dimensions,
    }


def timed(query: dict) -> dict:
    return query | ({"MetricStat": {"Period": 60} | query["MetricStat"]} if query.get("MetricStat") else {})


def delete_alarms(context, policy: dict):
    known = store(context.account_id, context.region).alarms
    names = [alarm["AlarmName"] for alarm in policy["Alarms"] if alarm["AlarmARN"] in known]
    if names:
        cloudwatch(context).delete_alarms(AlarmNames=names)
    policy["Alarms"] = []
