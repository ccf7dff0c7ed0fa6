"""A service on ECS with Fargate, in two colours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.compute.aws_runtime import AwsIdentity, AwsLogs, AwsPlace, AwsTarget
from components.compute.colours import bounds, check_release, of_colour, target_groups_after
from components.compute.ecs_scaling import NAMESPACE, TASKS, EcsScaling, EcsScalingArgs
from components.compute.task_definition import (
    Architecture,
    Container,
    ContainerLog,
    container_definitions,
    fargate_size,
    fargate_stop,
)
from components.compute.task_roles import TaskRoles, TaskRolesArgs
from components.workloads.service import COLOURS, Colour, ServiceSpec

STARTUP_GRACE_SECONDS = 120
DEPLOYMENT_MINUTES = 30


@dataclass(frozen=True, kw_only=True)
class EcsPlace:
    """The cluster that runs the tasks, and on what."""

    cluster_arn: pulumi.Input[str]
    """The cluster."""
    cluster_name: pulumi.Input[str]
    """Its name."""
    capacity_provider: Literal["FARGATE", "FARGATE_SPOT"]
    """`FARGATE_SPOT` costs a third, and takes tasks away with two minutes' notice."""
    architecture: Architecture
    """What the images are built for."""


@dataclass(frozen=True, kw_only=True)
class EcsServiceArgs:
    """What an EcsService needs to know."""

    spec: ServiceSpec
    """The service; its secrets are ARNs, each with `:<key>::` at the end where it is one of a JSON secret."""
    place: EcsPlace
    """The cluster."""
    network: AwsPlace
    """Where the tasks stand."""
    targets: Mapping[str, AwsTarget]
    """Where its load balancers look for its copies, by `<colour>-<router>`: `green-public`; none for a worker."""
    identity: AwsIdentity
    """Who it is, and what it may do."""
    logs: AwsLogs
    """Where its output is kept."""

    def __post_init__(self) -> None:
        fargate_size(self.spec.cpu, self.spec.memory_gib)
        fargate_stop(self.spec.graceful_stop_seconds)
        if self.targets:
            check_release(self.spec)


