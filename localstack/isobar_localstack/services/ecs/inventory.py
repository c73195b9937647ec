"""ECS: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import names_of


def live(client):
    for arn in names_of(client, "list_task_definitions", "taskDefinitionArns", None):
        yield "task-definition", arn.split("/", 1)[1]
    for cluster in names_of(client, "list_clusters", "clusterArns", None):
        yield "cluster", cluster.split("/", 1)[1]
        for service in names_of(client, "list_services", "serviceArns", None, cluster=cluster):
            yield "service", service.split("/", 1)[1]
        for wanted in ("RUNNING", "STOPPED"):
            tasks = names_of(client, "list_tasks", "taskArns", None, cluster=cluster, desiredStatus=wanted)
            for some in (tasks[start : start + 100] for start in range(0, len(tasks), 100)):
                for task in client.describe_tasks(cluster=cluster, tasks=some)["tasks"]:
                    if task["lastStatus"] != "STOPPED":
                        yield "task", f"{task['taskArn'].split('/', 1)[1]} {task['lastStatus']}"
