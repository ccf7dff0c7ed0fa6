"""What a CrossCloudEventBus registers; how events pass is tried in `tests/functions/event_forwarder`."""

import json
from typing import Any

import jsonschema
import pytest

from components.events import origin
from components.events.cross_cloud_event_bus import publishing
from components.events.halves import PushLimits, StreamArgs
from components.events.push_endpoint import ISSUER
from components.events.schemas import event_schema
from sandbox import schema
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from tests.components.events.examples import (
    ACCOUNT,
    AGENT,
    BACKEND,
    GCP_KEY,
    KEY,
    LOGS_KEY,
    NAME,
    REPORTS,
    SOURCE,
    aws_args,
    gcp_args,
    recorded,
)

QUEUE, QUEUE_POLICY = "aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
TOPIC, SUBSCRIPTION = "gcp:pubsub/topic:Topic", "gcp:pubsub/subscription:Subscription"
TOPIC_GRANT = "gcp:pubsub/topicIAMMember:TopicIAMMember"
SUBSCRIPTION_GRANT = "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember"
ACCOUNT_GRANT = "gcp:serviceaccount/iAMMember:IAMMember"
PUBLISH, SUBSCRIBE = "roles/pubsub.publisher", "roles/pubsub.subscriber"
FOURTEEN_DAYS, THIRTY_ONE_DAYS = 1_209_600, "2678400s"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


@pytest.fixture(scope="module")
def alone() -> Graph:
    return recorded(gcp=None)


def one(graph: Graph, type_: str, ending: str = "") -> Resource:
    (found,) = [each for each in graph.of_type(type_) if each.name.endswith(ending)]
    return found


def statements(document: str) -> dict[str, dict[str, Any]]:
    return {each["Sid"]: each for each in json.loads(document)["Statement"]}


def permissions(graph: Graph, ending: str) -> dict[str, dict[str, Any]]:
    """The statements of a role's own policy, checked to hang on the role of that name."""
    granted = one(graph, ROLE_POLICY, ending)
    assert granted["role"] == one(graph, ROLE, ending).id
    return statements(granted["policy"])


