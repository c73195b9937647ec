from isobar_localstack.base import on_localstack


def service():
    return on_localstack("apigateway", {})
