from plux import Plugin
from isobar_localstack.base import on_localstack


class NoRuntimePlugin(Plugin):
    namespace = "localstack.lambda.runtime_executor"
    name = "isobar"


def service():
    return on_localstack("lambda", {})