def actions(found: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    return {(action, resource) for each in found.values() for action in each["Action"] for resource in each["Resource"]}


def outputs(graph: Graph) -> dict[str, Any]:
    return dict(graph.named(NAME, "platform:events:CrossCloudEventBus").registered or {})


# The bus


def test_the_bus_is_encrypted_and_keeps_what_it_cannot_encrypt(graph: Graph) -> None:
    bus = one(graph, "aws:cloudwatch/eventBus:EventBus")
    queue = graph.named(f"{NAME}-dead-queue", QUEUE)
    assert bus["kmsKeyIdentifier"] == KEY
    assert bus["deadLetterConfig"] == {"arn": queue["arn"]}, "a disabled key would lose events"
    assert outputs(graph)["bus_name"] == bus["name"] == NAME


def test_every_event_can_be_replayed_for_the_days_of_the_retention(graph: Graph) -> None:
    archive = one(graph, "aws:cloudwatch/eventArchive:EventArchive")
    assert (archive["name"], archive["retentionDays"], archive["kmsKeyIdentifier"]) == (NAME, 90, KEY)
    assert archive["eventSourceArn"] == one(graph, "aws:cloudwatch/eventBus:EventBus")["arn"]
    assert "eventPattern" not in archive.inputs, "a pattern would leave events out"


def test_each_type_of_event_has_its_schema_in_the_registry(graph: Graph) -> None:
    found = one(graph, "aws:schemas/schema:Schema")
    assert (found["name"], found["type"]) == ("elson.trading@OrderExecuted", "JSONSchemaDraft4")
    assert found["registryName"] == one(graph, "aws:schemas/registry:Registry")["name"]
    assert json.loads(found["content"]) == event_schema(SOURCE, "OrderExecuted", {"order_id": {"type": "string"}})


def test_without_google_cloud_there_are_the_bus_its_archive_its_schemas_and_its_dead_letters(alone: Graph) -> None:
    assert sorted(each.type for each in alone if each.custom) == [
        "aws:cloudwatch/eventArchive:EventArchive",
        "aws:cloudwatch/eventBus:EventBus",
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
        "aws:schemas/registry:Registry",
        "aws:schemas/schema:Schema",
        QUEUE,
        QUEUE_POLICY,
    ]
    assert set(outputs(alone)) == {"bus_arn", "bus_name", "archive_arn", "dead_letter_queue_names", "subscription_ids"}
    assert set(outputs(alone)["dead_letter_queue_names"]) == {"bus"}


# Who publishes


def test_services_publish_under_the_source_of_aws_and_nobody_but_the_function_under_that_of_google(
    graph: Graph,
) -> None:
    bus_arn = one(graph, "aws:cloudwatch/eventBus:EventBus")["arn"]
    found = statements(one(graph, "aws:cloudwatch/eventBusPolicy:EventBusPolicy")["policy"])
    assert found == {
        "OthersSpeakForGoogle": {
            "Sid": "OthersSpeakForGoogle",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["events:PutEvents"],
            "Resource": [bus_arn],
            "Condition": {
                "ForAnyValue:StringEquals": {"events:source": "elson.trading.gcp"},
                "ArnNotEquals": {"aws:PrincipalArn": one(graph, ROLE, "forwarder-run")["arn"]},
            },
        },
    }


def test_a_service_of_aws_publishes_under_its_own_source_and_names_one() -> None:
    assert publishing("arn:aws:events:us-east-1:123456789012:event-bus/b", "elson.trading") == {
        "Sid": "PublishEvents",
        "Effect": "Allow",
        "Action": ["events:PutEvents"],
        "Resource": ["arn:aws:events:us-east-1:123456789012:event-bus/b"],
        "Condition": {
            "ForAllValues:StringEquals": {"events:source": "elson.trading"},
            "Null": {"events:source": "false"},
        },
    }


def test_without_google_cloud_nobody_speaks_for_it(alone: Graph) -> None:
    found = statements(one(alone, "aws:cloudwatch/eventBusPolicy:EventBusPolicy")["policy"])
    assert found["OthersSpeakForGoogle"]["Condition"] == {
        "ForAnyValue:StringEquals": {"events:source": "elson.trading.gcp"}
    }


def test_each_topic_has_exactly_its_publishers(graph: Graph) -> None:
    topics = {each["name"]: each.name for each in graph.of_type(TOPIC)}
    assert {(topics[each["topic"]], each["role"], each["member"]) for each in graph.of_type(TOPIC_GRANT)} == {
        (f"{NAME}-to-aws-topic", PUBLISH, BACKEND),
        (f"{NAME}-to-google-topic", PUBLISH, AGENT),
        (f"{NAME}-dead-topic", PUBLISH, AGENT),
    }, "a service that could publish among the events of AWS could forge them"


def test_each_subscription_is_read_by_its_service_and_emptied_by_pubsub(graph: Graph) -> None:
    names = {each["name"]: each.name for each in graph.of_type(SUBSCRIPTION)}
    assert {
        (names[each["subscription"]], each["role"], each["member"]) for each in graph.of_type(SUBSCRIPTION_GRANT)
    } == {
        (f"{NAME}-to-google-backend-api", SUBSCRIBE, BACKEND),
        (f"{NAME}-to-google-backend-api", SUBSCRIBE, AGENT),
        (f"{NAME}-to-google-reports", SUBSCRIBE, REPORTS),
        (f"{NAME}-to-google-reports", SUBSCRIBE, AGENT),
        (f"{NAME}-to-aws-push", SUBSCRIBE, AGENT),
    }


def test_only_pubsub_has_tokens_of_the_two_service_accounts_made(graph: Graph) -> None:
    accounts = {each["accountId"]: each for each in graph.of_type("gcp:serviceaccount/account:Account")}
    assert set(accounts) == {"elson-stg-events-ingest", "elson-stg-events-push"}
    assert {(each["serviceAccountId"], each["role"], each["member"]) for each in graph.of_type(ACCOUNT_GRANT)} == {
        (each["name"], "roles/iam.serviceAccountTokenCreator", AGENT) for each in accounts.values()
    }
    assert graph.of_type("gcp:projects/iAMMember:IAMMember") == [], "neither has a role in the project"


# To Google Cloud


def test_two_rules_share_the_events_of_aws_between_them(graph: Graph) -> None:
    patterns = {each.name: json.loads(each["eventPattern"]) for each in graph.of_type(RULE)}
    assert patterns == {
        f"{NAME}-to-google-account": {
            "source": ["elson.trading"],
            "detail": {"origin": ["aws"], "account_id": [{"exists": True}]},
        },
        f"{NAME}-to-google-other": {
            "source": ["elson.trading"],
            "detail": {"origin": ["aws"], "account_id": [{"exists": False}]},
        },
    }
    assert {each["eventBusName"] for each in graph.of_type(RULE, TARGET)} == {NAME}


def test_events_of_an_account_stay_together_in_the_stream(graph: Graph) -> None:
    stream = one(graph, "aws:kinesis/stream:Stream")
    targets = {each.name.rsplit("-", 1)[1]: each for each in graph.of_type(TARGET)}
    assert {key: each.get("kinesisTarget") for key, each in targets.items()} == {
        "account": {"partitionKeyPath": "$.detail.account_id"},
        "other": None,
    }, "without an account the path would find nothing, and the event would fail"
    assert {each["arn"] for each in targets.values()} == {stream["arn"]}


def test_what_does_not_reach_the_stream_for_a_day_lies_in_the_queue(graph: Graph) -> None:
    queue = graph.named(f"{NAME}-to-google-dead-queue", QUEUE)
    for target in graph.of_type(TARGET):
        assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 86_400, "maximumRetryAttempts": 185}
        assert target["deadLetterConfig"] == {"arn": queue["arn"]}


