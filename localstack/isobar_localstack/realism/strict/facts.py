"""The numbers of the text rules: what the service model does not say, and how sure it is.

Marks: "model" = in the text of the model, "doc" = in documentation or a public thread, "memory" =
believed, not verified. The latter are listed by GET /_isobar/strict, so that they can be corrected.
"""

import functools

import boto3

FACTS = {
    # name: (value, mark)
    "apigateway.base_path_characters": (r"[A-Za-z0-9$_.+!*'()\-]*", "memory"),
    "apigateway.compression_size": ((0, 10485760), "model"),
    "apigateway.definition_bytes": (6 * 1024 * 1024, "model"),
    "apigateway.integration_timeout": ((50, 29000), "model"),
    "apigateway.path_part": (r"[A-Za-z0-9._\-:$@!~*'(),;=&+%]+|\{[A-Za-z0-9._\-:]+\+?\}", "memory"),
    "apigateway.stage_name": (r"[A-Za-z0-9_\-]{1,128}", "model"),
    "apigateway.stage_variable_name": (r"[A-Za-z0-9_]{1,64}", "memory"),
    "apigateway.stage_variable_value": (r"[A-Za-z0-9\-._~:/?#&=,]+", "model"),
    "apigateway.tag_key": (r"[a-zA-Z0-9+\-=._:/]{1,128}", "model"),
    "autoscaling.least_lifetime": (86400, "model"),
    "autoscaling.name": (r"[^:]{1,255}", "model"),
    "autoscaling.sources_per_call": (10, "model"),
    "cloudwatch.dashboard_name": (r"[A-Za-z0-9_\-]{1,255}", "model"),
    "cloudwatch.evaluation_seconds": (86400, "model"),
    "cloudwatch.evaluation_seconds_hourly": (7 * 86400, "model"),
    "cloudwatch.short_periods": ((10, 20, 30), "model"),
    "dynamodb.global_indexes": (20, "model"),
    "dynamodb.local_indexes": (5, "model"),
    "dynamodb.table_name": (r"[a-zA-Z0-9_.\-]{3,255}", "model"),
    "ec2.client_token": (64, "model"),
    "ec2.endpoint_policy_characters": (20480, "memory"),
    "ec2.group_description": (r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}", "model"),
    "ec2.prefix_length": ((16, 28), "model"),
    "ec2.user_data_bytes": (16384, "memory"),
    "ecs.bake_minutes": (1440, "model"),
    "ecs.describe_services": (10, "model"),
    "ecs.describe_tasks": (100, "model"),
    "ecs.client_token": (36, "model"),
    "ecs.fargate_sizes": (
        {  # CPU units -> MiB
            256: (512, 1024, 2048),
            512: tuple(range(1024, 4097, 1024)),
            1024: tuple(range(2048, 8193, 1024)),
            2048: tuple(range(4096, 16385, 1024)),
            4096: tuple(range(8192, 30721, 1024)),
            8192: tuple(range(16384, 61441, 4096)),
            16384: tuple(range(32768, 122881, 8192)),
        },
        "doc",
    ),
    "ecs.health_check": (
        {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)},
        "model",
    ),
    "ecs.name": (r"[a-zA-Z0-9\-_]{1,255}", "doc"),
    "ecs.percentages": ({"stepPercent": (3, 100), "canaryPercent": (0.1, 100)}, "model"),
    "ecs.task_definition_deletions": (10, "model"),
    "elbv2.fixed_response_bytes": (1024, "memory"),
    "elbv2.name_length": (32, "doc"),
    "elbv2.rule_condition_values": (5, "memory"),
    "iam.managed_policy_characters": (6144, "memory"),
    "iam.role_policies_characters": (10240, "doc"),
    "iam.trust_policy_characters": (2048, "memory"),
    "kms.aliases": (50, "memory"),
    "kms.usages": (
        {  # beginning of a spec -> usages
            "SYMMETRIC_DEFAULT": ("ENCRYPT_DECRYPT",),
            "HMAC_": ("GENERATE_VERIFY_MAC",),
            "RSA_": ("ENCRYPT_DECRYPT", "SIGN_VERIFY"),
            "ECC_NIST_EDWARDS25519": ("SIGN_VERIFY",),
            "ECC_NIST_": ("SIGN_VERIFY", "KEY_AGREEMENT"),
            "ECC_SECG_P256K1": ("SIGN_VERIFY",),
            "ML_DSA_": ("SIGN_VERIFY",),
            "ML_KEM_": ("ENCAPSULATE_DECAPSULATE",),
            "SM2": ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"),
        },
        "model",
    ),
    "kms.window_days": ((7, 30), "model"),
    "lambda.deprecated_runtimes": (
        (
            "nodejs",
            "nodejs4.3",
            "nodejs4.3-edge",
            "nodejs6.10",
            "nodejs8.10",
            "nodejs10.x",
            "nodejs12.x",
            "nodejs14.x",
            "nodejs16.x",
            "python2.7",
            "python3.6",
            "python3.7",
            "dotnetcore1.0",
            "dotnetcore2.0",
            "dotnetcore2.1",
            "dotnetcore3.1",
            "dotnet6",
            "ruby2.5",
            "ruby2.7",
            "java8",
            "go1.x",
            "provided",
        ),
        "memory",
    ),
    "lambda.environment_bytes": (4096, "doc"),
    "lambda.function_name": (64, "memory"),
    "lambda.memory": ((128, 10240), "memory"),
    "lambda.reserved_variables": (
        (
            "_HANDLER",
            "_X_AMZN_TRACE_ID",
            "AWS_DEFAULT_REGION",
            "AWS_REGION",
            "AWS_EXECUTION_ENV",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            "AWS_LAMBDA_LOG_GROUP_NAME",
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "AWS_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_LAMBDA_RUNTIME_API",
            "LAMBDA_TASK_ROOT",
            "LAMBDA_RUNTIME_DIR",
        ),
        "doc",
    ),
    "lambda.timeout": (900, "doc"),
    "lambda.zip_bytes": (50 * 1024 * 1024, "memory"),
    "rds.auto_pause": ((300, 86400), "model"),
    "rds.backup_retention": ((1, 35), "model"),
    "rds.database_name": (r"[A-Za-z][A-Za-z0-9]{0,63}", "model"),
    "rds.engine_modes": (("provisioned",), "memory"),
    "rds.insights_retention": ((7, *(month * 31 for month in range(1, 24)), 731), "model"),
    "rds.monitoring_intervals": ((0, 1, 5, 10, 15, 30, 60), "model"),
    "rds.network_types": (("IPV4", "DUAL"), "model"),
    "rds.port": ((1150, 65535), "model"),
    "rds.promotion_tier": ((0, 15), "model"),
    "rds.reserved_databases": (("postgres", "rdsadmin", "template0", "template1", "mysql", "sys"), "memory"),
    "rds.reserved_users": (
        {
            "aurora-mysql": ("mysql", "rdsadmin", "rdsproxyadmin", "rdsrepladmin", "root"),
            "aurora-postgresql": (
                *("admin", "rdsadmin", "rdsproxyadmin", "rdsrepladmin", "rdswriteforwarduser"),
                *("all", "analyse", "analyze", "and", "any", "grant", "public", "select", "table", "user"),
            ),
        },
        "memory",
    ),
    "rds.storage_types": (("aurora", "aurora-iopt1"), "model"),
    "rds.subnet_group_name": (r"[A-Za-z][A-Za-z0-9._ \-]{0,254}", "model"),
    "rds.user_name": (r"[A-Za-z][A-Za-z0-9]{0,15}", "model"),
    "route53.health_intervals": ((10, 30), "model"),
    "route53.label_characters": (63, "doc"),
    "route53.name_characters": (255, "doc"),
    "secretsmanager.name": (r"[A-Za-z0-9/_+=.@!\-]{1,512}", "doc"),
    "secretsmanager.versions": (100, "model"),
    "secretsmanager.window_days": ((7, 30), "model"),
    "sqs.attributes": (
        {
            "DelaySeconds": (0, 900),
            "KmsDataKeyReusePeriodSeconds": (60, 86400),
            "MaximumMessageSize": (1024, 1048576),
            "MessageRetentionPeriod": (60, 1209600),
            "ReceiveMessageWaitTimeSeconds": (0, 20),
            "VisibilityTimeout": (0, 43200),
        },
        "model",
    ),
    "sqs.name_characters": (80, "model"),
    "tags.key_characters": (128, "memory"),
    "tags.number": (50, "memory"),
    "tags.value_characters": (256, "memory"),
}

# The wording of the refusals is recorded from AWS only where the rule says [doc]; the codes of these
# services' text rules are believed, not verified.
CODES_FROM_MEMORY = (
    "apigateway BadRequestException",
    "cloudwatch ValidationError, InvalidParameterCombination",
    "elbv2 ValidationError",
    "ecs ClientException, InvalidParameterException",
    "ec2 Invalid*.Range",
    "autoscaling ValidationError",
    "application-autoscaling ValidationException",
    "rds MissingParameter, InvalidParameterValue",
    "iam MalformedPolicyDocument, LimitExceeded",
    "kms InvalidAliasNameException, AccessDeniedException for keys of AWS",
    "secretsmanager ValidationException, InvalidParameterException of StopReplicationToReplica and of regions",
    "tags: strict/rules/tags.py",
)


def fact(name: str):
    return FACTS[name][0]


@functools.cache
def aws_regions(service: str) -> frozenset:
    """The regions in which AWS has the service, as far as botocore knows."""
    return frozenset(boto3.Session().get_available_regions(service))


def from_memory() -> dict:
    return {
        "facts": sorted(name for name, (_, mark) in FACTS.items() if mark == "memory"),
        "codes": CODES_FROM_MEMORY,
    }
