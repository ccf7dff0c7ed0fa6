"""What every topic and subscription here has in common."""

from typing import Final

import pulumi
import pulumi_gcp as gcp

LONGEST_RETENTION: Final = f"{31 * 86_400}s"
"""The longest that Pub/Sub keeps a message nobody acknowledged; its default is 7 days."""


def kept_in(region: str) -> gcp.pubsub.TopicMessageStoragePolicyArgs:
    """One region: without a policy Pub/Sub keeps messages wherever their publisher is, which residency forbids."""
    return gcp.pubsub.TopicMessageStoragePolicyArgs(allowed_persistence_regions=[region])


def never() -> gcp.pubsub.SubscriptionExpirationPolicyArgs:
    """No expiration: by default a subscription that was idle for 31 days is deleted, with all it would have kept."""
    return gcp.pubsub.SubscriptionExpirationPolicyArgs(ttl="")


def backing_off() -> gcp.pubsub.SubscriptionRetryPolicyArgs:
    """Attempts ever further apart, up to the ten minutes that Pub/Sub takes."""
    return gcp.pubsub.SubscriptionRetryPolicyArgs(minimum_backoff="10s", maximum_backoff="600s")


def given_up(topic_id: pulumi.Input[str], attempts: int) -> gcp.pubsub.SubscriptionDeadLetterPolicyArgs:
    """To the dead letters after so many attempts, 5 to 100; Pub/Sub counts them by and large."""
    return gcp.pubsub.SubscriptionDeadLetterPolicyArgs(dead_letter_topic=topic_id, max_delivery_attempts=attempts)


def takes_for_dead_letters(
    name: str,
    project_id: str,
    subscription: gcp.pubsub.Subscription,
    agent: pulumi.Input[str],
    options: pulumi.ResourceOptions,
) -> gcp.pubsub.SubscriptionIAMMember:
    """Pub/Sub's own agent takes the message off the subscription once it lies with the dead letters."""
    return gcp.pubsub.SubscriptionIAMMember(
        name,
        project=project_id,
        subscription=subscription.name,
        role="roles/pubsub.subscriber",
        member=agent,
        opts=options,
    )
