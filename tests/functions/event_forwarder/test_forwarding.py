"""Events on their way between the clouds: the function's own code behind real HTTP, tokens and patterns.

The patterns, the source and the environment of the function are those of the recorded graph. See `emulation` for what
stands for the clouds, and so for what is not proven here.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import hypothesis
import jwt
import pytest
from hypothesis import strategies as st

from functions.event_forwarder import handler as function
from sandbox.graph import Graph
from tests.components.events import examples
from tests.functions.event_forwarder.emulation import (
    ISSUER,
    REGION,
    Aws,
    Gateway,
    Message,
    Signer,
    Subscription,
    claims_of,
)

PUSHER = "elson-stg-events-push@elson-test.iam.gserviceaccount.com"
SUBJECT = "104729104729104729104"
ATTEMPTS = 5
AWS_EVENT = {"source": "elson.trading", "origin": "aws"}


@pytest.fixture(scope="session")
def bus_graph() -> Graph:
    return examples.recorded()


@pytest.fixture(scope="session")
def aws_server() -> Iterator[Aws]:
    with Aws().running() as server:
        yield server


@pytest.fixture(scope="session")
def google() -> Signer:
    return Signer()


@pytest.fixture(scope="session")
def gateway(google: Signer) -> Iterator[Gateway]:
    with Gateway(function.handler, google.keys()).running() as server:
        yield server


@dataclass
class World:
    """Both clouds and what is between them."""

    aws: Aws
    google: Signer
    gateway: Gateway
    queues: dict[str, str]

    def subscription(self) -> Subscription:
        return Subscription(self.gateway.url, self.token, ATTEMPTS)

    def token(self, **changes: Any) -> str:
        claims = {**claims_of(PUSHER, SUBJECT, self.gateway.audience), **changes}
        return self.google.token({name: value for name, value in claims.items() if value is not None})

    def publish_on_aws(self, source: str, detail: dict[str, Any]) -> None:
        entry = {"EventBusName": examples.NAME, "Source": source, "DetailType": "OrderExecuted"}
        answer = self.aws.client("events").put_events(Entries=[{**entry, "Detail": json.dumps(detail)}])
        assert answer["FailedEntryCount"] == 0
        self.aws.calls.clear()

    def taken(self, queue: str) -> list[dict[str, Any]]:
        """What lies in a queue, taken out of it, in its order."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.aws.client("sqs").receive_message(
                QueueUrl=self.queues[queue], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not answer.get("Messages"):
                return found
            found += answer["Messages"]
            for message in answer["Messages"]:
                self.aws.client("sqs").delete_message(
                    QueueUrl=self.queues[queue], ReceiptHandle=message["ReceiptHandle"]
                )

    def events(self, queue: str) -> list[dict[str, Any]]:
        return [json.loads(message["Body"]) for message in self.taken(queue)]

    def reasons(self) -> list[dict[str, str]]:
        """The attributes of the dead letters."""
        return [
            {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
            for message in self.taken("dead")
        ]


@pytest.fixture
def world(
    aws_server: Aws, google: Signer, gateway: Gateway, bus_graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> World:
    aws_server.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_server.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    queues = _bus(aws_server, bus_graph)
    (deployed,) = bus_graph.of_type("aws:lambda/function:Function")
    environment = {
        **deployed["environment"]["variables"],
        "CALLER_EMAIL": PUSHER,
        "CALLER_SUBJECT": SUBJECT,
        "DEAD_LETTER_QUEUE_URL": queues["dead"],
        "LAST_ATTEMPT": str(ATTEMPTS),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    function._settings.cache_clear()
    gateway.invoked = 0
    return World(aws_server, google, gateway, queues)


def _bus(server: Aws, graph: Graph) -> dict[str, str]:
    """The bus with the rules of the graph; a queue stands for the stream, another sees all that is on the bus."""
    events, sqs = server.client("events"), server.client("sqs")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("stream", "bus", "dead")}
    events.create_event_bus(Name=examples.NAME)
    rules = {rule.name: rule["eventPattern"] for rule in graph.of_type("aws:cloudwatch/eventRule:EventRule")}
    assert len(rules) == 2
    for name, pattern in {**rules, "everything": '{"version": ["0"]}'}.items():
        events.put_rule(Name=name, EventBusName=examples.NAME, EventPattern=pattern)
        queue = "bus" if name == "everything" else "stream"
        arn = f"arn:aws:sqs:{REGION}:123456789012:{queue}"
        events.put_targets(Rule=name, EventBusName=examples.NAME, Targets=[{"Id": "queue", "Arn": arn}])
    return urls


def message(detail: Any = None, *, key: str = "", **envelope: Any) -> Message:
    event = {"detail-type": "OrderExecuted", "detail": detail or {"account_id": "a-1", "event_id": "e-1"}, **envelope}
    return Message(json.dumps(event).encode(), ordering_key=key)


# From Google Cloud to AWS


def test_an_event_of_google_cloud_is_on_the_bus_once_and_marked_as_such(world: World) -> None:
    subscription = world.subscription()
    subscription.deliver([message({"event_id": "e-1", "account_id": "a-1", "price": 1.5, "origin": "gcp"})])
    (event,) = world.events("bus")
    assert (event["source"], event["detail-type"]) == ("elson.trading.gcp", "OrderExecuted")
    assert event["detail"] == {"event_id": "e-1", "account_id": "a-1", "price": 1.5, "origin": "gcp"}
    assert [status for _, status in subscription.statuses] == [204]
    assert len(world.aws.calls) == 1, "one attempt is one call"
    assert world.reasons() == []


def test_an_event_without_an_id_gets_that_of_its_message_which_stays_the_same_in_each_attempt(world: World) -> None:
    sent = message({"account_id": "a-1"})
    world.aws.not_taken("ThrottlingException", "slow down")
    world.subscription().deliver([sent])
    ids = [json.loads(call[0]["Detail"])["event_id"] for call in world.aws.calls]
    assert ids == [sent.id, sent.id], "a consumer could not tell that it has seen the event"


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "InternalException"])
def test_an_event_that_the_bus_answers_200_to_and_does_not_take_is_tried_again(world: World, code: str) -> None:
    world.aws.not_taken(code, "not now", times=2)
    subscription = world.subscription()
    subscription.deliver([message()])
    assert [status for _, status in subscription.statuses] == [500, 500, 204]
    assert len(world.events("bus")) == 1
    assert world.reasons() == []


