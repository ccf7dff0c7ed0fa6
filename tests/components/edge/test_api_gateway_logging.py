"""By which role API Gateway writes, and that it has it before anything is to be written."""

import json

import pulumi_random as random
import pytest

from components.edge.api_gateway_logging import ApiGatewayLogging, ApiGatewayLoggingArgs
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ACCOUNT, ATTACHMENT = "aws:apigateway/account:Account", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


def build() -> None:
    made = ApiGatewayLogging("api-gateway-logging", ApiGatewayLoggingArgs(region="us-east-1"))
    random.RandomId("stage", byte_length=1, keepers={"writer": made.role_arn})


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_components(build)


def only(graph: Graph, token: str) -> Resource:
    (found,) = graph.of_type(token)
    return found


def test_api_gateway_alone_assumes_the_role(graph: Graph) -> None:
    (statement,) = json.loads(only(graph, "aws:iam/role:Role")["assumeRolePolicy"])["Statement"]
    assert (statement["Principal"], statement["Action"]) == (
        {"Service": "apigateway.amazonaws.com"},
        ["sts:AssumeRole"],
    )


def test_the_role_may_write_logs_before_api_gateway_tries_it_out(graph: Graph) -> None:
    role, attached = only(graph, "aws:iam/role:Role"), only(graph, ATTACHMENT)
    assert (attached["role"], attached["policyArn"]) == (
        role["name"],
        "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
    )
    assert only(graph, ACCOUNT)["cloudwatchRoleArn"] == role["arn"]
    assert attached in graph.dependencies(only(graph, ACCOUNT))


def test_whoever_needs_the_role_waits_until_api_gateway_has_it(graph: Graph) -> None:
    assert only(graph, ACCOUNT) in graph.dependencies(graph.named("stage"))


def test_a_first_preview_builds_the_same(graph: Graph) -> None:
    assert {each.urn for each in record_components(build, known=False)} == {each.urn for each in graph}
    assert graph.problems == []
