"""What a WebSocketGateway promises; that API Gateway holds a socket is not proven here."""

import json
from dataclasses import replace
from typing import Any

import boto3
import pulumi
import pulumi_random as random
import pytest

from components.edge.websocket_gateway import (
    CallbackTarget,
    GatewayLogs,
    GatewayName,
    Throttling,
    WebSocketGateway,
    WebSocketGatewayArgs,
    connections_policy,
    pusher_environment,
)
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
AUTHORIZER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:websocket-token"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/websocket-task-1a2b3c4"
WRITER = f"arn:aws:iam::{ACCOUNT}:role/api-gateway-logging"
ARGS = WebSocketGatewayArgs(
    account_id=ACCOUNT,
    region="us-east-1",
    actions=["subscribe", "unsubscribe"],
    target=CallbackTarget(
        vpc_link_id="link-1",
        endpoint="https://websocket.aws.internal.example.com",
        path="/callbacks",
        timeout_seconds=10,
        role_arn=ROLE,
    ),
    authorizer_arn=AUTHORIZER,
    throttling=Throttling(messages_per_second=500, burst=1000),
    logs=GatewayLogs(key_arn="arn:aws:kms:us-east-1:111122223333:key/logs", writer_arn=WRITER, retention_days=90),
    name=GatewayName(
        host="stream.example.com",
        zone_id="Z0PUBLIC",
        certificate_arn="arn:aws:acm:us-east-1:111122223333:certificate/1",
    ),
    stage="live",
)
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
WORDS = {"connect", "disconnect", "default", "subscribe", "unsubscribe"}


