"""Task definitions against the rules that AWS publishes: the API's own model, and its linter."""

import json
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator
from cfnlint.api import lint_all

from components.compute.task_definition import MEMORY_GIB, fargate_size
from sandbox.graph import Graph
from tests.components.compute.aws_examples import ecs_graph
from tests.components.compute.test_migration_task import graph as migration_graph

DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"


def containers(graph: Graph) -> list[dict[str, Any]]:
    return json.loads(graph.of_type(DEFINITION)[0]["containerDefinitions"])


@pytest.fixture(params=["service", "migration"])
def definition(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return containers(ecs_graph() if request.param == "service" else migration_graph())


def capitalised(value: Any) -> Any:
    """The keys as CloudFormation writes them, but for the options of a log driver, which are its own."""
    if isinstance(value, dict):
        return {k[0].upper() + k[1:]: v if k == "options" else capitalised(v) for k, v in value.items()}
    return [capitalised(each) for each in value] if isinstance(value, list) else value


def lint(definition: list[dict[str, Any]], *sizes: tuple[str, str]) -> list[str]:
    """What the linter says of a task with these containers, in each of these sizes."""
    tasks = {
        f"Task{cpu}With{memory}": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": "backend-api",
                "Cpu": cpu,
                "Memory": memory,
                "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"],
                "ExecutionRoleArn": "arn:aws:iam::111122223333:role/execution",
                "ContainerDefinitions": capitalised(definition),
            },
        }
        for cpu, memory in sizes
    }
    found = lint_all(json.dumps({"Resources": tasks}))
    return [f"{each.rule.id} {each.message}" for each in found if not each.rule.id.startswith("I")]


def test_the_api_knows_every_word_of_a_container(definition: list[dict[str, Any]]) -> None:
    model = Session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    given = {"family": "backend-api", "containerDefinitions": definition}
    assert ParamValidator().validate(given, model).generate_report() == ""


def test_the_linter_of_aws_finds_nothing_wrong_with_a_container_of_any_size(definition: list[dict[str, Any]]) -> None:
    ends = [fargate_size(cpu, memory) for cpu, offered in MEMORY_GIB.items() for memory in (offered[0], offered[-1])]
    assert lint(definition, *ends) == []


def test_the_linter_would_find_a_size_that_fargate_does_not_offer() -> None:
    assert lint(containers(ecs_graph()), ("1024", "512")) != [], "the test before proves nothing otherwise"
