"""What the tests of RDS share: a network and a subnet group in a region, clusters and instances in short words."""

from types import SimpleNamespace

import pytest

REGION, OTHER = "eu-west-1", "us-east-1"
ENGINE, VERSION, NEWER = "aurora-postgresql", "16.4", "16.8"
PASSWORD = "correct-horse-battery"
CAPACITY = {"MinCapacity": 0.5, "MaxCapacity": 4}
CREATED, STARTED, JOINED, FORWARDING = 240 + 60, 420 + 60, 600, 120
PROMOTED, GONE = 180, 300 + 120
MODIFIED = 10 + 60


class Databases:
    """RDS in a region, with a subnet group of two zones."""

    def __init__(self, aws, region):
        self.rds, self.ec2, self.region = aws("rds", region), aws("ec2", region), region
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [self.subnet(number, zone) for number, zone in enumerate("ab")]
        self.security_group = self.ec2.create_security_group(
            GroupName="db", Description="db", VpcId=self.vpc
        )["GroupId"]
        self.group = f"group-{self.vpc}"
        self.subnet_group(self.group, self.subnets)

    def subnet(self, number, zone, vpc=None):
        return self.ec2.create_subnet(
            VpcId=vpc or self.vpc,
            CidrBlock=f"10.0.{number}.0/24",
            AvailabilityZone=f"{self.region}{zone}",
        )["Subnet"]["SubnetId"]

    def subnet_group(self, name, subnets, **more):
        return self.rds.create_db_subnet_group(
            DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=subnets, **more
        )["DBSubnetGroup"]

    def cluster(self, name, **more):
        wanted = {
            "DBClusterIdentifier": name,
            "Engine": ENGINE,
            "EngineVersion": VERSION,
            "MasterUsername": "app",
            "MasterUserPassword": PASSWORD,
            "DBSubnetGroupName": self.group,
            "VpcSecurityGroupIds": [self.security_group],
            "ServerlessV2ScalingConfiguration": CAPACITY,
        } | more
        return self.rds.create_db_cluster(**{k: v for k, v in wanted.items() if v is not None})["DBCluster"]

    def secondary(self, name, of, **more):
        """A member of a global cluster that has a primary."""
        own = {"MasterUsername": None, "MasterUserPassword": None, "GlobalClusterIdentifier": of}
        return self.cluster(name, **(own | more))

    def instance(self, cluster, name, **more):
        wanted = {
            "DBInstanceIdentifier": name,
            "DBClusterIdentifier": cluster,
            "Engine": ENGINE,
            "DBInstanceClass": "db.serverless",
        } | more
        return self.rds.create_db_instance(**wanted)["DBInstance"]

    def modify(self, name, **more):
        return self.rds.modify_db_cluster(**{"DBClusterIdentifier": name, "ApplyImmediately": True} | more)[
            "DBCluster"
        ]

    def see(self, name):
        return self.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]

    def status(self, name):
        return self.see(name)["Status"]

    def see_instance(self, name):
        return self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def writer(self, name):
        members = self.see(name)["DBClusterMembers"]
        return [one["DBInstanceIdentifier"] for one in members if one["IsClusterWriter"]]

    def delete(self, name, **more):
        wanted = {"DBClusterIdentifier": name} | (more or {"SkipFinalSnapshot": True})
        return self.rds.delete_db_cluster(**wanted)["DBCluster"]

    def cluster_group(self, name, family="aurora-postgresql16", **more):
        return self.rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=name, DBParameterGroupFamily=family, Description="d", **more
        )["DBClusterParameterGroup"]

    def instance_group(self, name, family="aurora-postgresql16"):
        return self.rds.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily=family, Description="d"
        )["DBParameterGroup"]

    def set(self, group, name, value, method="pending-reboot"):
        given = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
        return self.rds.modify_db_cluster_parameter_group(
            DBClusterParameterGroupName=group, Parameters=[given]
        )

    def interfaces(self):
        filters = [
            {"Name": "vpc-id", "Values": [self.vpc]},
            {"Name": "description", "Values": ["RDSNetworkInterface"]},
        ]
        return self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]


@pytest.fixture
def db(aws):
    return Databases(aws, REGION)


@pytest.fixture
def other(aws):
    return Databases(aws, OTHER)


@pytest.fixture
def running(db, name, step):
    """A cluster that stands alone, with a writer."""
    db.cluster(name)
    db.instance(name, f"{name}-1")
    step(CREATED + STARTED)
    return name


def global_cluster(rds, name, **more):
    wanted = {"GlobalClusterIdentifier": name, "Engine": ENGINE, "EngineVersion": VERSION} | more
    return rds.create_global_cluster(**wanted)["GlobalCluster"]


def see_global(rds, name):
    return rds.describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"][0]


@pytest.fixture
def primary(db, name, step):
    """A global cluster with a primary that runs: its names and ARN."""
    global_cluster(db.rds, f"{name}-g")
    step(15)
    arn = db.cluster(f"{name}-eu", GlobalClusterIdentifier=f"{name}-g", EnableGlobalWriteForwarding=True)[
        "DBClusterArn"
    ]
    db.instance(f"{name}-eu", f"{name}-eu-1")
    step(CREATED + STARTED)
    return SimpleNamespace(of=f"{name}-g", name=f"{name}-eu", instance=f"{name}-eu-1", arn=arn)


@pytest.fixture
def secondary(other, primary, name, step):
    """A secondary of it, with an instance."""
    made = other.secondary(f"{name}-us", primary.of, EnableGlobalWriteForwarding=True)
    other.instance(f"{name}-us", f"{name}-us-1")
    step(JOINED + 420 + FORWARDING)
    return SimpleNamespace(name=f"{name}-us", instance=f"{name}-us-1", arn=made["DBClusterArn"])
