"""The steps in which a colour of an ECS service scales."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.compute.scaling_alarms import BUSY_MARGIN, ScalingAlarms, ScalingAlarmsArgs, Usage
from components.workloads.service import Scaling

NAMESPACE = "ecs"
TASKS = "ecs:service:DesiredCount"
SECONDS_A_MINUTE = 60
STEP = aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs


@dataclass(frozen=True, kw_only=True)
class EcsScalingArgs:
    """What EcsScaling needs to know."""

    resource_id: pulumi.Input[str]
    """The scaled service as Application Auto Scaling calls it, once its bounds are registered."""
    cluster_name: pulumi.Input[str]
    """The cluster of the service."""
    service_name: pulumi.Input[str]
    """The service."""
    scaling: Scaling
    """When copies are added and taken away."""


class EcsScaling(Component):
    """The steps in which an ECS service moves between its bounds, with a rest after each."""

    def __init__(self, name: str, args: EcsScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:EcsScaling", name, None, opts)
        self._name, self._args = name, args

        more = self._policy("out", _busier())
        fewer = self._policy("in", [STEP(metric_interval_lower_bound="0", scaling_adjustment=-1)])
        self._alarms(more, fewer)
        self.publish()

    def _policy(self, direction: str, steps: list[STEP]) -> Output[str]:
        return aws.appautoscaling.Policy(
            f"{self._name}-{direction}",
            service_namespace=NAMESPACE,
            scalable_dimension=TASKS,
            resource_id=self._args.resource_id,
            policy_type="StepScaling",
            step_scaling_policy_configuration=aws.appautoscaling.PolicyStepScalingPolicyConfigurationArgs(
                adjustment_type="ChangeInCapacity",
                cooldown=self._args.scaling.cooldown_minutes * SECONDS_A_MINUTE,
                metric_aggregation_type="Average",
                step_adjustments=steps,
            ),
            opts=self.child(),
        ).arn

    def _alarms(self, out_policy_arn: Output[str], in_policy_arn: Output[str]) -> None:
        ScalingAlarms(
            self._name,
            ScalingAlarmsArgs(
                scaling=self._args.scaling,
                usage=Usage(
                    namespace="AWS/ECS",
                    cpu_metric="CPUUtilization",
                    memory_metric="MemoryUtilization",
                    dimensions={"ClusterName": self._args.cluster_name, "ServiceName": self._args.service_name},
                ),
                out_policy_arn=out_policy_arn,
                in_policy_arn=in_policy_arn,
            ),
            self.child(),
        )


def _busier() -> list[STEP]:
    """One copy more above the limit, two when it is left far behind."""
    far = str(BUSY_MARGIN)
    return [
        STEP(metric_interval_lower_bound="0", metric_interval_upper_bound=far, scaling_adjustment=1),
        STEP(metric_interval_lower_bound=far, scaling_adjustment=2),
    ]