def test_each_attempt_is_one_call_even_when_the_bus_is_down(world: World) -> None:
    world.aws.fail(503, {"__type": "ServiceUnavailable", "message": "down"}, times=2)
    subscription = world.subscription()
    subscription.deliver([message()])
    assert len(world.aws.calls) == len(subscription.statuses) == 3, "a client that repeats by itself doubles events"


def test_an_event_that_the_bus_does_not_take_to_the_last_lies_in_the_queue_with_its_reason(world: World) -> None:
    world.aws.not_taken("ThrottlingException", "Rate exceeded", times=ATTEMPTS)
    sent = message({"event_id": "e-9"})
    subscription = world.subscription()
    subscription.deliver([sent])
    assert [status for _, status in subscription.statuses] == [500] * (ATTEMPTS - 1) + [204]
    assert world.reasons() == [
        {
            "ERROR_CODE": "ThrottlingException",
            "ERROR_MESSAGE": "Rate exceeded",
            "MESSAGE_ID": sent.id,
            "RETRY_ATTEMPTS": str(ATTEMPTS - 1),
            "SUBSCRIPTION": "projects/elson-test/subscriptions/to-aws",
        }
    ]
    assert subscription.dead_letters == [], "it lies in one place"
    assert world.events("bus") == []


def test_a_dead_letter_holds_the_event_whole(world: World) -> None:
    world.aws.not_taken("MalformedDetail", "no")
    sent = message({"event_id": "e-9", "note": "ünïcode"})
    world.subscription().deliver([sent])
    (kept,) = world.taken("dead")
    assert function.unwrapped(kept["Body"]).data == sent.data, "it could not be sent again"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"not json", "NotJson"),
        (b'{"detail-type": "T", "detail": {"price": NaN}}', "NotJson"),
        (b"\xff\xfe", "NotJson"),
        (b"[]", "NotAnEvent"),
        (b'{"detail": {}}', "NotAnEvent"),
        (b'{"detail-type": "", "detail": {}}', "NotAnEvent"),
        (b'{"detail-type": "T", "detail": [1]}', "NotAnEvent"),
        (b'{"detail-type": "T", "detail": {"origin": "aws"}}', "CameFromAws"),
    ],
)
def test_what_can_never_be_delivered_lies_in_the_queue_at_the_first_attempt(
    world: World, data: bytes, code: str
) -> None:
    subscription = world.subscription()
    subscription.deliver([Message(data)])
    assert [status for _, status in subscription.statuses] == [204], "repeating it would hold up its account's others"
    (reason,) = world.reasons()
    assert (reason["ERROR_CODE"], reason["RETRY_ATTEMPTS"]) == (code, "0")
    assert reason["ERROR_MESSAGE"]
    assert world.aws.calls == []


@pytest.mark.parametrize("code", ["InvalidArgument", "MalformedDetail"])
def test_what_the_bus_refuses_for_good_is_not_tried_again(world: World, code: str) -> None:
    world.aws.not_taken(code, "no good")
    subscription = world.subscription()
    subscription.deliver([message()])
    assert [status for _, status in subscription.statuses] == [204]
    assert [(reason["ERROR_CODE"], reason["ERROR_MESSAGE"]) for reason in world.reasons()] == [(code, "no good")]


