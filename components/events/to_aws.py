"""Events of Google Cloud, told on AWS."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.events.dead_letter_queue import DeadLetterQueue, DeadLetterQueueArgs
from components.events.event_forwarder import Caller, EventForwarder, EventForwarderArgs
from components.events.halves import AwsEventsArgs, GcpEventsArgs
from components.events.pubsub import (
    LONGEST_RETENTION,
    backing_off,
    given_up,
    kept_in,
    never,
    takes_for_dead_letters,
)
from components.events.push_endpoint import PushEndpoint, PushEndpointArgs

DELIVERY_ATTEMPTS = 100
"""The most that Pub/Sub makes, more than 15 hours of them: AWS being away is no reason to give up an event. One that
can never be delivered does not take them: the function keeps it at the first."""

ACKNOWLEDGE_SECONDS = 60
"""Twice what an HTTP API takes at most."""


@dataclass(frozen=True, kw_only=True)
class ToAwsArgs:
    """What a ToAws needs to know."""

    source: str
    """The source of events that AWS publishes; none of these get it."""
    bus_arn: pulumi.Input[str]
    """The bus they go to."""
    bus_name: pulumi.Input[str]
    """The name of the bus."""
    aws: AwsEventsArgs
    """The AWS half."""
    gcp: GcpEventsArgs
    """The Google Cloud half."""
    dead_letter_topic_id: pulumi.Input[str]
    """The topic of messages that never reached the function."""


class ToAws(Component):
    """The way of events from Pub/Sub to EventBridge: a topic, a push subscription, an HTTP API and a function.

    Owns all of it, the service account that pushes, and the queue of events that cannot be put on the bus. Guarantees
    that nobody but that service account gets an event onto the bus this way; that each one has Google Cloud's source
    and origin there, whatever it says; that events which came from AWS are refused; and that none is lost. One that the
    bus would never take lies in the queue at once, with its reason; one that it did not take for hours lies there too;
    one that did not even reach the function, since the endpoint was away, lies with the dead letters of Pub/Sub.

    Order is kept to the bus's door, for messages that are published with the account as their ordering key: the next
    one is pushed when the last is acknowledged. Behind the door EventBridge keeps none, so consumers go by `sequence`.
    They leave out by `event_id` what they have seen: Pub/Sub delivers at least once.
    """

    topic_id: Output[str]
    """Where Google Cloud's services publish their events."""
    forwarder_role_arn: Output[str]
    """The role that puts them on the bus."""
    function_name: Output[str]
    """The function, by which its metrics are found."""
    subscription_id: Output[str]
    """The subscription that pushes."""
    dead_letter_queue_name: Output[str]
    """The queue of events that cannot be put on the bus."""

    def __init__(self, name: str, args: ToAwsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:events:ToAws", name, None, opts)
        self._name, self._args = name, args

        topic = self._topic()
        self.topic_id = topic.id
        account = self._service_account()
        dead_letters = self._dead_letters()
        self.dead_letter_queue_name = dead_letters.queue_name
        forwarder = self._forwarder(account, dead_letters)
        self.forwarder_role_arn, self.function_name = forwarder.role_arn, forwarder.function_name
        url = self._endpoint(forwarder)
        self.subscription_id = self._push(topic, account, url)
        self.publish()

    def _topic(self) -> gcp.pubsub.Topic:
        topic = gcp.pubsub.Topic(
            f"{self._name}-topic",
            project=self._args.gcp.project_id,
            kms_key_name=self._args.gcp.key_id,
            message_storage_policy=kept_in(self._args.gcp.region),
            opts=self.child(protect=True),
        )
        for key, member in self._args.gcp.publishers.items():
            gcp.pubsub.TopicIAMMember(
                f"{self._name}-{key}",
                project=self._args.gcp.project_id,
                topic=topic.name,
                role="roles/pubsub.publisher",
                member=member,
                opts=self.child(),
            )
        return topic

    def _service_account(self) -> gcp.serviceaccount.Account:
        """An account for this one purpose: whoever has its tokens can publish on AWS."""
        account = gcp.serviceaccount.Account(
            f"{self._name}-push",
            project=self._args.gcp.project_id,
            account_id=self._args.gcp.service_account_id("push"),
            display_name="Pushes events to AWS",
            opts=self.child(),
        )
        gcp.serviceaccount.IAMMember(
            f"{self._name}-push",
            service_account_id=account.name,
            role="roles/iam.serviceAccountTokenCreator",
            member=self._args.gcp.pubsub_agent,
            opts=self.child(),
        )
        return account

    def _dead_letters(self) -> DeadLetterQueue:
        """The function sends by its role, so that the queue's policy names nobody."""
        half = self._args.aws
        return DeadLetterQueue(
            f"{self._name}-dead",
            DeadLetterQueueArgs(account_id=half.account_id, key_arn=half.key_arn, senders=[]),
            self.child(),
        )

    def _forwarder(self, account: gcp.serviceaccount.Account, dead_letters: DeadLetterQueue) -> EventForwarder:
        half = self._args.aws
        return EventForwarder(
            f"{self._name}-forwarder",
            EventForwarderArgs(
                region=half.region,
                source=self._args.source,
                bus_arn=self._args.bus_arn,
                bus_name=self._args.bus_name,
                caller=Caller(email=account.email, unique_id=account.unique_id),
                last_attempt=DELIVERY_ATTEMPTS,
                dead_letter_queue_arn=dead_letters.queue_arn,
                dead_letter_queue_url=dead_letters.queue_url,
                key_arn=half.key_arn,
                logs_key_arn=half.logs_key_arn,
                log_retention_days=half.log_retention_days,
            ),
            self.child(),
        )

    def _endpoint(self, forwarder: EventForwarder) -> Output[str]:
        half = self._args.aws
        return PushEndpoint(
            f"{self._name}-endpoint",
            PushEndpointArgs(
                account_id=half.account_id,
                function_name=forwarder.function_name,
                function_invoke_arn=forwarder.invoke_arn,
                limits=half.push_limits,
                logs_key_arn=half.logs_key_arn,
                log_retention_days=half.log_retention_days,
            ),
            self.child(),
        ).url

    def _push(self, topic: gcp.pubsub.Topic, account: gcp.serviceaccount.Account, url: Output[str]) -> Output[str]:
        subscription = gcp.pubsub.Subscription(
            f"{self._name}-push",
            project=self._args.gcp.project_id,
            topic=topic.id,
            # Wrapped: the attempt is counted in the wrapper, and the function has to know which is the last.
            push_config=gcp.pubsub.SubscriptionPushConfigArgs(
                push_endpoint=url,
                oidc_token=gcp.pubsub.SubscriptionPushConfigOidcTokenArgs(
                    service_account_email=account.email, audience=url
                ),
            ),
            ack_deadline_seconds=ACKNOWLEDGE_SECONDS,
            enable_message_ordering=True,
            message_retention_duration=LONGEST_RETENTION,
            expiration_policy=never(),
            retry_policy=backing_off(),
            dead_letter_policy=given_up(self._args.dead_letter_topic_id, DELIVERY_ATTEMPTS),
            opts=self.child(protect=True),
        )
        takes_for_dead_letters(
            f"{self._name}-push-agent",
            self._args.gcp.project_id,
            subscription,
            self._args.gcp.pubsub_agent,
            self.child(),
        )
        return subscription.id
