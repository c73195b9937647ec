"""RDS: the DNS names of databases and the hosted zones that they are in.

AWS rules followed: a name contains an id that an account has in a region; the global writer endpoint follows the
primary and has no region in it.
"""

import hashlib

from isobar_localstack.services.rds.state import Cluster, GlobalCluster, Instance, region_of

# [memory]; of a region that is not in the table one that is like no other.
HOSTED_ZONES = {
    "us-east-1": "Z2R2ITUGPM61AM",
    "us-east-2": "Z2XHWR1WZ565X2",
    "us-west-1": "Z10WI91S59XXQN",
    "us-west-2": "Z1PVIF0B656C1W",
    "ap-northeast-1": "Z24O6O9L7SGTNB",
    "ap-southeast-1": "Z2G0U3KFCY8NZ5",
    "ap-southeast-2": "Z32T0VRHXEXS0V",
    "eu-central-1": "Z1RLNUO7B9Q6NB",
    "eu-west-1": "Z29XKXDKYMONMX",
    "eu-west-2": "ZTNPYJFKD9G8Y",
    "eu-west-3": "ZMESEXB7ZGGQ3",
}


def hosted_zone(region: str) -> str:
    made_up = "Z" + hashlib.sha256(f"{region} rds".encode()).hexdigest()[:13].upper()
    return HOSTED_ZONES.get(region, made_up)


def writer(cluster: Cluster) -> str:
    return f"{cluster.name}.cluster-{region_of(cluster).dns_id}.{cluster.region}.rds.amazonaws.com"


def reader(cluster: Cluster) -> str:
    return f"{cluster.name}.cluster-ro-{region_of(cluster).dns_id}.{cluster.region}.rds.amazonaws.com"


def of_instance(instance: Instance) -> str:
    return f"{instance.name}.{region_of(instance).dns_id}.{instance.region}.rds.amazonaws.com"


def global_writer(cluster: GlobalCluster) -> str:
    unique = hashlib.sha256(f"{cluster.account_id} global".encode()).hexdigest()[:12]
    return f"{cluster.name}.global-{unique}.global.rds.amazonaws.com"
