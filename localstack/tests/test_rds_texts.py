"""RDS: identifiers, windows and numbers, and what they are not."""

import pytest
from conftest import fails
from databases import REGION, db

pytestmark = pytest.mark.usefixtures("step")


@pytest.mark.parametrize("wrong", ["1a", "a-", "a--b", "a_b", "a.b", "x" * 64])
def test_identifiers_are_checked(db, name, wrong):
    for call in (
        lambda: db.cluster(wrong),
        lambda: db.instance("no-such", wrong),
        lambda: db.rds.create_db_cluster_snapshot(
            DBClusterIdentifier="no-such", DBClusterSnapshotIdentifier=wrong
        ),
        lambda: db.rds.create_global_cluster(GlobalClusterIdentifier=wrong, Engine="aurora-postgresql"),
    ):
        with fails("InvalidParameterValue"):
            call()


def test_what_is_missing_is_named(db):
    import boto3

    rds = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test").client(
        "rds", REGION, endpoint_url=db.rds.meta.endpoint_url, config=lax()
    )
    with fails("MissingParameter", "DBClusterIdentifier"):
        rds.create_db_cluster(Engine="aurora-postgresql")


def lax():
    from botocore.config import Config

    return Config(parameter_validation=False, retries={"total_max_attempts": 1})


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"BackupRetentionPeriod": 0}, "Retention period must be between 1 and 35"),
        ({"BackupRetentionPeriod": 36}, "Retention period must be between 1 and 35"),
        ({"Port": 1149}, "port"),
        ({"PreferredBackupWindow": "1:00-2:00"}, "backup window"),
        ({"PreferredBackupWindow": "01:00-01:20"}, "backup window"),
        ({"PreferredMaintenanceWindow": "01:00-02:00"}, "maintenance window"),
        ({"PreferredMaintenanceWindow": "day:01:00-day:02:00"}, "maintenance window"),
        (
            {"PreferredBackupWindow": "23:30-00:30", "PreferredMaintenanceWindow": "tue:00:00-tue:01:00"},
            "must not overlap",
        ),
        (
            {"PreferredBackupWindow": "01:00-02:00", "PreferredMaintenanceWindow": "sat:00:00-sat:06:00"},
            "must not overlap",
        ),
        ({"StorageType": "gp3"}, "StorageType"),
        ({"EngineMode": "serverless"}, "EngineMode"),
        ({"DatabaseName": "1orders"}, "DatabaseName"),
        ({"DatabaseName": "postgres"}, "reserved word"),
        ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "reserved"),
        ({"Tags": [{"Key": "rds:x", "Value": "y"}]}, "reserved"),
        ({"Tags": [{"Key": "a", "Value": "b*c"}]}, "not allowed"),
    ],
)
def test_wrong_settings_of_a_cluster_are_refused(db, name, given, text):
    with fails("InvalidParameterValue", text):
        db.cluster(name, **given)


def test_windows_that_only_touch_do_not_overlap(db, name):
    db.cluster(name, PreferredBackupWindow="23:30-00:30", PreferredMaintenanceWindow="tue:00:30-tue:01:30")


def test_the_usual_storage_type_is_not_shown(db, name):
    assert db.cluster(name, StorageType="aurora-iopt1")["StorageType"] == "aurora-iopt1"
    assert "StorageType" not in db.cluster(f"{name}-2", StorageType="aurora")
