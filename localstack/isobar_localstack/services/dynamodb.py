from isobar_localstack.base import on_moto


def service():
    return on_moto("dynamodb", {})
