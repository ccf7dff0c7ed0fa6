"""Events of AWS, told in Google Cloud."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components import policy
from components.component import Component
from components.events import origin
from components.events.dead_letter_queue import DeadLetterQueue, DeadLetterQueueArgs
from components.events.halves import AwsEventsArgs, GcpEventsArgs
from components.events.pubsub import (
    LONGEST_RETENTION,
    backing_off,
    given_up,
    kept_in,
    never,
    takes_for_dead_letters,
)
from components.ordering import after
from components.security.cloud_trust import google_trust

LONGEST_RETRY_SECONDS, MOST_RETRIES = 86_400, 185
"""The most that EventBridge takes; whichever comes first ends it."""

DELIVERY_ATTEMPTS = 20
"""Attempts of a subscriber before a message is taken for one that it cannot handle: some two and a half hours."""

ACKNOWLEDGE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class ToGoogleArgs:
    """What a ToGoogle needs to know."""

    source: str
    """The source of the events that go to Google Cloud."""
    bus_name: pulumi.Input[str]
    """The bus they come from."""
    aws: AwsEventsArgs
    """The AWS half."""
    gcp: GcpEventsArgs
    """The Google Cloud half."""
    dead_letter_topic_id: pulumi.Input[str]
    """The topic of messages that no subscriber acknowledged."""


class ToGoogle(Component):
    """The way of events from EventBridge to Pub/Sub: rules, a Kinesis stream, and a topic that reads it.

    Owns all of it, the queue of what EventBridge could not deliver, and a subscription for each subscriber. Guarantees
    that every event of AWS, and none that came from Google Cloud, goes that way; that it needs no key, since Pub/Sub
    takes a role by web identity; that Google Cloud can be away as long as the stream keeps events; and that neither a
    queue nor a subscription ever drops one unseen.

    Order is kept from the stream's door on: an account's events lie in one shard, in the order in which EventBridge
    brought them, which it does not promise to be that of the publisher. Pub/Sub promises none for what it ingests, so
    subscribers go by `sequence`, and leave out what they have seen by `event_id`: every hop may deliver twice.

    Its role is made here rather than in CloudTrust, though with the same trust policy: the role reads the stream and
    the topic needs the role, so that a component between the two would have to be finished before and after this one.
    """

    stream_name: Output[str]
    """The stream, by which its metrics are found."""
    topic_id: Output[str]
    """The topic in which events of AWS arrive."""
    subscription_ids: Mapping[str, Output[str]]
    """What each subscriber takes them from, by service."""
    dead_letter_queue_name: Output[str]
    """The queue of events that did not reach the stream."""

    def __init__(self, name: str, args: ToGoogleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:events:ToGoogle", name, None, opts)
        self._name, self._args = name, args

        stream = self._stream()
        self.stream_name = stream.name
        self.dead_letter_queue_name = self._forward(stream)
        topic = self._topic(stream)
        self.topic_id = topic.id
        self.subscription_ids = {
            key: self._subscription(key, member, topic) for key, member in args.gcp.subscribers.items()
        }
        self.publish()

    def _stream(self) -> aws.kinesis.Stream:
        shards = self._args.aws.stream.shards
        mode = "ON_DEMAND" if shards is None else "PROVISIONED"
        return aws.kinesis.Stream(
            f"{self._name}-stream",
            stream_mode_details=aws.kinesis.StreamStreamModeDetailsArgs(stream_mode=mode),
            shard_count=shards,
            retention_period=self._args.aws.stream.retention_hours,
            encryption_type="KMS",
            kms_key_id=self._args.aws.key_arn,
            opts=self.child(protect=True),
        )

    def _forward(self, stream: aws.kinesis.Stream) -> Output[str]:
        """One rule for events of an account, which gives them their place in the stream, and one for all others."""
        rules = {
            "account": self._rule("account", "Events of an account", of_an_account=True),
            "other": self._rule("other", "Events of no account", of_an_account=False),
        }
        arns = [rule.arn for rule in rules.values()]
        dead_letters = DeadLetterQueue(
            f"{self._name}-dead",
            DeadLetterQueueArgs(account_id=self._args.aws.account_id, key_arn=self._args.aws.key_arn, senders=arns),
            self.child(),
        )
        role = self._forwarding_role(arns, stream)
        self._target("account", rules["account"], stream, role, dead_letters, origin.ACCOUNT_PATH)
        # Without a path the id of the event is the key, which spreads them.
        self._target("other", rules["other"], stream, role, dead_letters, None)
        return dead_letters.queue_name

    def _rule(self, key: str, description: str, *, of_an_account: bool) -> aws.cloudwatch.EventRule:
        return aws.cloudwatch.EventRule(
            f"{self._name}-{key}",
            event_bus_name=self._args.bus_name,
            description=f"{description}, to Google Cloud",
            event_pattern=json.dumps(origin.forward_pattern(self._args.source, of_an_account=of_an_account)),
            opts=self.child(),
        )

    def _target(
        self,
        key: str,
        rule: aws.cloudwatch.EventRule,
        stream: aws.kinesis.Stream,
        role_arn: Output[str],
        dead_letters: DeadLetterQueue,
        partition_path: str | None,
    ) -> None:
        aws.cloudwatch.EventTarget(
            f"{self._name}-{key}",
            event_bus_name=self._args.bus_name,
            rule=rule.name,
            arn=stream.arn,
            role_arn=role_arn,
            kinesis_target=(
                aws.cloudwatch.EventTargetKinesisTargetArgs(partition_key_path=partition_path)
                if partition_path
                else None
            ),
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=LONGEST_RETRY_SECONDS, maximum_retry_attempts=MOST_RETRIES
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=dead_letters.queue_arn),
            opts=self.child(),
        )

    def _forwarding_role(self, rule_arns: Sequence[Output[str]], stream: aws.kinesis.Stream) -> Output[str]:
        half = self._args.aws
        role = aws.iam.Role(
            f"{self._name}-forward",
            description="EventBridge puts events on the stream to Google Cloud",
            assume_role_policy=policy.rendered(rules_trust(rule_arns, half.account_id)),
            opts=self.child(),
        )
        granted = aws.iam.RolePolicy(
            f"{self._name}-forward",
            role=role.id,
            policy=policy.rendered(write_policy(stream.arn, half.key_arn, half.region)),
            opts=self.child(),
        )
        # A target whose role may not write yet would send its first events to the dead letters.
        return after(role.arn, [granted])

    def _topic(self, stream: aws.kinesis.Stream) -> gcp.pubsub.Topic:
        consumer = aws.kinesis.StreamConsumer(f"{self._name}-pubsub", stream_arn=stream.arn, opts=self.child())
        account = self._service_account()
        role_arn = self._reading_role(account, stream, consumer)
        topic = gcp.pubsub.Topic(
            f"{self._name}-topic",
            project=self._args.gcp.project_id,
            kms_key_name=self._args.gcp.key_id,
            message_storage_policy=kept_in(self._args.gcp.region),
            ingestion_data_source_settings=gcp.pubsub.TopicIngestionDataSourceSettingsArgs(
                aws_kinesis=gcp.pubsub.TopicIngestionDataSourceSettingsAwsKinesisArgs(
                    stream_arn=stream.arn,
                    consumer_arn=consumer.arn,
                    aws_role_arn=role_arn,
                    gcp_service_account=account.email,
                ),
                platform_logs_settings=gcp.pubsub.TopicIngestionDataSourceSettingsPlatformLogsSettingsArgs(
                    severity="WARNING"
                ),
            ),
            # Pub/Sub tries the way once the topic is there, and reports it broken if it may not take the account.
            opts=self.child(protect=True, depends_on=[self._agent_takes(account)]),
        )
        self._topic_grant("agent", topic, "roles/pubsub.publisher", self._args.gcp.pubsub_agent)
        return topic

    def _service_account(self) -> gcp.serviceaccount.Account:
        return gcp.serviceaccount.Account(
            f"{self._name}-ingest",
            project=self._args.gcp.project_id,
            account_id=self._args.gcp.service_account_id("ingest"),
            display_name="Reads the events of AWS",
            opts=self.child(),
        )

    def _agent_takes(self, account: gcp.serviceaccount.Account) -> gcp.serviceaccount.IAMMember:
        return gcp.serviceaccount.IAMMember(
            f"{self._name}-ingest",
            service_account_id=account.name,
            role="roles/iam.serviceAccountTokenCreator",
            member=self._args.gcp.pubsub_agent,
            opts=self.child(),
        )

    def _reading_role(
        self, account: gcp.serviceaccount.Account, stream: aws.kinesis.Stream, consumer: aws.kinesis.StreamConsumer
    ) -> Output[str]:
        half = self._args.aws
        role = aws.iam.Role(
            f"{self._name}-ingest",
            description="Pub/Sub reads the stream to Google Cloud",
            # Pub/Sub chooses the audience of the token itself.
            assume_role_policy=policy.rendered(google_trust(account.unique_id, None)),
            opts=self.child(),
        )
        granted = aws.iam.RolePolicy(
            f"{self._name}-ingest",
            role=role.id,
            policy=policy.rendered(read_policy(stream.arn, consumer.arn, half.key_arn, half.region)),
            opts=self.child(),
        )
        return after(role.arn, [granted])

    def _topic_grant(self, key: str, topic: gcp.pubsub.Topic, role: str, member: pulumi.Input[str]) -> None:
        gcp.pubsub.TopicIAMMember(
            f"{self._name}-topic-{key}",
            project=self._args.gcp.project_id,
            topic=topic.name,
            role=role,
            member=member,
            opts=self.child(),
        )

    def _subscription(self, key: str, subscriber: pulumi.Input[str], topic: gcp.pubsub.Topic) -> Output[str]:
        subscription = gcp.pubsub.Subscription(
            f"{self._name}-{key}",
            project=self._args.gcp.project_id,
            topic=topic.id,
            ack_deadline_seconds=ACKNOWLEDGE_SECONDS,
            # Without effect while ingested messages have no ordering key, and harmless; it cannot be turned on later.
            enable_message_ordering=True,
            message_retention_duration=LONGEST_RETENTION,
            expiration_policy=never(),
            retry_policy=backing_off(),
            dead_letter_policy=given_up(self._args.dead_letter_topic_id, DELIVERY_ATTEMPTS),
            opts=self.child(protect=True),
        )
        gcp.pubsub.SubscriptionIAMMember(
            f"{self._name}-{key}",
            project=self._args.gcp.project_id,
            subscription=subscription.name,
            role="roles/pubsub.subscriber",
            member=subscriber,
            opts=self.child(),
        )
        agent = takes_for_dead_letters(
            f"{self._name}-dead-letters-{key}",
            self._args.gcp.project_id,
            subscription,
            self._args.gcp.pubsub_agent,
            self.child(),
        )
        return after(subscription.id, [agent])


def rules_trust(rule_arns: Sequence[pulumi.Input[str]], account_id: str) -> dict[str, Any]:
    """EventBridge assumes the role for these rules only: another customer's rule may name the role too."""
    return policy.document(
        policy.allow(
            "RulesAssume",
            ["sts:AssumeRole"],
            principals={"Service": "events.amazonaws.com"},
            conditions={
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnEquals": {"aws:SourceArn": list(rule_arns)},
            },
        )
    )


