"""S3: how a request that violates the service model is answered."""

from isobar_localstack.core.errors import error


def violation(operation, problems):
    problem = problems[0]
    if problem.path[-1] == "locationConstraint":
        return error("InvalidLocationConstraint", "The specified location-constraint is not valid")
    member = next(
        (
            shape
            for name, shape in operation.input_shape.members.items()
            if name[:1].lower() + name[1:] == problem.path[0]
        ),
        None,
    )
    if member is not None and "location" not in member.serialization:
        return error(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    return error("InvalidArgument", f"Invalid argument {problem.where}: {problem.constraint}")
