"""IAM: limits of roles and their tags. More of it is in test_cloudwatch_logs_sns_iam.py."""

import json

from conftest import create_role, fails
from traffic import trust


def test_inline_policies_of_a_role_have_a_length_together(aws, name):
    iam = aws("iam")
    create_role(aws, name)

    def put(policy, characters):
        """A document of this length, and white space that does not count."""
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        statement["Resource"] += "x" * (characters - len(json.dumps(document, separators=(",", ":"))))
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document, indent=4))

    put("a", 10000)
    put("b", 240)
    with fails("LimitExceeded", f"Maximum policy size of 10240 bytes exceeded for role {name}"):
        put("c", 100)
    with fails("LimitExceeded"):
        put("b", 241)
    put("a", 9900)
    put("c", 100)


def test_keys_of_a_roles_tags_differ_by_more_than_case(aws, name):
    iam = aws("iam")
    create_role(aws, name)
    twice = [{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": "b"}]
    said = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    with fails("InvalidInput", said):
        iam.tag_role(RoleName=name, Tags=twice)
    with fails("InvalidInput", said):
        iam.create_role(
            RoleName=f"{name}-2", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"), Tags=twice
        )
    for tag in twice:
        iam.tag_role(RoleName=name, Tags=[tag])
    assert iam.list_role_tags(RoleName=name)["Tags"] == twice[1:]
    iam.untag_role(RoleName=name, TagKeys=["TEAM"])
    assert iam.list_role_tags(RoleName=name)["Tags"] == []
