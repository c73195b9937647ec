"""What the strictness costs: `./test -s tests/cost.py` prints the seconds per 1,000 calls with and without.

Not among the tests, since it measures. Both emulators run side by side and are asked in turns, so that
whatever else the machine does falls on both. The column "checking" is the processor time of the checks alone, as
the emulator itself measures it: the number to trust on a busy machine.
"""

import time

import boto3
from botocore.config import Config
from conftest import ask, emulator

ROUNDS, CALLS = 5, 100  # calls per kind, emulator and round


def kinds(endpoint):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")

    def client(service):
        return session.client(
            service, "eu-west-1", endpoint_url=endpoint, config=Config(parameter_validation=False)
        )

    sns, dynamodb, cloudwatch, iam, route53 = map(client, ("sns", "dynamodb", "cloudwatch", "iam", "route53"))
    topic = sns.create_topic(Name="cost")["TopicArn"]
    zone = route53.create_hosted_zone(Name="cost.example.com", CallerReference="cost")["HostedZone"]["Id"]
    key = {
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    }
    dynamodb.create_table(TableName="cost", BillingMode="PAY_PER_REQUEST", **key)
    alarm = {
        "AlarmName": "cost",
        "EvaluationPeriods": 3,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1,
        "MetricName": "m",
        "Namespace": "n",
        "Statistic": "Sum",
        "Period": 60,
        "AlarmActions": [topic],
        "Tags": [{"Key": f"key-{n}", "Value": "value"} for n in range(10)],
    }
    records = [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": f"r{n}.cost.example.com",
                "Type": "A",
                "TTL": 60,
                "ResourceRecords": [{"Value": "192.0.2.1"}],
            },
        }
        for n in range(100)
    ]
    return {
        "sns.GetTopicAttributes": lambda: sns.get_topic_attributes(TopicArn=topic),
        "iam.ListRoles": lambda: iam.list_roles(),
        "dynamodb.DescribeTable": lambda: dynamodb.describe_table(TableName="cost"),
        "cloudwatch.PutMetricAlarm": lambda: cloudwatch.put_metric_alarm(**alarm),
        "route53.ChangeResourceRecordSets (100 records)": lambda: route53.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": records}
        ),
    }


def seconds(call, number):
    began = time.perf_counter()
    for _ in range(number):
        call()
    return time.perf_counter() - began


def test_cost():
    with emulator(ISOBAR_EMULATOR_STRICT="1") as strict, emulator(ISOBAR_EMULATOR_STRICT="0") as lax:
        both = kinds(strict), kinds(lax)
        print("\nseconds per 1,000 calls                          strict     lax   checking")
        sums = [0.0, 0.0]
        for name in both[0]:
            calls = CALLS // 10 if "100 records" in name else CALLS
            found = [[], []]
            for side in (0, 1):
                seconds(both[side][name], 5)
            for _ in range(ROUNDS):
                for side in (0, 1):
                    found[side].append(seconds(both[side][name], calls) * 1000 / calls)
            ask(strict, "strict", "DELETE")
            seconds(both[0][name], calls)
            report = ask(strict, "strict")
            checking = report["seconds"] * 1000 / report["checked"]
            best = [min(times) for times in found]  # the least disturbed round
            sums = [total + one for total, one in zip(sums, best)]
            print(f"{name:48} {best[0]:6.2f}  {best[1]:6.2f}  {checking:9.3f}")
        print(f"{'mean':48} {sums[0] / len(both[0]):6.2f}  {sums[1] / len(both[0]):6.2f}")
        assert sums[0] < 1.5 * sums[1]
