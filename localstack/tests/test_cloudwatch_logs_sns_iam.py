import json

from conftest import ACCOUNT, create_role, fails

ALARM = {
    "MetricName": "5XXError",
    "Namespace": "AWS/ApiGateway",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 0.05,
    "ComparisonOperator": "GreaterThanThreshold",
}


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


# --- alarms


def test_an_alarm_is_overwritten_as_a_whole(aws, name):
    cloudwatch = aws("cloudwatch", "eu-west-1")
    cloudwatch.put_metric_alarm(
        AlarmName=name, **ALARM, AlarmDescription="d", TreatMissingData="notBreaching", Tags=tags(a="1")
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")
    cloudwatch.put_metric_alarm(AlarmName=name, **ALARM | {"Threshold": 1.0}, Tags=tags(b="2"))
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    assert "AlarmDescription" not in found and "TreatMissingData" not in found
    assert (found["Threshold"], found["StateValue"]) == (1.0, "OK")
    arn = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{name}"
    assert found["AlarmArn"] == arn
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags(a="1")
    cloudwatch.tag_resource(ResourceARN=arn, Tags=tags(b="2"))
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags(b="2")
    assert not aws("cloudwatch", "us-east-1").describe_alarms(AlarmNames=[name])["MetricAlarms"]


def test_alarms_are_listed_and_deleted(aws, name):
    cloudwatch = aws("cloudwatch")
    names = [f"{name}-{number}" for number in range(3)]
    for one in names:
        cloudwatch.put_metric_alarm(AlarmName=one, **ALARM)
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-c", AlarmRule=f'ALARM("{names[0]}")')
    pages = list(
        cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=name, PaginationConfig={"PageSize": 2}
        )
    )
    assert [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]] == names
    assert not any(page["CompositeAlarms"] for page in pages)
    assert cloudwatch.describe_alarms(AlarmNamePrefix=name, AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    cloudwatch.delete_alarms(AlarmNames=[*names[:2], f"{name}-c"])
    with fails("ResourceNotFound"):
        cloudwatch.delete_alarms(AlarmNames=["missing", names[2]])
    assert not cloudwatch.describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]
    with fails("ResourceNotFoundException"):
        cloudwatch.list_tags_for_resource(
            ResourceARN=f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{names[0]}"
        )


# --- log groups


def test_log_groups(aws, name):
    logs, group = aws("logs", "eu-west-1"), f"/aws/lambda/{name}"
    logs.create_log_group(logGroupName=group, tags={"a": "1"}, logGroupClass="INFREQUENT_ACCESS")
    with fails("ResourceAlreadyExistsException"):
        logs.create_log_group(logGroupName=group)
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    with fails("InvalidParameterException"):
        logs.put_retention_policy(logGroupName=group, retentionInDays=31)
    arn = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{group}"
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert (found["retentionInDays"], found["logGroupClass"]) == (30, "INFREQUENT_ACCESS")
    assert (found["arn"], found["logGroupArn"]) == (f"{arn}:*", arn)
    assert logs.describe_log_groups(logGroupIdentifiers=[arn])["logGroups"][0]["logGroupName"] == group
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    logs.delete_log_group(logGroupName=group)
    with fails("ResourceNotFoundException"):
        logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {}
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    with fails("InvalidParameterException", "'resourceArn' failed"):  # this ARN is without the star
        logs.list_tags_for_resource(resourceArn=f"{arn}:*")
    logs.untag_resource(resourceArn=arn, tagKeys=["b"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def test_log_groups_come_in_pages(aws, name):
    logs = aws("logs")
    for number in range(3):
        logs.create_log_group(logGroupName=f"/{name}/{number}")
    pages = list(
        logs.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=f"/{name}/", PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["logGroups"]) for page in pages] == [2, 1]


def test_the_key_of_a_log_group(aws, name):
    logs, region = aws("logs", "eu-west-1"), f"eu-west-1:{ACCOUNT}"
    arn, results = f"arn:aws:logs:{region}:log-group:{name}", f"arn:aws:logs:{region}:query-result:*"
    keys = [f"arn:aws:kms:{region}:key/{number}" for number in range(3)]

    def key():
        return logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0].get("kmsKeyId")

    logs.create_log_group(logGroupName=name, kmsKeyId=keys[0])
    assert key() == keys[0]
    logs.associate_kms_key(logGroupName=name, kmsKeyId=keys[1])
    assert key() == keys[1]
    logs.associate_kms_key(resourceIdentifier=arn, kmsKeyId=keys[2])
    logs.associate_kms_key(resourceIdentifier=results, kmsKeyId=keys[0])
    assert key() == keys[2]
    for wrong in ({}, {"logGroupName": name, "resourceIdentifier": arn}, {"resourceIdentifier": name}):
        with fails("InvalidParameterException"):
            logs.associate_kms_key(kmsKeyId=keys[0], **wrong)
        with fails("InvalidParameterException"):
            logs.disassociate_kms_key(**wrong)
    with fails("ResourceNotFoundException"):
        logs.associate_kms_key(logGroupName=f"{name}-missing", kmsKeyId=keys[0])
    logs.disassociate_kms_key(resourceIdentifier=results)
    assert key() == keys[2]
    logs.disassociate_kms_key(logGroupName=name)
    logs.disassociate_kms_key(resourceIdentifier=arn)
    assert key() is None


