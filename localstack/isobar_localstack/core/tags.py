"""Tags in the form most services have them in: a list of Key and Value."""


def tag_dict(tags) -> dict:
    return {tag["Key"]: tag.get("Value", "") for tag in tags or []}


def tag_list(tags: dict) -> list:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