def build(args: WebSocketGatewayArgs = ARGS, known: bool = True) -> Graph:
    return record_components(lambda: WebSocketGateway("stream", args), known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build()


def only(graph: Graph, token: str) -> Resource:
    (found,) = graph.of_type(token)
    return found


def routes(graph: Graph) -> dict[str, Resource]:
    return {each["routeKey"]: each for each in graph.of_type("aws:apigatewayv2/route:Route")}


def test_messages_are_routed_by_their_action(graph: Graph) -> None:
    api = only(graph, "aws:apigatewayv2/api:Api")
    assert (api["protocolType"], api["routeSelectionExpression"]) == ("WEBSOCKET", "$request.body.action")
    assert set(routes(graph)) == {"$connect", "$disconnect", "$default", "subscribe", "unsubscribe"}


def test_every_route_is_a_call_of_its_own_path_over_the_private_link(graph: Graph) -> None:
    integrations = graph.of_type("aws:apigatewayv2/integration:Integration")
    assert {each["integrationUri"] for each in integrations} == {
        f"https://websocket.aws.internal.example.com/callbacks/{word}" for word in WORDS
    }
    for each in integrations:
        assert (each["connectionType"], each["connectionId"]) == ("VPC_LINK", "link-1")
        assert (each["integrationType"], each["integrationMethod"]) == ("HTTP_PROXY", "POST")
        assert each["timeoutMilliseconds"] == 10_000
    for route in routes(graph).values():
        word = route["routeKey"].removeprefix("$")
        assert route["target"] == f"integrations/{graph.named(f'stream-{word}', integrations[0].type).id}"


def test_the_service_is_told_whose_message_it_is(graph: Graph) -> None:
    for each in graph.of_type("aws:apigatewayv2/integration:Integration"):
        assert each["requestParameters"] == {
            "integration.request.header.ConnectionId": "context.connectionId",
            "integration.request.header.ConnectionPrincipal": "context.authorizer.principalId",
        }


def test_nobody_connects_past_the_authoriser(graph: Graph) -> None:
    authorizer = only(graph, "aws:apigatewayv2/authorizer:Authorizer")
    assert (authorizer["authorizerType"], authorizer["identitySources"]) == (
        "REQUEST",
        ["route.request.querystring.token"],
    )
    assert authorizer["authorizerUri"] == (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{AUTHORIZER}/invocations"
    )
    assert routes(graph)["$connect"]["authorizerId"] == authorizer.id
    assert {key: each["authorizationType"] for key, each in routes(graph).items()} == {
        "$connect": "CUSTOM",
        "$disconnect": "NONE",
        "$default": "NONE",
        "subscribe": "NONE",
        "unsubscribe": "NONE",
    }, "API Gateway authorises nothing but the connection"


def test_the_authoriser_is_called_by_this_api_only(graph: Graph) -> None:
    permission = only(graph, "aws:lambda/permission:Permission")
    api, authorizer = only(graph, "aws:apigatewayv2/api:Api"), only(graph, "aws:apigatewayv2/authorizer:Authorizer")
    assert (permission["function"], permission["action"], permission["principal"], permission["sourceAccount"]) == (
        AUTHORIZER,
        "lambda:InvokeFunction",
        "apigateway.amazonaws.com",
        ACCOUNT,
    )
    assert permission["sourceArn"] == f"{api['executionArn']}/authorizers/{authorizer.id}"


def test_a_deployment_is_made_of_all_routes(graph: Graph) -> None:
    deployment = only(graph, "aws:apigatewayv2/deployment:Deployment")
    waits = {each.urn for each in graph.dependencies(deployment)}
    parts = graph.of_type("aws:apigatewayv2/route:Route", "aws:apigatewayv2/integration:Integration")
    assert {each.urn for each in parts} <= waits, "it is a copy of what is there"
    assert only(graph, "aws:apigatewayv2/stage:Stage")["deploymentId"] == deployment.id


@pytest.mark.parametrize(
    "change",
    [
        {"actions": ["subscribe"]},
        {"authorizer_arn": f"{AUTHORIZER}-2"},
        {"target": replace(ARGS.target, timeout_seconds=20)},
        {"target": replace(ARGS.target, path="/v2/callbacks")},
    ],
)
def test_a_changed_route_is_deployed(graph: Graph, change: dict[str, Any]) -> None:
    changed = only(build(replace(ARGS, **change)), "aws:apigatewayv2/deployment:Deployment")
    assert changed["triggers"] != only(graph, changed.type)["triggers"]


def test_a_changed_limit_deploys_nothing(graph: Graph) -> None:
    change = difference(graph, build(replace(ARGS, throttling=Throttling(messages_per_second=1, burst=1))))
    assert {each.resource.type for each in change.changed} == {"aws:apigatewayv2/stage:Stage"}
    assert (change.replaced, change.added, change.deleted) == ([], [], [])


def test_clients_are_throttled_and_no_message_is_written_down(graph: Graph) -> None:
    stage = only(graph, "aws:apigatewayv2/stage:Stage")
    assert stage["defaultRouteSettings"] == {
        "throttlingRateLimit": 500,
        "throttlingBurstLimit": 1000,
        "loggingLevel": "ERROR",
        "detailedMetricsEnabled": True,
        "dataTraceEnabled": False,
    }
    assert not stage.inputs.get("autoDeploy"), "only HTTP APIs deploy themselves"


def test_connections_are_logged_without_their_tokens(graph: Graph) -> None:
    stage, group = only(graph, "aws:apigatewayv2/stage:Stage"), graph.named("stream-access", LOG_GROUP)
    settings = stage["accessLogSettings"]
    assert settings["destinationArn"] == group["arn"]
    assert set(json.loads(settings["format"]).values()) == {
        "$context.requestId",
        "$context.requestTime",
        "$context.identity.sourceIp",
        "$context.routeKey",
        "$context.eventType",
        "$context.status",
        "$context.connectionId",
        "$context.authorizer.principalId",
        "$context.error.message",
        "$context.integrationErrorMessage",
    }


def test_both_logs_are_encrypted_and_kept_for_a_time(graph: Graph) -> None:
    api, groups = only(graph, "aws:apigatewayv2/api:Api"), graph.of_type(LOG_GROUP)
    assert {each.name for each in groups} == {"stream-access", "stream-errors"}
    assert {(each["retentionInDays"], each["kmsKeyId"]) for each in groups} == {(90, ARGS.logs.key_arn)}
    errors = graph.named("stream-errors", LOG_GROUP)
    assert errors["name"] == f"/aws/apigateway/{api.id}/live", "API Gateway would create its own, for ever"
    assert errors in graph.dependencies(only(graph, "aws:apigatewayv2/stage:Stage"))


def test_no_stage_is_to_log_before_api_gateway_has_a_role_for_it() -> None:
    def made() -> None:
        writer = random.RandomId("writer", byte_length=1).hex
        WebSocketGateway("stream", replace(ARGS, logs=replace(ARGS.logs, writer_arn=writer)))

    graph = record_components(made)
    assert graph.named("writer") in graph.dependencies(only(graph, "aws:apigatewayv2/stage:Stage"))


def test_the_api_answers_under_its_own_name_with_tls_1_2(graph: Graph) -> None:
    assert only(graph, "aws:apigatewayv2/api:Api")["disableExecuteApiEndpoint"] is True
    domain, mapping = (
        only(graph, "aws:apigatewayv2/domainName:DomainName"),
        only(graph, "aws:apigatewayv2/apiMapping:ApiMapping"),
    )
    configuration = domain.inputs["domainNameConfiguration"]
    assert (configuration["securityPolicy"], configuration["endpointType"]) == ("TLS_1_2", "REGIONAL")
    assert (mapping["domainName"], mapping["stage"]) == (domain.id, "live")
    published = graph.named("stream", "platform:edge:WebSocketGateway").registered or {}
    assert (published["endpoint"], published["management_endpoint"]) == (
        "wss://stream.example.com",
        "https://stream.example.com",
    )
    assert set(published) == {
        "endpoint",
        "management_endpoint",
        "api_id",
        "stage_arn",
    }


def test_the_service_sends_to_the_connections_of_this_stage_only(graph: Graph) -> None:
    api, granted = only(graph, "aws:apigatewayv2/api:Api"), only(graph, "aws:iam/rolePolicy:RolePolicy")
    assert granted["role"] == "websocket-task-1a2b3c4"
    (statement,) = json.loads(granted["policy"])["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", ["execute-api:ManageConnections"])
    assert statement["Resource"] == [
        f"{api['executionArn']}/live/DELETE/@connections/*",
        f"{api['executionArn']}/live/POST/@connections/*",
    ]


def test_the_permission_to_send_takes_plain_text_too() -> None:
    found: list[Any] = []
    stage = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc/live"
    record_components(lambda: pulumi.Output.json_dumps(connections_policy(stage)).apply(found.append))
    assert json.loads(found[0])["Statement"][0]["Resource"] == [
        f"{stage}/DELETE/@connections/*",
        f"{stage}/POST/@connections/*",
    ]


def test_a_service_finds_where_to_send_by_its_sdk(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in pusher_environment(ARGS.name.host).items():
        monkeypatch.setenv(name, value)
    client: Any = boto3.client(
        "apigatewaymanagementapi", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    published = graph.named("stream", "platform:edge:WebSocketGateway").registered or {}
    assert client.meta.endpoint_url == published["management_endpoint"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"actions": ["$connect"]}, "letters, digits and underscores"),
        ({"actions": ["default"]}, "none is called"),
        ({"actions": ["a", "a"]}, "every action is there once"),
        ({"target": replace(ARGS.target, timeout_seconds=30)}, "1 to 29 seconds"),
        ({"target": replace(ARGS.target, path="callbacks/")}, "begins with `/`"),
        ({"target": replace(ARGS.target, endpoint="http://a.example.com")}, "begins with `https://`"),
        ({"target": replace(ARGS.target, endpoint="https://a.example.com/")}, "does not end with `/`"),
    ],
)
def test_what_api_gateway_would_refuse_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(ARGS, **change)


def test_a_first_preview_builds_the_same(graph: Graph) -> None:
    assert {each.urn for each in build(known=False)} == {each.urn for each in graph}
    assert graph.problems == []