def test_the_stream_is_encrypted_and_outlasts_an_absence_of_google_cloud(graph: Graph) -> None:
    stream = one(graph, "aws:kinesis/stream:Stream")
    assert (stream["encryptionType"], stream["kmsKeyId"], stream["retentionPeriod"]) == ("KMS", KEY, 168)
    assert stream["streamModeDetails"] == {"streamMode": "ON_DEMAND"}
    assert "shardCount" not in stream.inputs, "an on-demand stream refuses it"


def test_a_stream_with_a_number_of_shards_is_provisioned() -> None:
    stream = one(recorded(aws=aws_args(stream=StreamArgs(shards=4, retention_hours=24))), "aws:kinesis/stream:Stream")
    assert (stream["streamModeDetails"], stream["shardCount"]) == ({"streamMode": "PROVISIONED"}, 4)


def test_eventbridge_may_write_to_the_stream_for_the_two_rules_and_nothing_else(graph: Graph) -> None:
    stream_arn = one(graph, "aws:kinesis/stream:Stream")["arn"]
    role = one(graph, ROLE, "-forward")
    found = permissions(graph, "-forward")
    assert actions(found) == {
        ("kinesis:PutRecord", stream_arn),
        ("kinesis:PutRecords", stream_arn),
        ("kms:GenerateDataKey", KEY),
    }
    assert found["EncryptStream"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "kinesis.us-east-1.amazonaws.com"}
    }
    (trusted,) = statements(role["assumeRolePolicy"]).values()
    assert trusted["Principal"] == {"Service": "events.amazonaws.com"}
    assert trusted["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": [each["arn"] for each in graph.of_type(RULE)]},
    }
    assert {each["roleArn"] for each in graph.of_type(TARGET)} == {role["arn"]}


