"""Carts: GET lists those of a user, PUT writes one."""

import json
import os
import time

import boto3
from boto3.dynamodb.conditions import Key

KEPT_SECONDS = 30 * 24 * 3600
TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, _context):
    """Answers a request of API Gateway's Lambda proxy integration."""
    path = event.get("pathParameters") or {}
    if event["httpMethod"] == "PUT":
        return put(path["user"], path["cart"], event.get("body"))
    return answer(200, {"carts": carts(path["user"])})


def carts(user):
    found = TABLE.query(KeyConditionExpression=Key("user").eq(user))
    return [{"cart": item["cart"], "items": json.loads(item["items"])} for item in found["Items"]]


def put(user, cart, body):
    try:
        items = json.loads(body or "")
    except ValueError:
        return answer(400, {"message": "the body is not JSON"})
    expires_at = int(time.time()) + KEPT_SECONDS
    TABLE.put_item(Item={"user": user, "cart": cart, "items": json.dumps(items), "expires_at": expires_at})
    return answer(200, {"cart": cart, "items": items})


def answer(status, body):
    headers = {"content-type": "application/json", "x-region": os.environ.get("AWS_REGION", "")}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
