"""The task that migrates, and the command that runs it."""

import json
import shlex
from functools import cache
from typing import Any

import pytest

from components.compute.migration_task import MigrationTask, MigrationTaskArgs, run_task
from sandbox.difference import difference
from sandbox.graph import Graph
from sandbox.recorder import record_components
from tests.components.compute.aws_examples import (
    BLUE_IMAGE,
    DATABASE_URL,
    GREEN_IMAGE,
    IDENTITY,
    LOGS,
    LOGS_KEY,
    PLACE,
    REPOSITORY,
    SECRETS_KEY,
)

DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"


def args(**changes: Any) -> MigrationTaskArgs:
    given: dict[str, Any] = {
        "image": GREEN_IMAGE,
        "command": ["alembic", "upgrade", "head"],
        "architecture": "ARM64",
        "cpu": 0.5,
        "memory_gib": 1,
        "environment": {"REGION": "us-east-1"},
        "secrets": {"DATABASE_URL": DATABASE_URL},
        "cluster_name": "main",
        "network": PLACE,
        "identity": IDENTITY,
        "logs": LOGS,
    }
    return MigrationTaskArgs(**{**given, **changes})


def recorded(**changes: Any) -> Graph:
    given = args(**changes)
    return record_components(lambda: MigrationTask("migration-main", given))


@cache
def graph() -> Graph:
    return recorded()


def container() -> dict[str, Any]:
    (found,) = json.loads(graph().of_type(DEFINITION)[0]["containerDefinitions"])
    return found


def test_it_runs_the_image_of_the_release_with_the_same_secrets() -> None:
    assert (container()["image"], container()["command"]) == (GREEN_IMAGE, ["alembic", "upgrade", "head"])
    assert container()["secrets"] == [{"name": "DATABASE_URL", "valueFrom": DATABASE_URL}]
    assert container()["environment"] == [{"name": "REGION", "value": "us-east-1"}]


def test_nothing_asks_it_whether_it_lives_and_nothing_connects_to_it() -> None:
    assert {"portMappings", "healthCheck"} & set(container()) == set(), "a task that ends by itself is not unhealthy"


def test_a_migration_has_as_long_to_stop_as_fargate_gives() -> None:
    assert container()["stopTimeout"] == 120


def test_it_logs_for_itself() -> None:
    (log,) = graph().of_type("aws:cloudwatch/logGroup:LogGroup")
    assert (log.name, log["kmsKeyId"], log["retentionInDays"]) == ("migration-main", LOGS_KEY, 90)
    assert container()["logConfiguration"]["options"]["awslogs-group"] == log["name"]


def test_its_roles_are_its_own_and_read_only_its_secrets() -> None:
    policies = {each.name: json.loads(each["policy"]) for each in graph().of_type("aws:iam/rolePolicy:RolePolicy")}
    found = {s["Sid"]: s["Resource"] for s in policies["migration-main-execution"]["Statement"]}
    log = graph().of_type("aws:cloudwatch/logGroup:LogGroup")[0]["arn"]
    assert found == {
        "LogInToRegistry": ["*"],
        "PullImage": [REPOSITORY],
        "WriteLog": [f"{log}:log-stream:*"],
        "ReadSecrets": [DATABASE_URL],
        "DecryptSecrets": [SECRETS_KEY],
    }


def test_the_command_names_the_revision_and_where_it_runs() -> None:
    shown = graph().named("migration-main", "platform:compute:MigrationTask").registered
    assert shown is not None
    words = shlex.split(shown["run_command"])
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert words[:3] == ["aws", "ecs", "run-task"]
    assert options == {
        "--region": "us-east-1",
        "--cluster": "main",
        "--task-definition": graph().of_type(DEFINITION)[0]["arn"],
        "--launch-type": "FARGATE",
        "--count": "1",
        "--propagate-tags": "TASK_DEFINITION",
        "--network-configuration": "awsvpcConfiguration={subnets=[subnet-1a,subnet-1b,subnet-1c],"
        "securityGroups=[sg-backend-api],assignPublicIp=DISABLED}",
    }


def test_a_shell_takes_the_command_as_it_stands() -> None:
    command = run_task(region="r", cluster="a b", task_definition="t:1", subnets=["s1", "s2"], security_groups=["g"])
    assert "'a b'" in command
    assert "'awsvpcConfiguration={subnets=[s1,s2],securityGroups=[g],assignPublicIp=DISABLED}'" in command


def test_another_image_makes_another_revision_and_nothing_else() -> None:
    found = difference(graph(), recorded(image=BLUE_IMAGE))
    assert ([c.after.type for c in found.replaced], list(found.changed), found.added, found.deleted) == (
        [DEFINITION],
        [],
        [],
        [],
    )
    assert graph().of_type(DEFINITION)[0]["skipDestroy"], "the command of the last release still works"


def test_a_size_that_fargate_does_not_offer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no 8 GiB with 0\.5 vCPU"):
        args(memory_gib=8)