def test_pubsub_may_read_the_stream_as_one_google_account_and_nothing_else(graph: Graph) -> None:
    stream, consumer = one(graph, "aws:kinesis/stream:Stream"), one(graph, "aws:kinesis/streamConsumer:StreamConsumer")
    account = one(graph, "gcp:serviceaccount/account:Account", "ingest")
    found = permissions(graph, "google-ingest")
    assert actions(found) == {
        ("kinesis:DescribeStream", stream["arn"]),
        ("kinesis:DescribeStreamSummary", stream["arn"]),
        ("kinesis:ListShards", stream["arn"]),
        ("kinesis:DescribeStreamConsumer", stream["arn"]),
        ("kinesis:DescribeStreamConsumer", consumer["arn"]),
        ("kinesis:SubscribeToShard", stream["arn"]),
        ("kinesis:SubscribeToShard", consumer["arn"]),
        ("kms:Decrypt", KEY),
    }
    assert found["DecryptStream"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "kinesis.us-east-1.amazonaws.com"}
    }
    (trusted,) = statements(one(graph, ROLE, "google-ingest")["assumeRolePolicy"]).values()
    assert trusted["Principal"] == {"Federated": "accounts.google.com"}
    assert trusted["Condition"] == {"StringEquals": {"accounts.google.com:sub": account["uniqueId"]}}


def test_the_topic_reads_the_stream_as_that_account_and_role(graph: Graph) -> None:
    topic = graph.named(f"{NAME}-to-google-topic", TOPIC)
    assert topic["ingestionDataSourceSettings"] == {
        "awsKinesis": {
            "streamArn": one(graph, "aws:kinesis/stream:Stream")["arn"],
            "consumerArn": one(graph, "aws:kinesis/streamConsumer:StreamConsumer")["arn"],
            "awsRoleArn": one(graph, ROLE, "google-ingest")["arn"],
            "gcpServiceAccount": one(graph, "gcp:serviceaccount/account:Account", "ingest")["email"],
        },
        "platformLogsSettings": {"severity": "WARNING"},
    }
    assert "schemaSettings" not in topic.inputs, "an event that fits no schema would be dropped in silence"
    assert one(graph, ACCOUNT_GRANT, "ingest") in graph.dependencies(topic), "the topic would come up broken"


def test_each_subscriber_has_a_subscription_to_the_events_of_aws(graph: Graph) -> None:
    topic = graph.named(f"{NAME}-to-google-topic", TOPIC)
    ids = {each.name: each.id for each in graph.of_type(SUBSCRIPTION) if each["topic"] == topic.id}
    assert outputs(graph)["subscription_ids"] == {
        "backend-api": ids[f"{NAME}-to-google-backend-api"],
        "reports": ids[f"{NAME}-to-google-reports"],
    }
    assert len(ids) == 2


# To AWS


def test_pubsub_pushes_with_a_token_for_this_endpoint(graph: Graph) -> None:
    endpoint = one(graph, "aws:apigatewayv2/api:Api")["apiEndpoint"] + "/events"
    push = one(graph, SUBSCRIPTION, "push")
    assert push["topic"] == graph.named(f"{NAME}-to-aws-topic", TOPIC).id
    assert push["pushConfig"] == {
        "pushEndpoint": endpoint,
        "oidcToken": {
            "serviceAccountEmail": one(graph, "gcp:serviceaccount/account:Account", "push")["email"],
            "audience": endpoint,
        },
    }, "without its wrapper the message does not say which attempt it is"
    assert push["enableMessageOrdering"] is True
    assert push["ackDeadlineSeconds"] > 30, "an HTTP API may take 30 seconds to answer"


def test_the_endpoint_has_one_route_and_asks_for_googles_token(graph: Graph) -> None:
    api, authorizer = one(graph, "aws:apigatewayv2/api:Api"), one(graph, "aws:apigatewayv2/authorizer:Authorizer")
    assert (api["protocolType"], api.get("corsConfiguration")) == ("HTTP", None)
    assert authorizer["authorizerType"] == "JWT"
    assert authorizer["identitySources"] == ["$request.header.Authorization"]
    assert authorizer["jwtConfiguration"] == {"issuer": ISSUER, "audiences": [api["apiEndpoint"] + "/events"]}
    route = one(graph, "aws:apigatewayv2/route:Route")
    assert (route["routeKey"], route["authorizationType"], route["authorizerId"]) == (
        "POST /events",
        "JWT",
        authorizer.id,
    )
    integration = one(graph, "aws:apigatewayv2/integration:Integration")
    assert route["target"] == f"integrations/{integration.id}"
    assert (integration["integrationType"], integration["payloadFormatVersion"]) == ("AWS_PROXY", "2.0")
    assert integration["integrationUri"] == one(graph, "aws:lambda/function:Function")["invokeArn"]


