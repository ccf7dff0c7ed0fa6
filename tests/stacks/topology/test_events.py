"""The event bus of each environment: its keys, who may publish, and what a changed setting changes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from components.events.schemas import event_schema
from components.naming import Carrier, stack_prefix
from sandbox.difference import STATEFUL_TYPES, difference
from sandbox.graph import Graph, Resource
from stacks.settings.checks.events import BUS_ACCOUNTS
from stacks.settings.events import COMMON_FIELDS
from tests.environments import changed, loaded

BUS = "platform:events:CrossCloudEventBus"
QUEUE = "aws:sqs/queue:Queue"
STREAM = "aws:kinesis/stream:Stream"
TOPIC = "gcp:pubsub/topic:Topic"
SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
STANDBY = ("staging", "production")


def bus(graph: Graph) -> Resource:
    return graph.named("trading-events", BUS)


def held(graph: Graph, *types: str) -> list[Resource]:
    """The resources of these types that the bus owns."""
    return [resource for resource in graph.descendants(bus(graph)) if resource.type in types]


def statements(document: str) -> Mapping[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}


def key_names(graph: Graph, keys: Mapping[tuple[str, ...], str]) -> set[str]:
    """The names of the keys under which these types keep what they hold."""
    found: set[str] = set()
    for types, name in keys.items():
        for resource in held(graph, *types):
            key = graph.referred(resource[name])
            assert key is not None, f"{resource.urn} names no key of ours"
            found.add(key.name)
    return found


def test_events_are_encrypted_by_the_key_of_their_purpose(graph: Graph) -> None:
    assert key_names(
        graph,
        {
            ("aws:cloudwatch/eventBus:EventBus", "aws:cloudwatch/eventArchive:EventArchive"): "kmsKeyIdentifier",
            (QUEUE,): "kmsMasterKeyId",
            (STREAM,): "kmsKeyId",
        },
    ) == {"key-events-aws"}, "whoever may use another key could read what customers traded"


@pytest.mark.parametrize("environment", STANDBY)
def test_topics_are_encrypted_by_the_key_of_events_in_google_cloud(graph: Graph) -> None:
    assert key_names(graph, {(TOPIC,): "kmsKeyName"}) == {"key-events-gcp"}


def test_the_key_of_events_is_used_by_eventbridge_and_through_the_stream_and_the_queues(graph: Graph) -> None:
    policy = statements(graph.named("key-events-aws", "aws:kms/key:Key")["policy"])
    assert "kms:ReEncrypt*" in policy["EventsUses"]["Action"], "without it, the archive stays empty"
    assert policy["AccountUsesThroughServices"]["Condition"]["StringEquals"]["kms:ViaService"] == [
        "kinesis.us-east-1.amazonaws.com",
        "sqs.us-east-1.amazonaws.com",
    ]


@pytest.mark.parametrize("environment", STANDBY)
def test_pubsub_may_use_the_key_before_a_topic_asks_for_it(graph: Graph) -> None:
    grant = graph.named("key-events-gcp-service-pubsub")
    for topic in held(graph, TOPIC):
        assert grant in graph.dependencies(topic), "the first deployment would fail, and only that one"


@pytest.mark.parametrize("environment", STANDBY)
def test_a_bus_with_a_standby_half_has_both_ways_between_the_clouds(graph: Graph) -> None:
    ways = {child.name for child in graph.children(bus(graph)) if not child.custom}
    assert ways == {
        "trading-events",
        "trading-events-dead",
        "trading-events-to-google",
        "trading-events-to-aws",
    }
    assert {r.name for r in held(graph, QUEUE)} == {
        "trading-events-dead-queue",
        "trading-events-to-google-dead-queue",
        "trading-events-to-aws-dead-queue",
    }, "what can't be delivered has a place to wait on every way"


def test_a_bus_without_a_standby_half_stays_on_aws(development: Graph) -> None:
    assert {child.name for child in development.children(bus(development)) if not child.custom} == {"trading-events"}
    assert {r.package for r in development.descendants(bus(development)) if r.custom} == {"aws"}
    assert held(development, STREAM, "aws:lambda/function:Function", "aws:apigatewayv2/api:Api") == [], (
        "a stream that nobody reads is paid by the hour, and an endpoint that nobody calls is one to attack"
    )


def test_no_service_publishes_before_it_has_an_identity(graph: Graph) -> None:
    (policy,) = held(graph, "aws:cloudwatch/eventBusPolicy:EventBusPolicy")
    assert set(statements(policy["policy"])) == {"OthersSpeakForGoogle"}


@pytest.mark.parametrize("environment", STANDBY)
def test_only_the_forwarder_speaks_for_google_cloud(graph: Graph) -> None:
    (policy,) = held(graph, "aws:cloudwatch/eventBusPolicy:EventBusPolicy")
    denied = statements(policy["policy"])["OthersSpeakForGoogle"]
    forwarder = graph.named("trading-events-to-aws-forwarder-run", "aws:iam/role:Role")
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", ["events:PutEvents"])
    assert denied["Condition"] == {
        "ForAnyValue:StringEquals": {"events:source": "elson.trading.gcp"},
        "ArnNotEquals": {"aws:PrincipalArn": forwarder["arn"]},
    }, "an event that says it is from Google Cloud is never sent there"


def test_without_a_standby_half_nobody_speaks_for_it(development: Graph) -> None:
    (policy,) = held(development, "aws:cloudwatch/eventBusPolicy:EventBusPolicy")
    denied = statements(policy["policy"])["OthersSpeakForGoogle"]
    assert denied["Condition"] == {"ForAnyValue:StringEquals": {"events:source": "elson.trading.gcp"}}


@pytest.mark.parametrize("environment", STANDBY)
def test_only_pubsub_and_the_services_of_the_settings_publish_or_take_in_google_cloud(graph: Graph) -> None:
    settings = loaded(graph.stack)
    agent = graph.named("google-apis-pubsub.googleapis.com", "gcp:projects/serviceIdentity:ServiceIdentity")["member"]
    members = {
        graph.named(f"{name}-identity-account", "gcp:serviceaccount/account:Account")["member"]: name
        for name, service in settings.containers.items()
        if service.events
    }
    found = {
        (members.get(grant["member"], grant["member"]), grant["role"], target.name)
        for name in ("topic", "subscription")
        for grant in held(graph, f"gcp:pubsub/{name}IAMMember:{name.capitalize()}IAMMember")
        if (target := graph.referred(grant[name])) is not None
    }
    publisher, subscriber = "roles/pubsub.publisher", "roles/pubsub.subscriber"
    services = {
        *(
            (name, publisher, "trading-events-to-aws-topic")
            for name in members.values()
            if "publish" in settings.containers[name].events
        ),
        *(
            (name, subscriber, f"trading-events-to-google-{name}")
            for name in members.values()
            if "subscribe" in settings.containers[name].events
        ),
    }
    assert services, "nobody would use the bus"
    assert {grant for grant in found if grant[0] != agent} == services
    assert {grant for grant in found if grant[0] == agent} == {
        (agent, publisher, "trading-events-dead-topic"),
        (agent, publisher, "trading-events-to-google-topic"),
        (agent, subscriber, "trading-events-to-aws-push"),
        *((agent, subscriber, target) for _name, role, target in services if role == subscriber),
    }, "Pub/Sub takes from the stream, and moves what cannot be delivered"


def test_what_keeps_events_is_protected(graph: Graph) -> None:
    kept = {resource.type for resource in held(graph, *STATEFUL_TYPES)}
    expected = {"aws:cloudwatch/eventBus:EventBus", "aws:cloudwatch/eventArchive:EventArchive", QUEUE}
    standby = {STREAM, TOPIC, SUBSCRIPTION}
    assert kept == (expected | standby if graph.stack in STANDBY else expected)
    assert [r.urn for r in held(graph, *STATEFUL_TYPES) if not r.options.protect] == []


def test_every_event_of_the_settings_is_in_the_registry(environment: str, graph: Graph) -> None:
    settings = loaded(environment).events
    schemas = {r["name"]: json.loads(r["content"]) for r in held(graph, "aws:schemas/schema:Schema")}
    assert set(schemas) == {f"elson.trading@{event}" for event in settings.schemas}
    details = schemas["elson.trading@OrderExecuted"]["properties"]["detail"]
    assert set(details["properties"]) == {*COMMON_FIELDS, *settings.schemas["OrderExecuted"]}
    assert details["properties"]["quantity"] == {"type": "string"}


def test_the_settings_know_the_fields_of_every_event() -> None:
    schema = event_schema("elson.trading", "OrderExecuted", {})
    assert set(schema["properties"]["detail"]["properties"]) == set(COMMON_FIELDS)


@pytest.mark.parametrize("environment", STANDBY)
def test_the_accounts_of_the_bus_are_those_that_services_leave_to_it(environment: str, graph: Graph) -> None:
    prefix = stack_prefix(loaded(environment).environment.project, environment)
    accounts = {r["accountId"] for r in held(graph, "gcp:serviceaccount/account:Account")}
    assert accounts == {f"{prefix}-{account}" for account in BUS_ACCOUNTS}


@pytest.mark.parametrize("account", BUS_ACCOUNTS)
def test_the_longest_project_leaves_room_for_the_accounts_of_the_bus(account: str) -> None:
    assert len(f"{stack_prefix('p' * 12, 'production')}-{account}") <= Carrier.SERVICE_ACCOUNT.longest


@pytest.mark.parametrize(
    ("setting", "value", "touched"),
    [
        ("archive_retention_days", 60, {"trading-events-archive"}),
        ("stream.retention_hours", 72, {"trading-events-to-google-stream"}),
        ("stream.shards", 2, {"trading-events-to-google-stream"}),
        ("stream.shards", None, {"trading-events-to-google-stream"}),
        (
            "log_retention_days",
            14,
            {"trading-events-to-aws-endpoint-access", "trading-events-to-aws-forwarder-log"},
        ),
        ("push_limits.burst", 200, {"trading-events-to-aws-endpoint-default"}),
    ],
)
def test_how_long_and_how_fast_is_changed_in_place_and_nowhere_else(
    staging: Graph, setting: str, value: int | None, touched: set[str]
) -> None:
    found = difference(staging, changed("staging", {f"platform:events.{setting}": value}))
    assert {change.resource.name for change in found.changed} == touched
    assert (found.added, found.replaced, found.following, found.deleted) == ([], [], [], [])


def test_another_source_moves_no_event_that_is_kept(staging: Graph) -> None:
    found = difference(staging, changed("staging", {"platform:events.source": "elson.brokerage"}))
    assert found.stateful == []
    assert STATEFUL_TYPES & {change.resource.type for change in (*found.changed, *found.replaced)} == set()
    assert (found.added, found.deleted) == ([], [])