def write_policy(stream_arn: pulumi.Input[str], key_arn: pulumi.Input[str], region: str) -> dict[str, Any]:
    """What EventBridge may do: put records on the one stream, encrypted while Kinesis asks."""
    return policy.document(
        policy.allow("WriteStream", ["kinesis:PutRecord", "kinesis:PutRecords"], [stream_arn]),
        _through_kinesis("EncryptStream", "kms:GenerateDataKey", key_arn, region),
    )


def read_policy(
    stream_arn: pulumi.Input[str], consumer_arn: pulumi.Input[str], key_arn: pulumi.Input[str], region: str
) -> dict[str, Any]:
    """What Pub/Sub may do: find the shards of the one stream, and read them as the one consumer."""
    return policy.document(
        policy.allow(
            "FindShards",
            ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards"],
            [stream_arn],
        ),
        policy.allow(
            "ReadAsConsumer",
            ["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"],
            [stream_arn, consumer_arn],
        ),
        _through_kinesis("DecryptStream", "kms:Decrypt", key_arn, region),
    )


def _through_kinesis(sid: str, action: str, key_arn: pulumi.Input[str], region: str) -> dict[str, Any]:
    return policy.allow(
        sid, [action], [key_arn], conditions={"StringEquals": {"kms:ViaService": f"kinesis.{region}.amazonaws.com"}}
    )
