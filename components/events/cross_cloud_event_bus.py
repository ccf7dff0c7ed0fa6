"""One event bus in two clouds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.events import origin
from components.events.aws_event_bus import AwsEventBus, AwsEventBusArgs
from components.events.dead_letter_topic import DeadLetterTopic, DeadLetterTopicArgs
from components.events.halves import AwsEventsArgs, GcpEventsArgs
from components.events.to_aws import ToAws, ToAwsArgs
from components.events.to_google import ToGoogle, ToGoogleArgs

LONGEST_NAME = 35
"""The name of its longest role has 21 characters more, 8 from the engine, and IAM takes 64."""


@dataclass(frozen=True, kw_only=True)
class CrossCloudEventBusArgs:
    """What a CrossCloudEventBus needs to know."""

    source: str
    """The source of events that AWS publishes, such as `elson.trading`; Google Cloud's are `elson.trading.gcp`."""
    schemas: Mapping[str, Mapping[str, Any]]
    """The types of events by detail-type (`OrderExecuted`), each with the JSON schemas of its own fields."""
    aws: AwsEventsArgs
    """The AWS half."""
    gcp: GcpEventsArgs | None
    """The Google Cloud half; None where there is no standby cloud."""


class CrossCloudEventBus(Component):
    """An EventBridge bus and Pub/Sub topics that tell each other everything, with no key that could be stolen.

    Owns the bus, its archive and schemas, who publishes in Google Cloud, both ways between the clouds, and the dead
    letters of each. Guarantees that an event reaches the other cloud once for each attempt to bring it there; that none
    comes back: what came from Google Cloud has a source that only the function for it may use, and nothing under that
    source is forwarded; and that what cannot be delivered is kept with its reason. Events go under way as publishers
    put them: an event of AWS says `"origin": "aws"` in its detail, and one that does not stays on AWS.

    Leaves out order and uniqueness, which neither cloud promises over the whole way: see the two ways, and `sequence`
    and `event_id` in the schemas. Leaves out who publishes on AWS, whose
    role has the statement of `publishing`, and who consumes there: whoever does adds a rule, with dead letters.
    """

    bus_arn: Output[str]
    """The bus on AWS."""
    bus_name: Output[str]
    """Its name, which publishers call it by."""
    archive_arn: Output[str]
    """The archive that replays come from."""
    dead_letter_queue_names: Mapping[str, Output[str]]
    """The queues on AWS of what could not be delivered: `bus`, and with the Google half `to-google` and `to-aws`."""
    topic_id: Output[str] | None
    """Where services of Google Cloud publish; None without the Google half."""
    subscription_ids: Mapping[str, Output[str]]
    """Where services of Google Cloud take the events of AWS from, by service."""
    dead_letter_subscription_id: Output[str] | None
    """What Pub/Sub could not deliver; None without the Google half."""
    stream_name: Output[str] | None
    """The stream to Google Cloud, for its alarms; None without the Google half."""
    function_name: Output[str] | None
    """The function for events of Google Cloud, for its alarms; None without the Google half."""

    def __init__(self, name: str, args: CrossCloudEventBusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:events:CrossCloudEventBus", name, None, opts)
        self._name, self._args = name, args

        bus = self._bus()
        self.bus_arn, self.bus_name, self.archive_arn = bus.bus_arn, bus.bus_name, bus.archive_arn
        dead_letters = None if args.gcp is None else self._dead_letters(args.gcp)
        to_google = self._to_google(args.gcp, dead_letters) if args.gcp and dead_letters else None
        to_aws = self._to_aws(args.gcp, dead_letters) if args.gcp and dead_letters else None
        self._who_publishes(to_aws)
        self._take(bus, to_google, to_aws, dead_letters)
        self.publish()

    def _bus(self) -> AwsEventBus:
        if len(self._name) > LONGEST_NAME:
            raise ValueError(
                f"{self._name} has {len(self._name)} characters; the names of its roles leave it {LONGEST_NAME}"
            )
        half = self._args.aws
        return AwsEventBus(
            self._name,
            AwsEventBusArgs(
                account_id=half.account_id,
                region=half.region,
                source=self._args.source,
                key_arn=half.key_arn,
                archive_retention_days=half.archive_retention_days,
                schemas=self._args.schemas,
            ),
            self.child(),
        )

    def _dead_letters(self, half: GcpEventsArgs) -> DeadLetterTopic:
        return DeadLetterTopic(
            f"{self._name}-dead",
            DeadLetterTopicArgs(
                project_id=half.project_id, region=half.region, key_id=half.key_id, pubsub_agent=half.pubsub_agent
            ),
            self.child(),
        )

    def _to_google(self, half: GcpEventsArgs, dead_letters: DeadLetterTopic) -> ToGoogle:
        return ToGoogle(
            f"{self._name}-to-google",
            ToGoogleArgs(
                source=self._args.source,
                bus_name=self.bus_name,
                aws=self._args.aws,
                gcp=half,
                dead_letter_topic_id=dead_letters.topic_id,
            ),
            self.child(),
        )

    def _to_aws(self, half: GcpEventsArgs, dead_letters: DeadLetterTopic) -> ToAws:
        return ToAws(
            f"{self._name}-to-aws",
            ToAwsArgs(
                source=self._args.source,
                bus_arn=self.bus_arn,
                bus_name=self.bus_name,
                aws=self._args.aws,
                gcp=half,
                dead_letter_topic_id=dead_letters.topic_id,
            ),
            self.child(),
        )

    def _who_publishes(self, to_aws: ToAws | None) -> None:
        aws.cloudwatch.EventBusPolicy(
            f"{self._name}-publishers",
            event_bus_name=self.bus_name,
            policy=policy.rendered(
                bus_policy(
                    self.bus_arn,
                    self._args.source,
                    forwarder_role_arn=to_aws and to_aws.forwarder_role_arn,
                )
            ),
            opts=self.child(),
        )

    def _take(
        self,
        bus: AwsEventBus,
        to_google: ToGoogle | None,
        to_aws: ToAws | None,
        dead_letters: DeadLetterTopic | None,
    ) -> None:
        self.dead_letter_queue_names = {
            "bus": bus.dead_letter_queue_name,
            **({"to-google": to_google.dead_letter_queue_name} if to_google else {}),
            **({"to-aws": to_aws.dead_letter_queue_name} if to_aws else {}),
        }
        self.topic_id = to_aws and to_aws.topic_id
        self.subscription_ids = to_google.subscription_ids if to_google else {}
        self.dead_letter_subscription_id = dead_letters and dead_letters.subscription_id
        self.stream_name = to_google and to_google.stream_name
        self.function_name = to_aws and to_aws.function_name


def bus_policy(
    bus_arn: pulumi.Input[str], source: str, *, forwarder_role_arn: pulumi.Input[str] | None
) -> dict[str, Any]:
    """Nobody but the function speaks for Google Cloud; who publishes for AWS, the roles of the services say.

    Without this a service of AWS could publish what looks as if it came from there, and is then never forwarded.
    """
    spoken_for = {"ForAnyValue:StringEquals": {"events:source": origin.google_source(source)}}
    others = {"ArnNotEquals": {"aws:PrincipalArn": forwarder_role_arn}} if forwarder_role_arn is not None else {}
    return policy.document(
        policy.deny(
            "OthersSpeakForGoogle", ["events:PutEvents"], [bus_arn], principals="*", conditions=spoken_for | others
        )
    )


def publishing(bus_arn: pulumi.Input[str], source: str) -> dict[str, Any]:
    """The statement by which the role of a service puts events on the bus, under the source of AWS alone."""
    return policy.allow(
        "PublishEvents",
        ["events:PutEvents"],
        [bus_arn],
        conditions={
            "ForAllValues:StringEquals": {"events:source": source},
            # On its own, the condition above holds for a request that names no source.
            "Null": {"events:source": "false"},
        },
    )