def test_the_endpoint_is_throttled_and_logs_who_came_and_who_was_refused(graph: Graph) -> None:
    stage = one(graph, "aws:apigatewayv2/stage:Stage")
    assert stage["defaultRouteSettings"] == {
        "detailedMetricsEnabled": True,
        "throttlingRateLimit": 100,
        "throttlingBurstLimit": 200,
    }
    log = one(graph, "aws:cloudwatch/logGroup:LogGroup", "access")
    assert stage["accessLogSettings"]["destinationArn"] == log["arn"]
    assert {"$context.authorizer.claims.email", "$context.authorizer.error", "$context.status"} <= set(
        json.loads(stage["accessLogSettings"]["format"]).values()
    )
    assert (log["kmsKeyId"], log["retentionInDays"]) == (LOGS_KEY, 30)


def test_only_the_one_route_invokes_the_function(graph: Graph) -> None:
    permission = one(graph, "aws:lambda/permission:Permission")
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["sourceArn"] == one(graph, "aws:apigatewayv2/api:Api")["executionArn"] + "/*/POST/events"
    assert permission["sourceAccount"] == ACCOUNT
    assert graph.of_type("aws:lambda/functionUrl:FunctionUrl") == []


def test_the_function_may_put_events_of_google_on_the_bus_and_keep_dead_letters(graph: Graph) -> None:
    log_arn = one(graph, "aws:cloudwatch/logGroup:LogGroup", "forwarder-log")["arn"]
    bus_arn = one(graph, "aws:cloudwatch/eventBus:EventBus")["arn"]
    queue_arn = graph.named(f"{NAME}-to-aws-dead-queue", QUEUE)["arn"]
    found = permissions(graph, "forwarder-run")
    assert actions(found) == {
        ("events:PutEvents", bus_arn),
        ("sqs:SendMessage", queue_arn),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
        ("logs:CreateLogStream", f"{log_arn}:*"),
        ("logs:PutLogEvents", f"{log_arn}:*"),
    }
    assert found["PutEventsOfGoogle"]["Condition"] == {
        "ForAllValues:StringEquals": {"events:source": "elson.trading.gcp"},
        "Null": {"events:source": "false"},
    }, "whatever its code does, it puts nothing on the bus that is forwarded"
    assert found["EncryptDeadLetters"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}
    }


def test_the_function_knows_its_one_caller_and_the_last_attempt(graph: Graph) -> None:
    function = one(graph, "aws:lambda/function:Function")
    account = one(graph, "gcp:serviceaccount/account:Account", "push")
    assert function["environment"]["variables"] == {
        "BUS_NAME": NAME,
        "SOURCE": "elson.trading.gcp",
        "AWS_SOURCE": "elson.trading",
        "CALLER_EMAIL": account["email"],
        "CALLER_SUBJECT": account["uniqueId"],
        "DEAD_LETTER_QUEUE_URL": graph.named(f"{NAME}-to-aws-dead-queue", QUEUE)["url"],
        "LAST_ATTEMPT": str(one(graph, SUBSCRIPTION, "push")["deadLetterPolicy"]["maxDeliveryAttempts"]),
    }
    assert function["timeout"] < 30, "an HTTP API gives up after 30 seconds, and the log would not say why"


# Dead letters


