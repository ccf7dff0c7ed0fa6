"""The event bus on AWS, with what it remembers and what its events look like."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.events import origin
from components.events.dead_letter_queue import DeadLetterQueue, DeadLetterQueueArgs
from components.events.schemas import event_schema
from components.naming import Carrier, physical_name


@dataclass(frozen=True, kw_only=True)
class AwsEventBusArgs:
    """What an AwsEventBus needs to know."""

    account_id: str
    """The account, 12 digits."""
    region: str
    """The region of the provider, such as `us-east-1`."""
    source: str
    """The source of events that AWS publishes, such as `elson.trading`."""
    key_arn: pulumi.Input[str]
    """The KMS key of bus, archive and queue; the service `events` uses it."""
    archive_retention_days: int
    """Days in which an event can be replayed."""
    schemas: Mapping[str, Mapping[str, Any]]
    """The types of events by detail-type, each with the JSON schemas of its own fields."""


class AwsEventBus(Component):
    """A custom EventBridge bus, encrypted, with an archive, a schema registry and a queue for what it cannot keep.

    Owns these. Guarantees that an event which cannot be encrypted or decrypted, since the key is disabled, waits in the
    queue, and that every event of the retention can be replayed. A replay goes to the rules that whoever starts it
    names: with those that forward to Google Cloud among them, events arrive there a second time, with the same
    `event_id`. Leaves out who may publish, and rules. It discovers no schemas: EventBridge cannot where the bus has a
    key of ours, and what the registry holds is what was agreed, not what was seen.
    """

    bus_arn: Output[str]
    """The bus."""
    bus_name: Output[str]
    """Its name, which publishers call it by."""
    archive_arn: Output[str]
    """The archive that replays come from."""
    registry_name: Output[str]
    """The schema registry."""
    dead_letter_queue_name: Output[str]
    """The queue of events that could not be encrypted or decrypted."""

    def __init__(self, name: str, args: AwsEventBusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:events:AwsEventBus", name, None, opts)
        self._name, self._args = name, args
        origin.check_source(args.source)

        dead_letters = self._dead_letters()
        self.dead_letter_queue_name = dead_letters.queue_name
        bus = self._bus(dead_letters.queue_arn)
        self.bus_arn, self.bus_name = bus.arn, bus.name
        self.archive_arn = self._archive(bus)
        self.registry_name = self._registry()
        self.publish()

    def _dead_letters(self) -> DeadLetterQueue:
        """The bus names its queue and the queue's policy the bus, so that one of the two names is made here."""
        bus_arn = f"arn:aws:events:{self._args.region}:{self._args.account_id}:event-bus/{self._name}"
        return DeadLetterQueue(
            f"{self._name}-dead",
            DeadLetterQueueArgs(account_id=self._args.account_id, key_arn=self._args.key_arn, senders=[bus_arn]),
            self.child(),
        )

    def _bus(self, dead_letter_queue_arn: Output[str]) -> aws.cloudwatch.EventBus:
        return aws.cloudwatch.EventBus(
            f"{self._name}-bus",
            name=self._name,
            description="What happened on the platform, from both clouds",
            kms_key_identifier=self._args.key_arn,
            dead_letter_config=aws.cloudwatch.EventBusDeadLetterConfigArgs(arn=dead_letter_queue_arn),
            opts=self.child(protect=True),
        )

    def _archive(self, bus: aws.cloudwatch.EventBus) -> Output[str]:
        """All events; EventBridge itself keeps out those that are replayed."""
        return aws.cloudwatch.EventArchive(
            f"{self._name}-archive",
            name=physical_name(Carrier.EVENT_ARCHIVE, self._name),
            description="Every event of the bus, for replays",
            event_source_arn=bus.arn,
            kms_key_identifier=self._args.key_arn,
            retention_days=self._args.archive_retention_days,
            opts=self.child(protect=True),
        ).arn

    def _registry(self) -> Output[str]:
        registry = aws.schemas.Registry(
            f"{self._name}-registry",
            name=self._name,
            description=f"Events of {self._args.source} and {origin.google_source(self._args.source)}",
            opts=self.child(),
        )
        for detail_type, fields in self._args.schemas.items():
            schema = event_schema(self._args.source, detail_type, fields)
            aws.schemas.Schema(
                f"{self._name}-{detail_type}",
                registry_name=registry.name,
                # As EventBridge itself would name it.
                name=f"{self._args.source}@{detail_type}",
                type="JSONSchemaDraft4",
                content=json.dumps(schema, sort_keys=True),
                opts=self.child(),
            )
        return registry.name
