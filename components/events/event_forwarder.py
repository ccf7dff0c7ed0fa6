"""The function that takes events from Google Cloud."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.events import origin
from components.ordering import after
from components.security.lambda_function import lambda_trust, write_log

CODE = "functions/event_forwarder/handler.py"
"""From the directory of the program: a path of one machine would differ on the next."""
RUNTIME = "python3.13"
TIMEOUT_SECONDS = 28
"""Less than the 30 seconds that an HTTP API waits: a timeout is then the function's and stands in its log."""
MEMORY_MIB = 256


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The one service account that may push."""

    email: pulumi.Input[str]
    """Its e-mail address."""
    unique_id: pulumi.Input[str]
    """Its numeric id; its e-mail address could be given to another account once this one is deleted."""


@dataclass(frozen=True, kw_only=True)
class EventForwarderArgs:
    """What an EventForwarder needs to know."""

    region: str
    """The region of the provider, such as `us-east-1`."""
    source: str
    """The source of events that AWS publishes; the function puts none under it."""
    bus_arn: pulumi.Input[str]
    """The bus that it puts events on."""
    bus_name: pulumi.Input[str]
    """The name of the bus."""
    caller: Caller
    """The one service account that may push."""
    last_attempt: int
    """The delivery attempt after which Pub/Sub gives up."""
    dead_letter_queue_arn: pulumi.Input[str]
    """Where it keeps events that cannot be delivered."""
    dead_letter_queue_url: pulumi.Input[str]
    """The URL of that queue."""
    key_arn: pulumi.Input[str]
    """The KMS key of the queue."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key that encrypts the logs."""
    log_retention_days: int
    """Days that logs are kept; one of the periods CloudWatch accepts."""


class EventForwarder(Component):
    """A Lambda function that puts what Google Cloud pushes on the bus.

    Owns the function, its role and its log. Guarantees that it can publish under the source of Google Cloud and no
    other, whatever its code does: its role says so. Its log never holds an event. Leaves out who may invoke it.
    """

    function_arn: Output[str]
    """The function."""
    function_name: Output[str]
    """Its name, by which its metrics are found."""
    invoke_arn: Output[str]
    """The function as API Gateway names it."""
    role_arn: Output[str]
    """The role that it runs as."""

    def __init__(self, name: str, args: EventForwarderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:events:EventForwarder", name, None, opts)
        self._name, self._args = name, args

        log = self._log()
        role = self._role()
        self.role_arn = role.arn
        granted = self._permissions(role, log)
        function = self._function(after(role.arn, [granted]), log)
        self.function_arn, self.function_name = function.arn, function.name
        self.invoke_arn = function.invoke_arn
        self.publish()

    def _log(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-log",
            kms_key_id=self._args.logs_key_arn,
            retention_in_days=self._args.log_retention_days,
            opts=self.child(),
        )

    def _role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-run",
            description="Puts events from Google Cloud on the bus",
            assume_role_policy=policy.rendered(lambda_trust()),
            opts=self.child(),
        )

    def _permissions(self, role: aws.iam.Role, log: aws.cloudwatch.LogGroup) -> aws.iam.RolePolicy:
        return aws.iam.RolePolicy(
            f"{self._name}-run",
            role=role.id,
            policy=policy.rendered(
                forwarder_policy(
                    bus_arn=self._args.bus_arn,
                    source=origin.google_source(self._args.source),
                    queue_arn=self._args.dead_letter_queue_arn,
                    key_arn=self._args.key_arn,
                    region=self._args.region,
                    log_group_arn=log.arn,
                )
            ),
            opts=self.child(),
        )

    def _function(self, role_arn: Output[str], log: aws.cloudwatch.LogGroup) -> aws.lambda_.Function:
        return aws.lambda_.Function(
            f"{self._name}-run",
            description="Puts events from Google Cloud on the bus",
            role=role_arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler="handler.handler",
            code=pulumi.AssetArchive({"handler.py": pulumi.FileAsset(CODE)}),
            timeout=TIMEOUT_SECONDS,
            memory_size=MEMORY_MIB,
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={
                    "BUS_NAME": self._args.bus_name,
                    "SOURCE": origin.google_source(self._args.source),
                    "AWS_SOURCE": self._args.source,
                    "CALLER_EMAIL": self._args.caller.email,
                    "CALLER_SUBJECT": self._args.caller.unique_id,
                    "DEAD_LETTER_QUEUE_URL": self._args.dead_letter_queue_url,
                    "LAST_ATTEMPT": str(self._args.last_attempt),
                }
            ),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=log.name),
            opts=self.child(),
        )


def forwarder_policy(
    *,
    bus_arn: pulumi.Input[str],
    source: str,
    queue_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str],
    region: str,
    log_group_arn: pulumi.Input[str],
) -> dict[str, Any]:
    """Events from Google Cloud onto the one bus, what cannot be delivered into the one queue, and its own log."""
    return policy.document(
        policy.allow(
            "PutEventsOfGoogle",
            ["events:PutEvents"],
            [bus_arn],
            conditions={
                "ForAllValues:StringEquals": {"events:source": source},
                # On its own, the condition above holds for a request that names no source.
                "Null": {"events:source": "false"},
            },
        ),
        policy.allow("KeepDeadLetters", ["sqs:SendMessage"], [queue_arn]),
        policy.allow(
            "EncryptDeadLetters",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"sqs.{region}.amazonaws.com"}},
        ),
        write_log(log_group_arn),
    )
