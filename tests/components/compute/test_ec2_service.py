"""A service on machines in two colours. That a machine boots and its container answers is not proven here."""

import base64
import json
from itertools import pairwise
from typing import Any

import pytest

from components.compute.ec2_service import Ec2Place
from components.compute.service_targets import target_group_name
from components.workloads.service import COLOURS
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from tests.components.compute.aws_examples import (
    DATABASE_URL,
    GREEN_IMAGE,
    QUEUE,
    REPOSITORY,
    RULE,
    SECRET_KEY,
    SECRETS_KEY,
    ancestors,
    ec2,
    ec2_arguments,
    ec2_graph,
    ecs_graph,
    service,
    split,
    weights,
)

LADDER = (0, 10, 25, 50, 100, 0)
GROUP = "aws:autoscaling/group:Group"
TARGETS = "aws:lb/targetGroup:TargetGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
POLICY = "aws:autoscaling/policy:Policy"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def colour(name: str, token: str, graph: Graph | None = None) -> Resource:
    return (graph or ec2_graph()).named(f"backend-api-{name}", token)


def script(name: str) -> str:
    return base64.b64decode(colour(name, TEMPLATE)["userData"]).decode()


def test_a_colour_starts_its_own_image_and_fetches_secrets_by_reference() -> None:
    assert GREEN_IMAGE in script("green")
    assert GREEN_IMAGE not in script("blue")
    assert f"--secret-id {SECRET_KEY}" in script("green")
    assert f"--secret-id {DATABASE_URL} " in script("green"), "the key in it is no part of the ARN"


def test_credentials_need_a_session_and_end_at_the_container() -> None:
    assert colour("blue", TEMPLATE)["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 2,
    }


def test_machines_are_private_and_their_disks_encrypted() -> None:
    (interface,) = colour("blue", TEMPLATE)["networkInterfaces"]
    (disk,) = colour("blue", TEMPLATE)["blockDeviceMappings"]
    assert (interface["associatePublicIpAddress"], interface["securityGroups"]) == ("false", ["sg-backend-api"])
    assert (disk["ebs"]["encrypted"], disk["ebs"]["volumeSize"]) == ("true", 20)
    assert "keyName" not in colour("blue", TEMPLATE).inputs


def test_machines_are_spread_over_the_zones_between_the_bounds_of_the_service() -> None:
    graph = ec2(service(min=6, max=30))
    blue, green = colour("blue", GROUP, graph), colour("green", GROUP, graph)
    assert (blue["minSize"], blue["maxSize"], green["minSize"], green["maxSize"]) == (6, 30, 1, 30)
    assert set(blue["vpcZoneIdentifiers"]) == {"subnet-1a", "subnet-1b", "subnet-1c"}
    assert blue["availabilityZoneDistribution"] == {"capacityDistributionStrategy": "balanced-best-effort"}
    assert "desiredCapacity" not in blue.inputs, "a deployment would undo what scaling did"


def test_machines_are_replaced_without_losing_capacity_and_put_back_on_an_alarm() -> None:
    group = colour("green", GROUP)
    alarms = {each["name"] for each in ec2_graph().of_type(ALARM) if "errors-green" in each.name}
    preferences = group["instanceRefresh"]["preferences"]
    assert (preferences["minHealthyPercentage"], preferences["maxHealthyPercentage"]) == (100, 110)
    assert preferences["autoRollback"] is True
    assert set(preferences["alarmSpecification"]["alarms"]) == alarms
    assert len(alarms) == 2
    assert group["launchTemplate"]["version"].isdigit(), "AWS rolls back to a numbered version alone"


def test_an_image_that_changes_by_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="can be rolled back to"):
        Ec2Place(instance_type="c7g.large", image_id="resolve:ssm:/aws/service/ami", disk_gib=20)


def test_a_release_without_standby_is_refused() -> None:
    with pytest.raises(ValueError, match=r"deploy replicas\.standby 1 first"):
        ec2_arguments(service(green_percent=10, standby=0))


def test_a_machine_is_replaced_when_its_service_does_not_answer() -> None:
    assert colour("blue", GROUP)["healthCheckType"] == "ELB"
    groups = [ec2_graph().referred(arn) for arn in colour("blue", GROUP)["targetGroupArns"]]
    assert {each.name for each in groups if each} == {"backend-api-blue-public", "backend-api-blue-internal"}
    assert {each["targetType"] for each in groups if each} == {"instance"}
    assert colour("blue", GROUP, ec2(routers={}))["healthCheckType"] == "EC2"


