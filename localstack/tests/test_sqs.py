import json

from conftest import ACCOUNT, create_role, fails

REGION = "eu-west-1"


def queue(aws, name, tags=None, **attributes):
    return aws("sqs", REGION).create_queue(QueueName=name, Attributes=attributes, tags=tags or {})["QueueUrl"]


def attributes_of(aws, url):
    return aws("sqs", REGION).get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def arn_of(name):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def redrive(name, receives=5):
    return json.dumps({"deadLetterTargetArn": arn_of(name), "maxReceiveCount": receives})


def test_a_queue_is_made_changed_tagged_and_deleted(aws, control, name):
    sqs = aws("sqs", REGION)
    url = queue(aws, name, {"a": "1"}, VisibilityTimeout="60")
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert queue(aws, name, VisibilityTimeout="60") == url
    with fails("QueueAlreadyExists"):
        queue(aws, name, VisibilityTimeout="61")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "5"})
    shown = attributes_of(aws, url)
    assert (shown["DelaySeconds"], shown["MaximumMessageSize"], shown["QueueArn"]) == (
        "5",
        "1048576",
        arn_of(name),
    )
    sqs.tag_queue(QueueUrl=url, Tags={"b": "2"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "2"}
    found = aws("resourcegroupstaggingapi", REGION).get_resources(ResourceARNList=[arn_of(name)])
    assert found["ResourceTagMappingList"][0]["Tags"] == [{"Key": "b", "Value": "2"}]
    thing = {"region": REGION, "service": "sqs", "kind": "queue", "name": name}
    assert thing in control("inventory")
    sqs.delete_queue(QueueUrl=url)
    assert thing not in control("inventory")


def test_what_does_not_exist_has_the_code_of_the_query_protocol(aws, name):
    sqs = aws("sqs", REGION)
    url = queue(aws, name)
    sqs.delete_queue(QueueUrl=url)
    for call in (sqs.delete_queue, sqs.list_queue_tags, sqs.get_queue_attributes):
        with fails("AWS.SimpleQueueService.NonExistentQueue"):
            call(QueueUrl=url)
    with fails("AWS.SimpleQueueService.NonExistentQueue"):
        sqs.get_queue_url(QueueName=name)


def test_the_name_of_a_deleted_queue_is_taken_for_a_minute(aws, step, name):
    aws("sqs", REGION).delete_queue(QueueUrl=queue(aws, name, {"a": "1"}))
    step(59)
    with fails("AWS.SimpleQueueService.QueueDeletedRecently"):
        queue(aws, name)
    step(1)
    url = queue(aws, name)
    assert "Tags" not in aws("sqs", REGION).list_queue_tags(QueueUrl=url)


def test_names(aws, name):
    for wrong in ("a" * 81, "a.b", f"{name}.fifo"):
        with fails("InvalidParameterValue"):
            queue(aws, wrong)
    for wrong in (name, "a" * 76 + ".fifo"):
        with fails("InvalidParameterValue"):
            queue(aws, wrong, FifoQueue="true")
    queue(aws, "a" * 80)
    queue(aws, "a" * 75 + ".fifo", FifoQueue="true")


def test_attributes_have_bounds(aws, name):
    bounds = {
        "VisibilityTimeout": (0, 43200),
        "DelaySeconds": (0, 900),
        "MessageRetentionPeriod": (60, 1209600),
        "MaximumMessageSize": (1024, 1048576),
        "ReceiveMessageWaitTimeSeconds": (0, 20),
    }
    url = queue(aws, name)
    for attribute, (least, most) in bounds.items():
        for wrong in (least - 1, most + 1, "x"):
            with fails("InvalidAttributeValue", attribute):
                queue(aws, f"{name}2", **{attribute: str(wrong)})
        for good in (least, most):
            aws("sqs", REGION).set_queue_attributes(QueueUrl=url, Attributes={attribute: str(good)})
            assert attributes_of(aws, url)[attribute] == str(good)


def test_the_type_of_a_queue_stays(aws, name):
    with fails("InvalidAttributeName"):
        queue(aws, name, FifoQueue="false")
    with fails("InvalidAttributeName"):
        queue(aws, name, ContentBasedDeduplication="true")
    url = queue(aws, f"{name}.fifo", FifoQueue="true")
    with fails("InvalidAttributeValue"):
        aws("sqs", REGION).set_queue_attributes(QueueUrl=url, Attributes={"FifoQueue": "false"})


def test_a_dead_letter_queue_exists_and_is_of_the_same_type(aws, name):
    sqs, url = aws("sqs", REGION), queue(aws, name)
    queue(aws, f"{name}.fifo", FifoQueue="true")
    for target, receives in ((f"{name}-none", 5), (f"{name}.fifo", 5), (name, 0), (name, 1001)):
        with fails("InvalidParameterValue", "RedrivePolicy"):
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive(target, receives)})
        with fails("InvalidParameterValue", "RedrivePolicy"):
            queue(aws, f"{name}-source", RedrivePolicy=redrive(target, receives))
    source = queue(aws, f"{name}-source", RedrivePolicy=redrive(name))
    assert json.loads(attributes_of(aws, source)["RedrivePolicy"])["deadLetterTargetArn"] == arn_of(name)
    sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in attributes_of(aws, source)


def test_one_kind_of_encryption_is_on(aws, name):
    sqs, url = aws("sqs", REGION), queue(aws, name)

    def encryption():
        shown = attributes_of(aws, url)
        return shown.get("KmsMasterKeyId"), shown["SqsManagedSseEnabled"]

    assert encryption() == (None, "true")
    with fails("InvalidAttributeValue"):
        both = {"KmsMasterKeyId": "alias/k", "SqsManagedSseEnabled": "true"}
        sqs.set_queue_attributes(QueueUrl=url, Attributes=both)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/k"})
    assert encryption() == ("alias/k", "false")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert encryption() == (None, "true")


def test_a_policy_names_only_what_exists(aws, name):
    sqs, url = aws("sqs", REGION), queue(aws, name)

    def put():
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{name}"},
            "Action": "sqs:SendMessage",
            "Resource": arn_of(name),
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})

    with fails("InvalidAttributeValue", "Policy"):
        put()
    create_role(aws, name)
    put()
    assert name in attributes_of(aws, url)["Policy"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in attributes_of(aws, url)


def test_queues_and_attributes_are_seen_later(aws, eventual, step, name):
    sqs, url = aws("sqs", REGION), queue(aws, name)
    with fails("AWS.SimpleQueueService.NonExistentQueue"):
        sqs.get_queue_url(QueueName=name)
    step(1)
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url

    def delay():
        return attributes_of(aws, url)["DelaySeconds"]

    for new in ("5", "6"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": new})
        step(30)
        assert delay() == ("0" if new == "5" else "5")
    step(30)
    assert delay() == "6"
