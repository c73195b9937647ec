"""API Gateway: how a request that violates the service model is answered."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.answers import not_readable, problem_text, problems_text


def violation(operation, problems):
    """As the common one, but what is in the body is named after its shape: 'createRestApiInput.name'."""
    if wrong := next((p for p in problems if p.kind == "type"), None):
        return not_readable("SerializationException", wrong)
    members = operation.input_shape.members
    in_url = {
        name[:1].lower() + name[1:] for name, shape in members.items() if "location" in shape.serialization
    }
    prefix = operation.name[:1].lower() + operation.name[1:] + "Input."
    return error(
        "ValidationException",
        problems_text(
            [problem_text(p, p.where if p.path[0] in in_url else prefix + p.where) for p in problems]
        ),
    )
