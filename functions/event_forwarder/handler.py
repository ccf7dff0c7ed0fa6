"""Puts what Google Cloud pushes on the AWS event bus: the function behind the push endpoint.

Runs in Lambda with what its runtime brings (boto3) and nothing else. Pub/Sub owns the retries: an invocation calls the
bus once, and fails when the bus does, so that the same message comes again.
"""

import base64
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NoReturn

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ORIGIN = "gcp"
AWS_ORIGIN = "aws"

# One call an attempt: a client that repeats a call which timed out can put the event twice on the bus.
ONE_CALL = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1})

# What EventBridge will say again of the same event, however often it comes.
LASTING_ERRORS = {"InvalidArgument", "MalformedDetail", "ValidationException", "RequestEntityTooLarge", "413"}

LONGEST_REASON = 1000

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


class UndeliverableError(Exception):
    """An event that no further attempt would deliver; `code` is short, `reason` is for whoever reads the queue."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


class NotTakenError(Exception):
    """The bus did not take the event this time; the same code and reason as an UndeliverableError."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the deployment decides, read from the environment of the function."""

    bus_name: str
    """The bus that the events are put on."""
    source: str
    """What every event from Google Cloud has for a source on the bus, whatever it called itself."""
    aws_source: str
    """The source of events that AWS sends to Google Cloud."""
    caller_email: str
    """The one service account that may push."""
    caller_subject: str
    """Its numeric id, which no later account of the same e-mail address has."""
    dead_letter_queue_url: str
    """Where events lie that cannot be delivered."""
    last_attempt: int
    """The delivery attempt after which Pub/Sub gives up."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises KeyError for a variable that is not set."""
        return cls(
            bus_name=environment["BUS_NAME"],
            source=environment["SOURCE"],
            aws_source=environment["AWS_SOURCE"],
            caller_email=environment["CALLER_EMAIL"],
            caller_subject=environment["CALLER_SUBJECT"],
            dead_letter_queue_url=environment["DEAD_LETTER_QUEUE_URL"],
            last_attempt=int(environment["LAST_ATTEMPT"]),
        )


@dataclass(frozen=True, kw_only=True)
class Push:
    """One delivery of one message, as Pub/Sub wraps it."""

    body: str
    """The whole request body, which is kept when the event cannot be delivered."""
    message_id: str
    """The same in each attempt."""
    attempt: int
    """Counts from 1."""
    subscription: str
    """The subscription that pushes."""
    published: str
    """When Pub/Sub took the message."""
    data: bytes
    """What was published."""


