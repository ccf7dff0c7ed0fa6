"""The task that changes a database before a release."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.compute.aws_runtime import AwsIdentity, AwsLogs, AwsPlace
from components.compute.task_definition import (
    Architecture,
    Container,
    ContainerLog,
    container_definitions,
    fargate_size,
)
from components.compute.task_roles import TaskRoles, TaskRolesArgs

STOP_SECONDS = 120
"""The longest that Fargate waits: a migration that is cut off in the middle is the worst one."""
CONTAINER = "migration"


@dataclass(frozen=True, kw_only=True)
class MigrationTaskArgs:
    """What a MigrationTask needs to know."""

    image: pulumi.Input[str]
    """The image of the release that is to come, by digest."""
    command: Sequence[str]
    """What migrates: a program and its arguments."""
    architecture: Architecture
    """What the image is built for."""
    cpu: float
    """vCPUs, of a pair that Fargate offers."""
    memory_gib: float
    """GiB of memory."""
    environment: Mapping[str, pulumi.Input[str]]
    """The plain variables of the service."""
    secrets: Mapping[str, pulumi.Input[str]]
    """The secret variables of the service, each with the ARN of its secret."""
    cluster_name: pulumi.Input[str]
    """The cluster that it runs in."""
    network: AwsPlace
    """Where it stands; its group reaches the database and nothing reaches it."""
    identity: AwsIdentity
    """Who it is, and what it may do."""
    logs: AwsLogs
    """Where its output is kept."""

    def __post_init__(self) -> None:
        fargate_size(self.cpu, self.memory_gib)


class MigrationTask(Component):
    """A task definition that is run once a release, by hand or by CI, before traffic moves.

    Owns the task definition, its roles and its log. Guarantees that it runs what the release runs, with the same
    secrets, and that it can do nothing else in AWS. Leaves out running it: a deployment that is repeated must not
    migrate again, and one that fails must not be the reason why a migration ran.
    """

    task_definition_arn: Output[str]
    """The revision for this release."""
    log_group_name: Output[str]
    """Where it logs."""
    run_command: Output[str]
    """What runs it: one `aws ecs run-task`, ready for a shell."""

    def __init__(self, name: str, args: MigrationTaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:MigrationTask", name, None, opts)
        self._name, self._args = name, args

        log = self._log()
        self.log_group_name = log.name
        roles = self._roles(log)
        self.task_definition_arn = self._task_definition(roles)
        self.run_command = self._run_command()
        self.publish()

    def _log(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._name,
            retention_in_days=self._args.logs.retention_days,
            kms_key_id=self._args.logs.key_arn,
            opts=self.child(),
        )

    def _roles(self, log: aws.cloudwatch.LogGroup) -> TaskRoles:
        return TaskRoles(
            self._name,
            TaskRolesArgs(identity=self._args.identity, secrets=self._args.secrets, log_group_arn=log.arn),
            self.child(),
        )

    def _task_definition(self, roles: TaskRoles) -> Output[str]:
        cpu, memory = fargate_size(self._args.cpu, self._args.memory_gib)
        container = Container(
            name=CONTAINER,
            image=self._args.image,
            environment=self._args.environment,
            secrets=self._args.secrets,
            log=ContainerLog(
                group_name=self.log_group_name, region=self._args.identity.region, stream_prefix=CONTAINER
            ),
            stop_seconds=STOP_SECONDS,
            command=self._args.command,
        )
        return aws.ecs.TaskDefinition(
            self._name,
            family=self._name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=cpu,
            memory=memory,
            runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
                operating_system_family="LINUX", cpu_architecture=self._args.architecture
            ),
            execution_role_arn=roles.execution_role_arn,
            task_role_arn=roles.task_role_arn,
            container_definitions=container_definitions(container),
            skip_destroy=True,
            opts=self.child(),
        ).arn

    def _run_command(self) -> Output[str]:
        network = self._args.network
        return Output.all(
            cluster=self._args.cluster_name,
            task_definition=self.task_definition_arn,
            subnets=list(network.subnet_ids.values()),
            security_groups=list(network.security_group_ids),
        ).apply(lambda values: run_task(region=self._args.identity.region, **values))


def run_task(
    *, region: str, cluster: str, task_definition: str, subnets: Sequence[str], security_groups: Sequence[str]
) -> str:
    """One `aws ecs run-task` for this revision, as a shell takes it."""
    configuration = (
        f"awsvpcConfiguration={{subnets=[{','.join(subnets)}],securityGroups=[{','.join(security_groups)}],"
        "assignPublicIp=DISABLED}"
    )
    return shlex.join(
        [
            *("aws", "ecs", "run-task"),
            *("--region", region),
            *("--cluster", cluster),
            *("--task-definition", task_definition),
            *("--launch-type", "FARGATE"),
            *("--count", "1"),
            *("--propagate-tags", "TASK_DEFINITION"),
            *("--network-configuration", configuration),
        ]
    )
