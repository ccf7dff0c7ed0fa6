"""How many machines a colour of an EC2 service runs."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.compute.scaling_alarms import BUSY_MARGIN, ScalingAlarms, ScalingAlarmsArgs, Usage
from components.workloads.service import Scaling

SECONDS_A_MINUTE = 60
STEP = aws.autoscaling.PolicyStepAdjustmentArgs


@dataclass(frozen=True, kw_only=True)
class Ec2ScalingArgs:
    """What Ec2Scaling needs to know."""

    autoscaling_group_name: pulumi.Input[str]
    """The group that is scaled, between its own bounds."""
    scaling: Scaling
    """When copies are added and taken away."""


class Ec2Scaling(Component):
    """The steps in which an Auto Scaling group moves between its bounds, with a rest after each.

    Going out, the rest is the time in which new machines warm up: they count as added and leave the average alone.
    Going in, it is a cooldown, which Auto Scaling groups know for simple policies only; a stepped one would take a
    machine away every minute while the alarm lasts.
    """

    def __init__(self, name: str, args: Ec2ScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:Ec2Scaling", name, None, opts)
        self._name, self._args = name, args
        self._rest_seconds = args.scaling.cooldown_minutes * SECONDS_A_MINUTE

        self._alarms(self._out_policy(), self._in_policy())
        self.publish()

    def _out_policy(self) -> Output[str]:
        return aws.autoscaling.Policy(
            f"{self._name}-out",
            autoscaling_group_name=self._args.autoscaling_group_name,
            policy_type="StepScaling",
            adjustment_type="ChangeInCapacity",
            metric_aggregation_type="Average",
            estimated_instance_warmup=self._rest_seconds,
            step_adjustments=_busier(),
            opts=self.child(),
        ).arn

    def _in_policy(self) -> Output[str]:
        return aws.autoscaling.Policy(
            f"{self._name}-in",
            autoscaling_group_name=self._args.autoscaling_group_name,
            policy_type="SimpleScaling",
            adjustment_type="ChangeInCapacity",
            scaling_adjustment=-1,
            cooldown=self._rest_seconds,
            opts=self.child(),
        ).arn

    def _alarms(self, out_policy_arn: Output[str], in_policy_arn: Output[str]) -> None:
        ScalingAlarms(
            self._name,
            ScalingAlarmsArgs(
                scaling=self._args.scaling,
                usage=Usage(
                    namespace="AWS/EC2",
                    cpu_metric="CPUUtilization",
                    memory_metric=None,
                    dimensions={"AutoScalingGroupName": self._args.autoscaling_group_name},
                ),
                out_policy_arn=out_policy_arn,
                in_policy_arn=in_policy_arn,
            ),
            self.child(),
        )


def _busier() -> list[STEP]:
    """One machine more above the limit, two when it is left far behind."""
    far = str(BUSY_MARGIN)
    return [
        STEP(metric_interval_lower_bound="0", metric_interval_upper_bound=far, scaling_adjustment=1),
        STEP(metric_interval_lower_bound=far, scaling_adjustment=2),
    ]
