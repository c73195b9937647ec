"""Health: whether this region can read its replica of the table."""

import json
import os

import boto3

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(_event, _context):
    """Answers 200 if the table answers. A failing read raises, and API Gateway answers 502."""
    TABLE.get_item(Key={"user": "health", "cart": "health"})
    body = {"healthy": True, "region": os.environ.get("AWS_REGION", "")}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