# --- topics


def test_topics(aws, name):
    sns = aws("sns", "eu-west-1")
    arn = sns.create_topic(Name=name, Tags=tags(a="1"))["TopicArn"]
    assert sns.create_topic(Name=name, Tags=tags(a="1"))["TopicArn"] == arn
    assert sns.create_topic(Name=name)["TopicArn"] == arn
    with fails("InvalidParameter", "different tags"):
        sns.create_topic(Name=name, Tags=tags(a="2"))
    sns.tag_resource(ResourceArn=arn, Tags=tags(b="2"))
    sns.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags(b="2")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="x")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "x"
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com")
    found = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert found[0]["SubscriptionArn"] == "PendingConfirmation"
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    with fails("NotFound"):
        sns.get_topic_attributes(TopicArn=arn)
    with fails("ResourceNotFound"):
        sns.list_tags_for_resource(ResourceArn=arn)
    sns.create_topic(Name=name, Tags=tags(z="1"))
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags(z="1")


# --- roles


def test_roles(aws, name):
    iam, managed = aws("iam"), "arn:aws:iam::aws:policy/AWSLambdaExecute"
    arn = create_role(aws, name)
    with fails("EntityAlreadyExists"):
        create_role(aws, name)
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
        }
    )
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
    iam.attach_role_policy(RoleName=name, PolicyArn=managed)
    iam.tag_role(RoleName=name, Tags=tags(a="1", b="2"))
    iam.untag_role(RoleName=name, TagKeys=["b"])
    iam.update_role(RoleName=name, Description="d", MaxSessionDuration=7200)
    detail = detail_of(aws, name)
    assert detail["Arn"] == arn and detail["Tags"] == tags(a="1")
    assert detail["RolePolicyList"] == [{"PolicyName": "inline", "PolicyDocument": json.loads(policy)}]
    assert detail["AttachedManagedPolicies"][0]["PolicyArn"] == managed
    assert detail["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
    role = iam.get_role(RoleName=name)["Role"]
    assert (role["Description"], role["MaxSessionDuration"], role["Tags"]) == ("d", 7200, tags(a="1"))
    with fails("DeleteConflict"):
        iam.delete_role(RoleName=name)
    iam.detach_role_policy(RoleName=name, PolicyArn=managed)
    with fails("DeleteConflict"):
        iam.delete_role(RoleName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    iam.delete_role(RoleName=name)
    with fails("NoSuchEntity"):
        iam.get_role(RoleName=name)


def detail_of(aws, name):
    pages = aws("iam").get_paginator("get_account_authorization_details").paginate(Filter=["Role"])
    return next(role for page in pages for role in page["RoleDetailList"] if role["RoleName"] == name)


def test_an_instance_profile_has_one_role(aws, name):
    iam = aws("iam")
    for role in (name, f"{name}2"):
        create_role(aws, role, "ec2.amazonaws.com")
    made = iam.create_instance_profile(
        InstanceProfileName=name, Path="/isobar/", Tags=[{"Key": "for", "Value": name}]
    )["InstanceProfile"]
    assert made["Arn"] == f"arn:aws:iam::000000000000:instance-profile/isobar/{name}" and made["Roles"] == []
    with fails("EntityAlreadyExists"):
        iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    for role in (name, f"{name}2"):
        with fails("LimitExceeded"):
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    shown = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [role["RoleName"] for role in shown["Roles"]] == [name] and shown["Tags"] == [
        {"Key": "for", "Value": name}
    ]
    assert [
        p["InstanceProfileName"]
        for p in iam.list_instance_profiles(PathPrefix="/isobar/")["InstanceProfiles"]
    ] == [name]
    assert [
        p["InstanceProfileName"]
        for p in iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
    ] == [name]


def test_instance_profiles_and_their_roles_hold_each_other(aws, control, name):
    iam = aws("iam")
    create_role(aws, name, "ec2.amazonaws.com")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    assert {"region": "global", "service": "iam", "kind": "instance-profile", "name": name} in control(
        "inventory?regions=us-east-1"
    )
    with fails("DeleteConflict"):
        iam.delete_instance_profile(InstanceProfileName=name)
    with fails("DeleteConflict"):
        iam.delete_role(RoleName=name)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    with fails("NoSuchEntity"):
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.delete_role(RoleName=name)
    iam.tag_instance_profile(
        InstanceProfileName=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    )
    iam.untag_instance_profile(InstanceProfileName=name, TagKeys=["a"])
    assert iam.list_instance_profile_tags(InstanceProfileName=name)["Tags"] == [{"Key": "b", "Value": "2"}]
    iam.delete_instance_profile(InstanceProfileName=name)
    with fails("NoSuchEntity"):
        iam.get_instance_profile(InstanceProfileName=name)


def test_a_new_instance_profile_is_seen_later(aws, eventual, name):
    iam = aws("iam")
    iam.create_instance_profile(InstanceProfileName=name)
    with fails("NoSuchEntity"):
        iam.get_instance_profile(InstanceProfileName=name)
    eventual(3)
    assert (
        iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["InstanceProfileName"] == name
    )
    assert name not in [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]]
    eventual(3)
    assert name in [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]]
