"""Where events lie that EventBridge, or the function for it, could not deliver."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component

RETENTION_SECONDS = 14 * 86_400
"""The longest that SQS takes."""


@dataclass(frozen=True, kw_only=True)
class DeadLetterQueueArgs:
    """What a DeadLetterQueue needs to know."""

    account_id: str
    """The account that owns the queue, 12 digits."""
    key_arn: pulumi.Input[str]
    """The KMS key of the queue; EventBridge uses it for what it sends."""
    senders: Sequence[pulumi.Input[str]]
    """ARNs of the buses or rules whose events it takes; roles of the account need their own permission instead."""


class DeadLetterQueue(Component):
    """An SQS queue of events that EventBridge could not deliver.

    Owns the queue and its policy. Each message is the event, with what went wrong in its attributes (`ERROR_CODE`,
    `ERROR_MESSAGE`, and for a rule `RULE_ARN`, `TARGET_ARN`). Guarantees that no other rule, and nobody from outside
    the account, puts anything into it, and that a message waits for 14 days. Leaves out the alarm on its length, and
    sending them again: nobody but a person knows whether an old order should still be told.
    """

    queue_arn: Output[str]
    """The queue."""
    queue_url: Output[str]
    """The URL of the queue, by which a client names it."""
    queue_name: Output[str]
    """The name of the queue, by which its metrics are found."""

    def __init__(self, name: str, args: DeadLetterQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:events:DeadLetterQueue", name, None, opts)
        queue = aws.sqs.Queue(
            f"{name}-queue",
            kms_master_key_id=args.key_arn,
            message_retention_seconds=RETENTION_SECONDS,
            opts=self.child(protect=True),
        )
        self.queue_arn, self.queue_url, self.queue_name = queue.arn, queue.url, queue.name
        aws.sqs.QueuePolicy(
            f"{name}-queue",
            queue_url=queue.url,
            policy=policy.rendered(queue_policy(queue.arn, args.account_id, args.senders)),
            opts=self.child(),
        )
        self.publish()


def queue_policy(queue_arn: pulumi.Input[str], account_id: str, senders: Sequence[pulumi.Input[str]]) -> dict[str, Any]:
    """EventBridge sends for the named buses or rules only; others of the account may be allowed by their roles."""
    everything = ["sqs:*"]
    statements = [
        policy.deny(
            "Unencrypted",
            everything,
            [queue_arn],
            principals="*",
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        ),
        policy.deny(
            "OtherAccounts",
            everything,
            [queue_arn],
            principals="*",
            conditions={
                "StringNotEquals": {"aws:PrincipalAccount": account_id},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        ),
    ]
    if senders:
        statements.append(
            policy.allow(
                "EventBridgeSends",
                ["sqs:SendMessage"],
                [queue_arn],
                principals={"Service": "events.amazonaws.com"},
                conditions={
                    "ArnEquals": {"aws:SourceArn": list(senders)},
                    "StringEquals": {"aws:SourceAccount": account_id},
                },
            )
        )
    return policy.document(*statements)
