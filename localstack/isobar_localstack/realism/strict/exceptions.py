"""Exceptions: AWS accepts more than the service model says. Everything else is checked to the letter."""

# (service, shape) -> what is not checked: min, max, pattern, enum, or names of required members.
LAX_SHAPES = {
    # New instance types come every week; a type that this model does not have may be right.
    ("ec2", "InstanceType"): ("enum",),
}

# (service, operation): not checked at all.
UNCHECKED_OPERATIONS: frozenset = frozenset()
