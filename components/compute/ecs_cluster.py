"""The ECS cluster."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.ordering import after

ON_DEMAND = "FARGATE"
SPOT = "FARGATE_SPOT"


@dataclass(frozen=True, kw_only=True)
class EcsClusterArgs:
    """What an EcsCluster needs to know."""

    key_arn: pulumi.Input[str]
    """The KMS key that encrypts sessions in containers, and their log."""
    log_retention_days: int
    """Days that sessions are kept in CloudWatch Logs; one of the periods CloudWatch accepts."""


class EcsCluster(Component):
    """A cluster on Fargate.

    Owns the cluster, its capacity providers and the log of sessions in containers. Guarantees that the usage of every
    task is measured, and that whoever opens a session in one does so encrypted and on record. Leaves out the services.
    """

    arn: Output[str]
    """The cluster, once it has its capacity."""
    name: Output[str]
    """Its name, which metrics and scaling go by."""
    session_log_group_name: Output[str]
    """Where sessions in containers are logged."""

    def __init__(self, name: str, args: EcsClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:EcsCluster", name, None, opts)
        self._name, self._args = name, args

        self.session_log_group_name = self._session_log()
        self.arn, self.name = self._cluster()
        self.publish()

    def _session_log(self) -> Output[str]:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-sessions",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.key_arn,
            opts=self.child(),
        ).name

    def _cluster(self) -> tuple[Output[str], Output[str]]:
        cluster = aws.ecs.Cluster(
            self._name,
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="enabled")],
            configuration=aws.ecs.ClusterConfigurationArgs(
                execute_command_configuration=aws.ecs.ClusterConfigurationExecuteCommandConfigurationArgs(
                    kms_key_id=self._args.key_arn,
                    logging="OVERRIDE",
                    log_configuration=aws.ecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs(
                        cloud_watch_log_group_name=self.session_log_group_name, cloud_watch_encryption_enabled=True
                    ),
                )
            ),
            opts=self.child(),
        )
        capacity = aws.ecs.ClusterCapacityProviders(
            self._name, cluster_name=cluster.name, capacity_providers=[ON_DEMAND, SPOT], opts=self.child()
        )
        # ECS refuses a service that names a capacity provider which the cluster does not have yet.
        return after(cluster.arn, [capacity]), cluster.name