@pytest.mark.parametrize("ending", ["events-dead-queue", "to-google-dead-queue", "to-aws-dead-queue"])
def test_each_queue_is_encrypted_waits_for_fourteen_days_and_belongs_to_the_account(graph: Graph, ending: str) -> None:
    queue = one(graph, QUEUE, ending)
    assert (queue["kmsMasterKeyId"], queue["messageRetentionSeconds"]) == (KEY, FOURTEEN_DAYS)
    found = statements(one(graph, QUEUE_POLICY, ending)["policy"])
    assert {each["Resource"][0] for each in found.values()} == {queue["arn"]}
    assert {key: each["Condition"] for key, each in found.items() if each["Effect"] == "Deny"} == {
        "Unencrypted": {"Bool": {"aws:SecureTransport": "false"}},
        "OtherAccounts": {
            "StringNotEquals": {"aws:PrincipalAccount": ACCOUNT},
            "Bool": {"aws:PrincipalIsAWSService": "false"},
        },
    }


def test_each_queue_takes_from_eventbridge_what_is_meant_for_it(graph: Graph) -> None:
    senders = {
        each.name: [
            (found["Principal"], found["Action"], found["Condition"])
            for found in statements(each["policy"]).values()
            if found["Effect"] == "Allow"
        ]
        for each in graph.of_type(QUEUE_POLICY)
    }

    def sends(*arns: str) -> list[Any]:
        condition = {"ArnEquals": {"aws:SourceArn": list(arns)}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}
        return [({"Service": "events.amazonaws.com"}, ["sqs:SendMessage"], condition)]

    assert senders == {
        f"{NAME}-dead-queue": sends(f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{NAME}"),
        f"{NAME}-to-google-dead-queue": sends(*[each["arn"] for each in graph.of_type(RULE)]),
        f"{NAME}-to-aws-dead-queue": [],
    }, "the function sends by its role"


def test_no_subscription_expires_and_each_but_the_last_gives_up_to_the_dead_letters(graph: Graph) -> None:
    dead = graph.named(f"{NAME}-dead-topic", TOPIC)
    found = {each.name: each for each in graph.of_type(SUBSCRIPTION)}
    assert {name: (each.get("deadLetterPolicy") or {}).get("maxDeliveryAttempts") for name, each in found.items()} == {
        f"{NAME}-to-google-backend-api": 20,
        f"{NAME}-to-google-reports": 20,
        f"{NAME}-to-aws-push": 100,
        f"{NAME}-dead-kept": None,
    }
    for name, each in found.items():
        assert each["expirationPolicy"] == {"ttl": ""}, f"{name} would be deleted after a month without events"
        assert each["messageRetentionDuration"] == THIRTY_ONE_DAYS
        if name.endswith("-kept"):
            assert each["topic"] == dead.id, "a topic without a subscription drops what it is given"
        else:
            assert each["deadLetterPolicy"]["deadLetterTopic"] == dead.id
            assert each["retryPolicy"] == {"minimumBackoff": "10s", "maximumBackoff": "600s"}


def test_topics_are_encrypted_and_keep_messages_in_their_region(graph: Graph) -> None:
    assert len(graph.of_type(TOPIC)) == 3
    for topic in graph.of_type(TOPIC):
        assert topic["kmsKeyName"] == GCP_KEY
        assert topic["messageStoragePolicy"] == {"allowedPersistenceRegions": ["us-central1"]}, topic.name


# What holds for the whole


def test_what_holds_events_is_protected(graph: Graph) -> None:
    kinds = {
        "aws:cloudwatch/eventArchive:EventArchive",
        "aws:cloudwatch/eventBus:EventBus",
        "aws:kinesis/stream:Stream",
        QUEUE,
        TOPIC,
        SUBSCRIPTION,
    }
    assert {each.type for each in graph if each.custom and each.options.protect} == kinds
    assert [each.name for each in graph.of_type(*kinds) if not each.options.protect] == []


def test_more_days_shards_limits_and_services_replace_nothing(graph: Graph) -> None:
    later = recorded(
        aws=aws_args(
            archive_retention_days=365,
            log_retention_days=90,
            stream=StreamArgs(shards=8, retention_hours=8760),
            push_limits=PushLimits(requests_per_second=500, burst=1000),
        ),
        gcp=gcp_args(subscribers={"backend-api": BACKEND, "reports": REPORTS, "audit": BACKEND}),
        schemas={"OrderExecuted": {"order_id": {"type": "string"}, "venue": {"type": "string"}}},
    )
    change = difference(graph, later)
    assert (change.replaced, change.following, change.deleted) == ([], [], [])
    assert {each.name for each in change.added} == {f"{NAME}-to-google-audit", f"{NAME}-to-google-dead-letters-audit"}


def test_google_cloud_is_added_without_touching_what_the_bus_holds(graph: Graph, alone: Graph) -> None:
    change = difference(alone, graph)
    assert (change.replaced, change.following, change.deleted) == ([], [], [])
    assert {each.resource.type for each in change.changed} <= {"aws:cloudwatch/eventBusPolicy:EventBusPolicy"}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("changes", [{}, {"gcp": None}], ids=["both", "aws"])
def test_it_is_built_as_the_sdks_know_it_whether_its_outputs_are_known_or_not(
    known: bool, changes: dict[str, Any]
) -> None:
    graph = recorded(known, **changes)
    assert (graph.problems, graph.warnings) == ([], [])
    for each in graph:
        if each.custom and (found := schema.resource(each.type)) is not None:
            assert found.problems(each.inputs) == [], each.name


# What cannot be


@pytest.mark.parametrize("source", ["elson", "aws.trading", "elson.trading.gcp", "Elson.Trading", "elson..trading", ""])
def test_a_source_that_would_break_the_marks_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="cannot mark the events of AWS"):
        recorded(source=source)


