"""Where messages lie that Pub/Sub could not deliver."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.events.pubsub import LONGEST_RETENTION, kept_in, never
from components.ordering import after


@dataclass(frozen=True, kw_only=True)
class DeadLetterTopicArgs:
    """What a DeadLetterTopic needs to know."""

    project_id: str
    """The project."""
    region: str
    """The one region that keeps messages."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key of the topic; Pub/Sub's service agent may use it."""
    pubsub_agent: pulumi.Input[str]
    """The IAM member of Pub/Sub's service agent."""


class DeadLetterTopic(Component):
    """A Pub/Sub topic of messages that no subscriber acknowledged, and the subscription that keeps them.

    Owns both, and the permission of Pub/Sub to publish there. Guarantees that a dead letter waits for 31 days: a topic
    without a subscription would drop it. Each carries in its attributes which subscription gave it up and after how
    many attempts. Leaves out the permission to take it from its subscription: those who own that grant it.
    """

    topic_id: Output[str]
    """The topic, once Pub/Sub may publish to it."""
    subscription_id: Output[str]
    """The subscription that keeps the dead letters."""

    def __init__(self, name: str, args: DeadLetterTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:events:DeadLetterTopic", name, None, opts)
        self._name, self._args = name, args

        topic = gcp.pubsub.Topic(
            f"{name}-topic",
            project=args.project_id,
            kms_key_name=args.key_id,
            message_storage_policy=kept_in(args.region),
            opts=self.child(protect=True),
        )
        self.topic_id = after(topic.id, [self._publisher(topic)])
        self.subscription_id = self._subscription(topic)
        self.publish()

    def _publisher(self, topic: gcp.pubsub.Topic) -> gcp.pubsub.TopicIAMMember:
        return gcp.pubsub.TopicIAMMember(
            f"{self._name}-topic-agent",
            project=self._args.project_id,
            topic=topic.name,
            role="roles/pubsub.publisher",
            member=self._args.pubsub_agent,
            opts=self.child(),
        )

    def _subscription(self, topic: gcp.pubsub.Topic) -> Output[str]:
        return gcp.pubsub.Subscription(
            f"{self._name}-kept",
            project=self._args.project_id,
            topic=topic.id,
            message_retention_duration=LONGEST_RETENTION,
            expiration_policy=never(),
            opts=self.child(protect=True),
        ).id
