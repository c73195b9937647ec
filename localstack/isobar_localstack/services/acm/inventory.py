"""ACM: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import collect


def live(client):
    every_key = {
        "keyTypes": [
            "RSA_1024",
            "RSA_2048",
            "RSA_3072",
            "RSA_4096",
            "EC_prime256v1",
            "EC_secp384r1",
            "EC_secp521r1",
        ]
    }
    for item in collect(
        client.get_paginator("list_certificates").paginate(Includes=every_key), "CertificateSummaryList"
    ):
        yield "certificate", f"{item['DomainName']} {item['CertificateArn']}"
