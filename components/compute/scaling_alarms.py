"""When copies of a service are added and taken away, whatever counts them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.workloads.service import Scaling

BUSY_MARGIN = 15
"""Points above a limit from which two copies are added at once instead of one."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Where CloudWatch keeps the usage of the copies, in percent."""

    namespace: str
    """`AWS/ECS`, `AWS/EC2`."""
    cpu_metric: str
    """The metric of CPU."""
    memory_metric: str | None
    """The metric of memory; None where nobody measures it."""
    dimensions: Mapping[str, pulumi.Input[str]]
    """Whose usage."""


@dataclass(frozen=True, kw_only=True)
class ScalingAlarmsArgs:
    """What ScalingAlarms needs to know."""

    scaling: Scaling
    """The limits."""
    usage: Usage
    """What is measured."""
    out_policy_arn: pulumi.Input[str]
    """The policy that adds copies."""
    in_policy_arn: pulumi.Input[str]
    """The policy that takes one away."""


class ScalingAlarms(Component):
    """Alarms on CPU and memory that call the policies which add and take away copies.

    Guarantees that no copy is taken away while memory asks for one more: low CPU and full memory together would add and
    take away copies in turn, for ever.
    """

    def __init__(self, name: str, args: ScalingAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:ScalingAlarms", name, None, opts)
        self._name, self._args = name, args

        self._out("cpu", args.usage.cpu_metric, args.scaling.cpu_out_percent)
        if args.usage.memory_metric is not None:
            self._out("memory", args.usage.memory_metric, args.scaling.memory_percent)
        self._in()
        self.publish()

    def _out(self, role: str, metric: str, percent: int) -> None:
        minutes = self._args.scaling.out_after_minutes
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{role}-out",
            alarm_description=f"{self._name}: {role} above {percent} % for {minutes} minutes adds copies",
            namespace=self._args.usage.namespace,
            metric_name=metric,
            dimensions=self._args.usage.dimensions,
            statistic="Average",
            period=60,
            evaluation_periods=minutes,
            comparison_operator="GreaterThanThreshold",
            threshold=percent,
            treat_missing_data="notBreaching",
            alarm_actions=[self._args.out_policy_arn],
            opts=self.child(),
        )

    def _in(self) -> None:
        scaling, usage = self._args.scaling, self._args.usage
        idle = f"cpu < {scaling.cpu_in_percent}"
        measured = {"cpu": usage.cpu_metric}
        if usage.memory_metric is not None:
            idle += f" AND memory < {scaling.memory_percent}"
            measured["memory"] = usage.memory_metric
        queries = [
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id="idle", expression=f"IF({idle}, 1, 0)", label="Idle", return_data=True
            ),
            *(
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id=query,
                    metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                        namespace=usage.namespace,
                        metric_name=metric,
                        dimensions=usage.dimensions,
                        period=60,
                        stat="Average",
                    ),
                )
                for query, metric in measured.items()
            ),
        ]
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-in",
            alarm_description=f"{self._name}: {idle} for {scaling.in_after_minutes} minutes takes a copy away",
            metric_queries=queries,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            evaluation_periods=scaling.in_after_minutes,
            treat_missing_data="notBreaching",
            alarm_actions=[self._args.in_policy_arn],
            opts=self.child(),
        )