def test_tasks_that_become_machines_get_groups_of_another_name_behind_the_same_rules() -> None:
    found = difference(ecs_graph(), ec2_graph())
    keys = [f"{name}-{exposure}" for name in COLOURS for exposure in ("public", "internal")]
    groups = {change.after.name: change.after["name"] for change in found.replaced if change.after.type == TARGETS}
    assert groups == {
        "backend-api-blue-public": "backend-api-blue-pub-vm",
        "backend-api-green-public": "backend-api-green-pub-vm",
        "backend-api-blue-internal": "backend-api-blue-int-vm",
        "backend-api-green-internal": "backend-api-green-int-vm",
    }, "AWS has a name once, and the old group goes last"
    kept = {f"backend-api-errors-{key}" for key in keys} | {f"backend-api-testers-{key}" for key in keys}
    kept |= {"backend-api-public", "backend-api-internal"}
    others = (*found.added, *found.deleted, *(change.after for change in (*found.replaced, *found.following)))
    assert kept & {each.name for each in others} == set(), "a rule that is made anew finds its priority taken"


def test_a_name_that_fits_a_group_of_tasks_fits_one_of_machines() -> None:
    longest = "x" * (32 - len("-green-internal"))
    for name in COLOURS:
        for exposure in ("public", "internal"):
            tasks = target_group_name(longest, name, exposure, "ip")
            machines = target_group_name(longest, name, exposure, "instance")
            assert tasks != machines
            assert len(machines) <= len(tasks), "the settings check the longest alone"


@pytest.mark.parametrize(("before", "after"), list(pairwise(LADDER)))
def test_a_weight_changes_rules_and_bounds_and_nothing_else(before: int, after: int) -> None:
    graph = ec2(service(green_percent=after))
    found = difference(ec2(service(green_percent=before)), graph)
    assert (found.added, found.deleted, found.replaced, found.following) == ([], [], [], [])
    for change in found.changed:
        paths = {each.path for each in change.properties}
        assert change.after.type in {RULE, GROUP}
        if change.after.type == GROUP:
            assert paths == {"minSize"}, "a lower maximum would take machines away that still have requests"
        else:
            assert {path.rpartition(".")[2] for path in paths} == {"weight"}
    assert weights(graph) == {"blue": 100 - after, "green": after}


def test_the_weight_is_changed_after_the_bounds() -> None:
    needed = ancestors(ec2_graph(), split(ec2_graph(), "public"))
    assert {"Group backend-api-blue", "Group backend-api-green"} <= needed


def test_a_new_image_changes_its_own_template_in_place() -> None:
    images = {"blue": f"{GREEN_IMAGE}0", "green": GREEN_IMAGE}
    found = difference(ec2_graph(), ec2(service(images=images)))
    assert (found.added, found.deleted, found.replaced, found.following) == ([], [], [], [])
    assert {c.after.name for c in found.changed} == {"backend-api-blue"}


def test_machines_are_added_after_five_busy_minutes_and_taken_away_after_fifteen_quiet_ones() -> None:
    more, fewer = (ec2_graph().named(f"backend-api-blue-{way}", POLICY) for way in ("out", "in"))
    busy = ec2_graph().named("backend-api-blue-cpu-out", ALARM)
    quiet = ec2_graph().named("backend-api-blue-in", ALARM)
    assert (busy["threshold"], busy["period"], busy["evaluationPeriods"]) == (70, 60, 5)
    assert (busy["alarmActions"], quiet["alarmActions"]) == ([more["arn"]], [fewer["arn"]])
    assert busy["dimensions"] == {"AutoScalingGroupName": colour("blue", GROUP)["name"]}
    assert (quiet["evaluationPeriods"], quiet["metricQueries"][0]["expression"]) == (15, "IF(cpu < 30, 1, 0)")
    assert (more["policyType"], more["estimatedInstanceWarmup"]) == ("StepScaling", 300)
    assert (fewer["policyType"], fewer["scalingAdjustment"], fewer["cooldown"]) == ("SimpleScaling", -1, 300), (
        "a stepped policy knows no rest and would take a machine away every minute"
    )


def test_the_role_starts_the_container_and_does_what_its_code_was_given() -> None:
    role = ec2_graph().named("backend-api", "aws:iam/rolePolicy:RolePolicy")
    log = ec2_graph().named("backend-api", "aws:cloudwatch/logGroup:LogGroup")["arn"]
    found: dict[str, Any] = {
        s["Sid"]: (set(s["Action"]), s["Resource"]) for s in json.loads(role["policy"])["Statement"]
    }
    assert found == {
        "LogInToRegistry": ({"ecr:GetAuthorizationToken"}, ["*"]),
        "PullImage": (
            {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
            [REPOSITORY],
        ),
        "WriteLog": ({"logs:CreateLogStream", "logs:PutLogEvents"}, [f"{log}:log-stream:*"]),
        "ReadSecrets": ({"secretsmanager:GetSecretValue"}, [SECRET_KEY, DATABASE_URL]),
        "DecryptSecrets": ({"kms:Decrypt"}, [SECRETS_KEY]),
        "SendOrders": ({"sqs:SendMessage"}, [QUEUE]),
    }
    assert "RolePolicy backend-api" in ancestors(ec2_graph(), colour("blue", GROUP)), "a machine boots once it may read"


def test_the_same_is_built_before_anything_is_known() -> None:
    assert set(ec2(known=False).resources) == set(ec2_graph().resources)
    assert (ec2_graph().warnings, ec2_graph().problems) == ([], [])
