"""The operations of AWS that Isobar calls, as its sources name them.

A call is a method named as an operation is, `.update_table()`, in a file that names the operation's service: its
client, `.dynamodb()`, or its crate, `aws_sdk_dynamodb`. In files of several services that may be one too many, never
one too few.
"""

import re

# Crates whose names are not the API's.
APIS = {
    "applicationautoscaling": "application-autoscaling",
    "cloudwatchlogs": "logs",
    "elasticloadbalancingv2": "elbv2",
    "resourcegroupstagging": "resourcegroupstaggingapi",
}
CLIENT = re.compile(r"^\s*(\w+): aws_sdk_(\w+)[;,]", re.MULTILINE)
CRATE = re.compile(r"\baws_sdk_(\w+)")
METHOD = re.compile(r"\.\s*(\w+)\(")


def called(folder, operations_of) -> dict[str, set[str]]:
    """API -> operations; `operations_of(api)` are those there are."""
    texts = [file.read_text() for file in sorted(folder.rglob("*.rs"))]
    clients = {client: crate for text in texts for client, crate in CLIENT.findall(text)}
    named, found = {}, {}  # API -> name of the method -> operation
    for text in texts:
        methods = set(METHOD.findall(text))
        crates = set(CRATE.findall(text)) | {clients[name] for name in methods & clients.keys()}
        for api in {APIS.get(crate, crate) for crate in crates & set(clients.values()) | crates & {"s3"}}:
            if api not in named:
                named[api] = {snake(operation): operation for operation in operations_of(api)}
            found.setdefault(api, set()).update(named[api][method] for method in methods & named[api].keys())
    return {api: operations for api, operations in sorted(found.items()) if operations}


def snake(operation: str) -> str:
    """DescribeVpcEndpoints -> describe_vpc_endpoints, CreateDBCluster -> create_db_cluster."""
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", operation)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", words).lower()