def handler(request: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an HTTP API request (payload format 2.0): 204 acknowledges the message, everything else repeats it."""
    settings = _settings()
    stranger = refusal(request, settings)
    if stranger is not None:
        logger.warning("refused a caller: %s", stranger)
        return {"statusCode": 403}
    body = _body(request)
    push = Push(body=body, message_id="unknown", attempt=1, subscription="unknown", published="", data=b"")
    try:
        push = unwrapped(body)
        _put(entry(push, settings))
    except UndeliverableError as error:
        _keep(push, error.code, error.reason, settings)
    except NotTakenError as error:
        if push.attempt < settings.last_attempt:
            logger.warning("message %s, attempt %d: %s", push.message_id, push.attempt, error)
            raise
        _keep(push, error.code, error.reason, settings)
    else:
        logger.info("message %s is on the bus at attempt %d", push.message_id, push.attempt)
    return {"statusCode": 204}


def refusal(request: dict[str, Any], settings: Settings) -> str | None:
    """Why the caller is not the one that may push; None if it is.

    The authorizer has proven that Google signed the token for this audience, which any service account of any customer
    can have Google do.
    """
    claims = request.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    if str(claims.get("email_verified", "")).lower() != "true":
        return "the e-mail address of the token is not verified"
    if claims.get("email") != settings.caller_email or claims.get("sub") != settings.caller_subject:
        return f"{claims.get('email')} ({claims.get('sub')}) is not the account that pushes"
    return None


def unwrapped(body: str) -> Push:
    """The message in a push request; raises UndeliverableError for any other body."""
    try:
        wrapper = json.loads(body)
        message = wrapper["message"]
        return Push(
            body=body,
            message_id=str(message["messageId"]),
            attempt=int(wrapper.get("deliveryAttempt", 1)),
            subscription=str(wrapper.get("subscription") or "unknown"),
            published=str(message.get("publishTime", "")),
            data=base64.b64decode(message.get("data", ""), validate=True),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UndeliverableError("NotAPush", f"the body is not a push of Pub/Sub: {error!r}") from error


def entry(push: Push, settings: Settings) -> dict[str, Any]:
    """The event as the bus takes it; raises UndeliverableError for what is no event, or comes from AWS.

    Source and origin are written here, not taken over: rules that forward to Google Cloud match those of AWS only, so
    nothing that passes here is forwarded again, whatever it says of itself.
    """
    event = _event(push.data)
    detail = event["detail"]
    if _same(detail.get("origin"), AWS_ORIGIN) or _same(event.get("source"), settings.aws_source):
        raise UndeliverableError("CameFromAws", "the event was sent by AWS; putting it there again would be a loop")
    stamped = {**detail, "origin": ORIGIN}
    # A message that is delivered twice gets two ids from EventBridge; consumers need one that stays.
    stamped.setdefault("event_id", push.message_id)
    put: dict[str, Any] = {
        "EventBusName": settings.bus_name,
        "Source": settings.source,
        "DetailType": event["detail-type"],
        "Detail": json.dumps(stamped, separators=(",", ":")),
    }
    if (published := _moment(push.published)) is not None:
        put["Time"] = published
    return put


def _event(data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise UndeliverableError("NotJson", f"the message is not JSON: {error}") from error
    if not isinstance(event, dict):
        raise UndeliverableError("NotAnEvent", "the message is not a JSON object")
    kind = event.get("detail-type")
    if not isinstance(kind, str) or not kind:
        raise UndeliverableError("NotAnEvent", "the event has no detail-type")
    if not isinstance(event.get("detail"), dict):
        raise UndeliverableError("NotAnEvent", "the detail of the event is not an object")
    return event


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON, and EventBridge does not take it")


def _same(said: object, known: str) -> bool:
    return isinstance(said, str) and said.strip().lower() == known.lower()


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _body(request: dict[str, Any]) -> str:
    body = request.get("body") or ""
    return base64.b64decode(body).decode("utf-8", "replace") if request.get("isBase64Encoded") else body


def _put(event: dict[str, Any]) -> None:
    """Raises UndeliverableError or NotTakenError; PutEvents answers 200 for events that it does not take."""
    try:
        answer = _client("events").put_events(Entries=[event])
    except ClientError as error:
        failure = error.response.get("Error", {})
        _fail(failure.get("Code") or "Unknown", failure.get("Message") or str(error))
    except BotoCoreError as error:
        _fail("Unreachable", str(error))
    if answer["FailedEntryCount"]:
        failed = answer["Entries"][0]
        _fail(failed.get("ErrorCode") or "Unknown", failed.get("ErrorMessage") or "EventBridge gave no reason")


def _fail(code: str, reason: str) -> NoReturn:
    raise (UndeliverableError if code in LASTING_ERRORS else NotTakenError)(code, reason)


def _keep(push: Push, code: str, reason: str, settings: Settings) -> None:
    """Put the request into the queue, with its reason under the names that EventBridge uses for its own.

    A failure here fails the invocation: Pub/Sub then repeats the message, and in the end keeps it itself.
    """
    logger.error("message %s, attempt %d, cannot be delivered: %s: %s", push.message_id, push.attempt, code, reason)
    attributes = {
        "ERROR_CODE": code,
        "ERROR_MESSAGE": reason[:LONGEST_REASON],
        "MESSAGE_ID": push.message_id,
        "RETRY_ATTEMPTS": str(push.attempt - 1),
        "SUBSCRIPTION": push.subscription,
    }
    _client("sqs").send_message(
        QueueUrl=settings.dead_letter_queue_url,
        MessageBody=push.body or "(empty)",
        MessageAttributes={key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()},
    )


@cache
def _settings() -> Settings:
    return Settings.of(os.environ)


@cache
def _client(service: str) -> Any:
    return boto3.client(service, config=ONE_CALL)
