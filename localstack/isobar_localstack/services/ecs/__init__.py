"""ECS, written here: LocalStack has none, and in moto every service is steady at once.

state              what there is, time              turns             requests one after the other
clusters           task_definitions                 services          service_checks
deployments        service deployments as they are shown and stopped
scheduler          brings tasks to what is wanted; rollback begins and fails deployments, traffic shifts
tasks              the life of a task               task_operations   runs, lists and stops them
failing_images     what a test says of images
"""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.ecs import failing_images, inventory, operations, rules, state, tags, turns

SERVICE = Emulated(
    "ecs",
    based_on=Base.OWN,
    operations=operations.operations,
    throttling=Throttling("ThrottlingException"),
    limits=(
        Limit(("RegisterTaskDefinition", "DeregisterTaskDefinition"), 1, 20, "doc"),
        Limit(("DeleteTaskDefinitions",), 1, 5, "doc"),
        Limit(("DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies"), 20, 50, "doc"),
        Limit(("CreateService", "UpdateService", "DeleteService"), 5, 50, "doc"),
        Limit(("DescribeServices", "ListServices"), 20, 100, "doc"),
        Limit(
            ("DescribeServiceDeployments", "ListServiceDeployments", "DescribeServiceRevisions"),
            20,
            50,
            "doc",
        ),
        Limit(("CreateCapacityProvider", "UpdateCapacityProvider", "DeleteCapacityProvider"), 1, 10, "doc"),
        Limit(("TagResource", "UntagResource"), 10, 20, "doc"),
        Limit(("PutAccountSetting*", "DeleteAccountSetting", "ListAccountSettings"), 1, 10, "doc"),
        Limit(("RunTask", "StopTask"), 40, 100, "doc"),
        Limit(
            ("CreateCluster", "DeleteCluster", "UpdateCluster*", "PutClusterCapacityProviders"),
            1,
            20,
            "memory",
        ),
    ),
    errors=coral("InvalidParameterException"),  # [memory]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=tags.tagged,
    state=(state.stores,),
    durations={
        "deployment_pending": 5,
        "deployment_settling": 10,
        "deployment_stage": 5,
        "alarm_baking": 300,
        "task_provisioning": 10,
        "task_starting": 20,
        "task_retry": 2,
        "task_stopping": 30,
        "stopped_task_shown": 3600,
        "interface_leaving": 60,
        "service_deleting": 10,
        "task_definition_deleting": 60,
    },
    controls={"ecs/failing-images": failing_images.FailingImagesResource},
    before_requests=turns.advance,
)