class EcsService(Component):
    """A service as two ECS services, one a colour, between which a weight shares the requests.

    Owns the task definitions, services, scaling, roles and the log. Guarantees that a weight changes only bounds, and
    with them the rule of the customers, which waits for the bounds by the target groups published here; that both
    colours run already while a weight is set, so that no request goes where nothing runs; that a failing deployment is
    rolled back by itself; and that the code can neither become root nor change its image nor read a secret that it was
    not given.

    A colour that loses its traffic shrinks by the usual steps, a copy at a time after a quarter of an hour: a rollback
    within that time finds it as it was left. A standby raised from none is deployed before the weight, not with it:
    AWS starts the tasks at once, and they need a minute.

    Leaves out the target groups and rules, which outlive a move to another runtime: see ServiceTargets and
    TrafficSplit; sessions in its containers, which would need a writable image; and migrations: see MigrationTask.
    """

    service_names: Mapping[str, Output[str]]
    """The ECS services, by colour."""
    task_definition_arns: Mapping[str, Output[str]]
    """What each colour runs, by colour."""
    target_group_arns: Mapping[str, Output[str]]
    """Its target groups by `<colour>-<router>`, once the copies behind them have been asked for."""
    task_role_arn: Output[str]
    """Who its code is to AWS, for the policies of what it uses."""
    log_group_name: Output[str]
    """Where its output is kept; streams begin with the colour."""

    def __init__(self, name: str, args: EcsServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:EcsService", name, None, opts)
        self._name, self._args = name, args

        log = self._log()
        self.log_group_name = log.name
        roles = self._roles(log)
        self.task_role_arn = roles.task_role_arn
        definitions = {colour: self._task_definition(colour, roles) for colour in COLOURS}
        self.task_definition_arns = {colour: definition.arn for colour, definition in definitions.items()}
        services = {colour: self._service(colour) for colour in COLOURS}
        self.service_names = {colour: service.name for colour, service in services.items()}
        in_bounds = {colour: self._bounds(colour, services[colour]) for colour in COLOURS}
        self._scaling(in_bounds)
        self.target_group_arns = target_groups_after(args.targets, in_bounds.values())
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
            TaskRolesArgs(identity=self._args.identity, secrets=self._args.spec.secrets, log_group_arn=log.arn),
            self.child(),
        )

    def _task_definition(self, colour: Colour, roles: TaskRoles) -> aws.ecs.TaskDefinition:
        spec = self._args.spec
        cpu, memory = fargate_size(spec.cpu, spec.memory_gib)
        container = Container(
            name=spec.name,
            image=spec.release.images[colour],
            environment=spec.environment,
            secrets=spec.secrets,
            log=ContainerLog(group_name=self.log_group_name, region=self._args.identity.region, stream_prefix=colour),
            stop_seconds=spec.graceful_stop_seconds,
            port=spec.port,
            health_path=spec.health.live,
        )
        return aws.ecs.TaskDefinition(
            f"{self._name}-{colour}",
            family=f"{self._name}-{colour}",
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=cpu,
            memory=memory,
            runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
                operating_system_family="LINUX", cpu_architecture=self._args.place.architecture
            ),
            execution_role_arn=roles.execution_role_arn,
            task_role_arn=roles.task_role_arn,
            container_definitions=container_definitions(container),
            # The circuit breaker goes back to the revision before, which must still be there.
            skip_destroy=True,
            opts=self.child(),
        )

    def _service(self, colour: Colour) -> aws.ecs.Service:
        spec, place, network = self._args.spec, self._args.place, self._args.network
        targets = of_colour(self._args.targets, colour)
        deployment = pulumi.CustomTimeouts(create=f"{DEPLOYMENT_MINUTES}m", update=f"{DEPLOYMENT_MINUTES}m")
        return aws.ecs.Service(
            f"{self._name}-{colour}",
            cluster=place.cluster_arn,
            task_definition=self.task_definition_arns[colour],
            capacity_provider_strategies=[
                aws.ecs.ServiceCapacityProviderStrategyArgs(capacity_provider=place.capacity_provider, weight=1)
            ],
            desired_count=bounds(spec, colour).min,
            deployment_controller=aws.ecs.ServiceDeploymentControllerArgs(type="ECS"),
            deployment_configuration=aws.ecs.ServiceDeploymentConfigurationArgs(strategy="ROLLING"),
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
            alarms=_judges([target.alarm_name for target in targets]),
            availability_zone_rebalancing="ENABLED",
            health_check_grace_period_seconds=STARTUP_GRACE_SECONDS if targets else None,
            network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
                subnets=list(network.subnet_ids.values()),
                security_groups=list(network.security_group_ids),
                assign_public_ip=False,
            ),
            load_balancers=[
                aws.ecs.ServiceLoadBalancerArgs(
                    target_group_arn=target.target_group_arn,
                    container_name=spec.name,
                    container_port=spec.port,
                )
                for target in targets
            ],
            enable_execute_command=False,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            # The count belongs to scaling, which is told its bounds below.
            opts=self.child(ignore_changes=["desiredCount"], custom_timeouts=deployment),
        )

    def _bounds(self, colour: Colour, service: aws.ecs.Service) -> aws.appautoscaling.Target:
        """AWS moves a count that lies outside as soon as it is told, without an alarm."""
        capacity = bounds(self._args.spec, colour)
        return aws.appautoscaling.Target(
            f"{self._name}-{colour}",
            service_namespace=NAMESPACE,
            scalable_dimension=TASKS,
            resource_id=Output.concat("service/", self._args.place.cluster_name, "/", service.name),
            min_capacity=capacity.min,
            max_capacity=capacity.max,
            opts=self.child(),
        )

    def _scaling(self, targets: Mapping[str, aws.appautoscaling.Target]) -> None:
        for colour, target in targets.items():
            EcsScaling(
                f"{self._name}-{colour}",
                EcsScalingArgs(
                    resource_id=target.resource_id,
                    cluster_name=self._args.place.cluster_name,
                    service_name=self.service_names[colour],
                    scaling=self._args.spec.scaling,
                ),
                self.child(),
            )


def _judges(alarm_names: list[pulumi.Input[str]]) -> aws.ecs.ServiceAlarmsArgs | None:
    """Alarms that end a deployment; ECS leaves out of it what is in alarm before, so a cure can be deployed."""
    return aws.ecs.ServiceAlarmsArgs(enable=True, rollback=True, alarm_names=alarm_names) if alarm_names else None