def test_an_event_that_is_too_large_is_not_tried_again(world: World) -> None:
    world.aws.fail(400, {"__type": "ValidationException", "message": "Total size of the entries is over the limit"})
    world.subscription().deliver([message()])
    assert [reason["ERROR_CODE"] for reason in world.reasons()] == ["ValidationException"]


def test_without_its_queue_the_function_leaves_the_event_to_the_dead_letters_of_pubsub(world: World) -> None:
    world.aws.client("sqs").delete_queue(QueueUrl=world.queues["dead"])
    sent = Message(b"not json")
    subscription = world.subscription()
    subscription.deliver([sent])
    assert subscription.dead_letters == [sent], "an acknowledgement would have lost it"


def test_a_bus_that_cannot_be_reached_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://127.0.0.1:9")
    function._client.cache_clear()
    request.addfinalizer(function._client.cache_clear)
    assert world.subscription().push(message(), 1) == 500
    assert world.reasons() == []
    assert world.subscription().push(message(), ATTEMPTS) == 204
    assert [reason["ERROR_CODE"] for reason in world.reasons()] == ["Unreachable"]


def test_events_of_an_account_reach_the_bus_in_their_order_and_hold_up_no_other_account(world: World) -> None:
    world.aws.not_taken("ThrottlingException", "slow down", times=2)
    numbers = [("a-1", 1), ("b-2", 1), ("a-1", 2), ("b-2", 2), ("c-3", 1), ("a-1", 3)]
    world.subscription().deliver(
        message({"account_id": account, "sequence": number, "event_id": f"{account}/{number}"}, key=account)
        for account, number in numbers
    )
    arrived = [(each["detail"]["account_id"], each["detail"]["sequence"]) for each in world.events("bus")]
    assert {account: [n for a, n in arrived if a == account] for account in ("a-1", "b-2", "c-3")} == {
        "a-1": [1, 2, 3],
        "b-2": [1, 2],
        "c-3": [1],
    }
    assert arrived[0] == ("c-3", 1), "an account that waits must not hold up the others"


# Who may push


def pushed_with(world: World, token: str) -> int:
    return Subscription(world.gateway.url, lambda: token, ATTEMPTS).push(message(), 1)


def test_the_account_that_pushes_is_let_in(world: World) -> None:
    assert pushed_with(world, world.token()) == 204


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://somewhere-else.example/events"},
        {"aud": None},
        {"iss": "https://accounts.example.com"},
        {"iss": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
    ],
    # Two processes that share the tests have to call them the same, whatever second it is.
    ids=["another audience", "no audience", "another issuer", "no issuer", "ended", "endless", "of later", "not yet"],
)
def test_a_token_that_is_not_for_this_endpoint_now_starts_nothing(world: World, changes: dict[str, Any]) -> None:
    assert pushed_with(world, world.token(**changes)) == 401
    assert (world.gateway.invoked, world.aws.calls) == (0, [])


def test_a_forged_token_starts_nothing(world: World) -> None:
    claims = claims_of(PUSHER, SUBJECT, world.gateway.audience)
    forger = Signer(key_id=world.google.key_id)
    header, body, signature = world.token().split(".")
    forged = [
        forger.token(claims),
        Signer(key_id="unknown").token(claims),
        f"{header}.{body}.",
        f"{header}.{body}x.{signature}",
        jwt.encode(claims, "", algorithm="none", headers={"kid": world.google.key_id}),
        jwt.encode(claims, "k" * 32, algorithm="HS256", headers={"kid": world.google.key_id}),
        "",
    ]
    assert [pushed_with(world, token) for token in forged] == [401] * len(forged)
    assert (world.gateway.invoked, world.aws.calls) == (0, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "attacker@other-project.iam.gserviceaccount.com", "sub": "7"},
        {"email": "attacker@other-project.iam.gserviceaccount.com"},
        {"sub": "7"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email": PUSHER.upper()},
    ],
    ids=str,
)
def test_another_account_with_a_genuine_token_for_this_endpoint_is_refused(
    world: World, changes: dict[str, Any]
) -> None:
    assert pushed_with(world, world.token(**changes)) == 403
    assert (world.aws.calls, world.reasons()) == ([], []), "a stranger can neither publish nor fill the queue"


def test_a_request_that_no_authorizer_has_seen_is_refused(world: World) -> None:
    assert function.handler({"body": "{}"}, None) == {"statusCode": 403}
    assert world.reasons() == []


def test_a_request_of_the_account_that_is_no_push_is_kept(world: World) -> None:
    claims = {"email": PUSHER, "sub": SUBJECT, "email_verified": "true", "iss": ISSUER}
    request = {"requestContext": {"authorizer": {"jwt": {"claims": claims}}}, "body": "eyJ9", "isBase64Encoded": True}
    assert function.handler(request, None) == {"statusCode": 204}
    assert [reason["ERROR_CODE"] for reason in world.reasons()] == ["NotAPush"]