def test_values_that_a_cloud_refuses_are_refused_first() -> None:
    with pytest.raises(ValueError, match="shards is 0"):
        StreamArgs(shards=0, retention_hours=24)
    with pytest.raises(ValueError, match="24 to 8760"):
        StreamArgs(shards=None, retention_hours=23)
    with pytest.raises(ValueError, match="let nothing through"):
        PushLimits(requests_per_second=0, burst=1)
    with pytest.raises(ValueError, match="0 for ever"):
        aws_args(archive_retention_days=0)
    with pytest.raises(ValueError, match="a Google service account holds 30"):
        gcp_args(account_prefix="elson-prd-events-and-much-more")
    with pytest.raises(ValueError, match="leave it 35"):
        recorded(name="e" * 36)


def test_the_longest_name_still_leaves_room_for_the_suffix_of_a_role() -> None:
    graph = recorded(name="e" * 35)
    assert max(len(each.name) for each in graph.of_type(ROLE)) + 8 == 64


def test_the_schema_takes_events_of_both_clouds_and_nothing_unmarked() -> None:
    validator = jsonschema.Draft4Validator(event_schema(SOURCE, "OrderExecuted", {"order_id": {"type": "string"}}))
    detail = {"event_id": "e", "origin": "aws", "account_id": "a", "sequence": 1, "order_id": "o"}
    event = {"source": "elson.trading", "detail-type": "OrderExecuted", "detail": detail}
    validator.check_schema(validator.schema)
    assert validator.is_valid(event)
    assert validator.is_valid({**event, "source": origin.google_source(SOURCE), "detail": {**detail, "origin": "gcp"}})
    for wrong in (
        {**event, "source": "elson.trading.orders"},
        {**event, "detail-type": "Other"},
        {**event, "detail": {**detail, "origin": "azure"}},
        {**event, "detail": {key: value for key, value in detail.items() if key != "event_id"}},
        {**event, "detail": {key: value for key, value in detail.items() if key != "order_id"}},
    ):
        assert not validator.is_valid(wrong), wrong


def test_a_field_of_every_event_cannot_be_redefined() -> None:
    with pytest.raises(ValueError, match="origin stand in every event"):
        event_schema(SOURCE, "OrderExecuted", {"origin": {"type": "string"}})
