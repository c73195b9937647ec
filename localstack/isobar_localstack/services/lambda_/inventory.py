"""Lambda: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import names_of


def live(client):
    for function in names_of(client, "list_functions", "Functions", "FunctionName"):
        yield "function", function
        for version in names_of(
            client, "list_versions_by_function", "Versions", "Version", FunctionName=function
        ):
            if version != "$LATEST":
                yield "version", f"{function}:{version}"
        for alias in names_of(client, "list_aliases", "Aliases", "Name", FunctionName=function):
            yield "alias", f"{function}:{alias}"