# No loop


def test_an_event_of_aws_goes_to_google_cloud_once(world: World) -> None:
    world.publish_on_aws("elson.trading", {"origin": "aws", "account_id": "a-1", "event_id": "e-1"})
    world.publish_on_aws("elson.trading", {"origin": "aws", "event_id": "e-2"})
    assert sorted(event["detail"]["event_id"] for event in world.events("stream")) == ["e-1", "e-2"], (
        "one of an account and one of none: each matches one rule and not the other"
    )


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("elson.trading.gcp", {"origin": "gcp"}),
        ("elson.trading.gcp", {"origin": "aws"}),
        ("elson.trading", {"origin": "gcp"}),
        ("elson.trading", {}),
        ("elson.trading.orders", {"origin": "aws"}),
        ("elson", {"origin": "aws"}),
        ("aws.events", {"origin": "aws"}),
    ],
    ids=str,
)
def test_only_what_bears_both_marks_of_aws_goes_to_google_cloud(
    world: World, source: str, detail: dict[str, Any]
) -> None:
    world.publish_on_aws(source, {**detail, "account_id": "a-1"})
    world.publish_on_aws(source, {**detail})
    assert world.events("stream") == []


def test_an_event_of_aws_that_google_cloud_sends_back_as_it_is_is_refused(world: World) -> None:
    world.publish_on_aws("elson.trading", {"origin": "aws", "account_id": "a-1", "event_id": "e-1"})
    (arrived,) = world.events("stream")
    world.events("bus")
    world.subscription().deliver([Message(json.dumps(arrived).encode())])
    assert (world.events("bus"), world.events("stream")) == ([], [])
    assert [reason["ERROR_CODE"] for reason in world.reasons()] == ["CameFromAws"]


@pytest.mark.parametrize("source", ["elson.trading", "ELSON.trading", " elson.trading ", None])
@pytest.mark.parametrize("origin", ["aws", "AWS", " aws", None])
def test_one_mark_of_aws_is_enough_to_be_refused(world: World, source: str | None, origin: str | None) -> None:
    if source is None and origin is None:
        return
    world.subscription().deliver([message({"origin": origin} if origin else {"x": 1}, source=source)])
    assert world.events("bus") == []
    assert [reason["ERROR_CODE"] for reason in world.reasons()] == ["CameFromAws"]


@pytest.mark.parametrize(
    "source",
    ["elson.trading.gcp", "elson.trading.orders", "aws.ec2", "", "elson", 7, {"source": "elson.trading"}, None],
)
@pytest.mark.parametrize("origin", ["gcp", "aws2", "", 7, ["aws"], {"aws": "aws"}, None])
def test_no_event_of_google_cloud_goes_back_whatever_it_says(world: World, source: object, origin: object) -> None:
    world.subscription().deliver([message({"origin": origin, "account_id": "a-1"}, source=source)])
    (event,) = world.events("bus")
    assert (event["source"], event["detail"]["origin"]) == ("elson.trading.gcp", "gcp")
    assert world.events("stream") == []


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
SETTINGS = function.Settings(
    bus_name="bus",
    source="elson.trading.gcp",
    aws_source="elson.trading",
    caller_email=PUSHER,
    caller_subject=SUBJECT,
    dead_letter_queue_url="queue",
    last_attempt=ATTEMPTS,
)


marked = anything | st.sampled_from(["aws", "Aws ", "elson.trading", "gcp", "elson.trading.gcp"])


@hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
@hypothesis.given(
    st.dictionaries(st.sampled_from(["source", "Source", "detail-type", "detail", "time", "account"]), marked),
    st.dictionaries(st.sampled_from(["origin", "Origin", "event_id", "source", "account_id"]), marked),
)
def test_whatever_is_published_is_refused_for_a_mark_of_aws_or_else_stamped(
    envelope: dict[str, Any], detail: dict[str, Any]
) -> None:
    data = json.dumps({**envelope, "detail-type": "T", "detail": detail}).encode()
    push = function.Push(body="", message_id="1", attempt=1, subscription="s", published="", data=data)
    marks = str(detail.get("origin")).strip().lower(), str(envelope.get("source")).strip().lower()
    if marks[0] == "aws" or marks[1] == "elson.trading":
        with pytest.raises(function.UndeliverableError, match="CameFromAws"):
            function.entry(push, SETTINGS)
        return
    entry = function.entry(push, SETTINGS)
    assert entry["Source"] == "elson.trading.gcp"
    assert json.loads(entry["Detail"]) == {"event_id": "1", **detail, "origin": "gcp"}
