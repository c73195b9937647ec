"""How each service answers a request that violates its model. One line per service.

`coral(code)` is the common form, named after the framework most services are written in:
"1 validation error detected: Value 'x' at 'name' failed to satisfy constraint: …".
Marks as in the fact sheet: [doc] seen in a recorded answer of AWS or a public thread, else [memory].
A service that is not listed here is not checked.
"""

from isobar_localstack.core.base import error
from isobar_localstack.realism.strict.model import Problem

MAX_SHOWN = 10


def value_shown(value) -> str:
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return "'[" + ", ".join(str(item) for item in value) + "]'"
    if isinstance(value, dict):
        return "'{" + ", ".join(f"{key}={item}" for key, item in value.items()) + "}'"
    return f"'{value}'"


def told(problem: Problem, where=None) -> str:
    value = value_shown(problem.value)
    return f"Value {value} at '{where or problem.where}' failed to satisfy constraint: {problem.constraint}"


def several(texts: list[str]) -> str:
    shown = texts[:MAX_SHOWN]
    return f"{len(shown)} validation error{'s' if len(shown) > 1 else ''} detected: " + "; ".join(shown)


def coral(code: str, unreadable_code: str = "SerializationException", **special):
    """`special`: another code for a kind of problem, as `null="MissingParameter"`."""

    def answer(operation, problems):
        if wrong := next((p for p in problems if p.kind == "type"), None):
            return not_readable(unreadable_code, wrong)
        return error(special.get(problems[0].kind, code), several([told(p) for p in problems]))

    answer.unreadable = unreadable_code
    return answer


def not_readable(code: str, wrong: Problem):
    # The place is not in AWS's message; it is added for whoever has to find the mistake.
    return error(code, f"{java_type(wrong.value)} can not be converted to {java_name(wrong.constraint)} ({wrong.where})")


def java_type(value) -> str:
    kinds = ((bool, "TRUE_VALUE" if value is True else "FALSE_VALUE"), (str, "STRING_VALUE"), ((int, float), "NUMBER_VALUE"))
    return next((name for kind, name in kinds if isinstance(value, kind)), f"Start of {type(value).__name__}")


def java_name(expected: str) -> str:
    return {"string": "a String", "integer": "an Integer", "long": "a Long", "boolean": "a Boolean"}.get(expected, f"a {expected}")


def apigateway(operation, problems):
    """As the common one, but what is in the body is named after its shape: 'createRestApiInput.name'."""
    if wrong := next((p for p in problems if p.kind == "type"), None):
        return not_readable("SerializationException", wrong)
    members = operation.input_shape.members
    in_url = {name[:1].lower() + name[1:] for name, shape in members.items() if "location" in shape.serialization}
    prefix = operation.name[:1].lower() + operation.name[1:] + "Input."
    return error(
        "ValidationException",
        several([told(p, p.where if p.path[0] in in_url else prefix + p.where) for p in problems]),
    )


def lambda_(operation, problems):
    """The runtime has a code of its own."""
    if len(problems) == 1 and problems[0].path == ("runtime",) and problems[0].kind == "enum":
        problem = problems[0]
        return error(
            "InvalidParameterValueException",
            f"Value {problem.value} at 'runtime' failed to satisfy constraint: {problem.constraint} or be a valid ARN",
        )
    return coral("ValidationException")(operation, problems)


def sns(operation, problems):
    if problems[0].kind == "null":
        return error("ValidationError", several([told(p) for p in problems if p.kind == "null"]))
    name = problems[0].path[0]
    return error("InvalidParameter", f"Invalid parameter: {name[:1].upper()}{name[1:]}")


def ec2(operation, problems):
    problem = problems[0]
    name = problem.path[0]
    if problem.kind == "null":
        return error("MissingParameter", f"The request must contain the parameter {name}")
    return error("InvalidParameterValue", f"Value ({problem.value}) for parameter {name} is invalid. {problem.constraint}")


def rds(operation, problems):
    problem = problems[0]
    name = problem.path[0]
    if problem.kind == "null":
        return error("MissingParameter", f"The request must contain the parameter {name[:1].upper()}{name[1:]}")
    return error("InvalidParameterValue", f"Value ({problem.value}) for parameter {name} is invalid. {problem.constraint}")


def s3(operation, problems):
    problem = problems[0]
    if problem.path[-1] == "locationConstraint":
        return error("InvalidLocationConstraint", "The specified location-constraint is not valid")
    member = next(
        (shape for name, shape in operation.input_shape.members.items() if name[:1].lower() + name[1:] == problem.path[0]), None
    )
    if member is not None and "location" not in member.serialization:
        return error("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
    return error("InvalidArgument", f"Invalid argument {problem.where}: {problem.constraint}")


ANSWERS = {
    "acm": coral("ValidationException"),                                     # [doc]
    "apigateway": apigateway,                                                # [doc]
    "apigatewayv2": coral("BadRequestException"),                            # [memory]
    "application-autoscaling": coral("ValidationException"),                 # [memory]
    "autoscaling": coral("ValidationError", "MalformedInput"),               # [memory]
    "backup": coral("InvalidParameterValueException", null="MissingParameterValueException"),  # [memory]
    "cloudwatch": coral("ValidationError", "MalformedInput"),                # [doc]
    "dynamodb": coral("ValidationException"),                                # [doc]
    "ec2": ec2,                                                              # [memory]
    "ecs": coral("InvalidParameterException"),                               # [memory]
    "elbv2": coral("ValidationError", "MalformedInput"),                     # [memory]
    "iam": coral("ValidationError", "MalformedInput"),                       # [doc]
    "kms": coral("ValidationException"),                                     # [doc]
    "lambda": lambda_,                                                       # [doc]
    "logs": coral("InvalidParameterException"),                              # [memory]
    "rds": rds,                                                              # [memory]
    "resourcegroupstaggingapi": coral("InvalidParameterException"),          # [memory]
    "route53": coral("InvalidInput", "InvalidInput"),                        # [memory]; [doc] for the code
    "s3": s3,                                                                # [memory]
    "secretsmanager": coral("ValidationException"),                          # [memory]
    "sns": sns,                                                              # [doc] for null, else [memory]
    "sts": coral("ValidationError", "MalformedInput"),                       # [memory]
    "synthetics": coral("ValidationException"),                              # [memory]
}


def unreadable(context, detail: str):
    """For a body that is no JSON or XML, or has another type where the model wants a number."""
    service = context.service.service_name
    codes = {"s3": "MalformedXML", "ec2": "InvalidParameterValue", "rds": "MalformedInput", "sns": "MalformedInput"}
    code = codes.get(service) or getattr(ANSWERS[service], "unreadable", "SerializationException")
    return error(code, detail)


def unknown_operation(context, detail: str):
    query = context.service.metadata.get("protocol") in ("query", "ec2")
    return error("InvalidAction" if query else "UnknownOperationException", detail)
