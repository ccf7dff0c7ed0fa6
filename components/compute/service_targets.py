"""The target groups of a service, one for each colour and load balancer, with the testers' way to each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.compute.aws_runtime import AwsRouter
from components.edge.headers import ORIGIN_HEADER
from components.naming import Carrier, physical_name
from components.ordering import after
from components.workloads.service import COLOURS, TESTERS_HEADER, Colour, ServiceSpec

TargetType = Literal["ip", "instance"]

UNUSED_PORT = 80
"""Every target brings its own port. This one would replace the group if it followed the service's."""

DRAINING_SECONDS = {"http": 30, "websocket": 300}
"""How long open requests and sockets may go on at a copy that is being taken away."""

JUDGED_REQUESTS = 20
JUDGED_ERROR_PERCENT = 5
JUDGED_MINUTES = 2


@dataclass(frozen=True, kw_only=True)
class ServiceTargetsArgs:
    """What ServiceTargets needs to know."""

    spec: ServiceSpec
    """The service."""
    vpc_id: pulumi.Input[str]
    """The VPC of the targets."""
    target_type: TargetType
    """`ip` for tasks and pods, `instance` for machines."""
    routers: Mapping[str, AwsRouter]
    """The load balancers that lead to the service, by exposure: `public`, `internal`."""


class ServiceTargets(Component):
    """The two colours of a service as its load balancers see them, and who judges a deployment of each.

    Owns a target group for each colour and load balancer, the rule by which testers reach that colour, and an alarm on
    its share of server errors. Guarantees that nothing a release or a size changes replaces a group, nor a move between
    tasks and pods; that a move to machines or back, which has to, gives the new groups other names, so that AWS takes
    them before the old ones go, and that the rules are changed in place. Leaves out who registers copies in the groups,
    and the customers' rule, which comes last: see TrafficSplit.

    No cookie binds a client to a target: AWS accepts one only together with a cookie that binds it to the colour, and
    a rollback would have to wait for that one to expire. A socket stays where it was opened without any.
    """

    target_group_arns: Mapping[str, Output[str]]
    """Target groups by `<colour>-<router>`, once a rule leads there: ECS refuses a group without a listener."""
    alarm_names: Mapping[str, Output[str]]
    """Alarms on server errors, by `<colour>-<router>`."""

    def __init__(self, name: str, args: ServiceTargetsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:ServiceTargets", name, None, opts)
        self._name, self._args = name, args

        self.target_group_arns = {}
        self.alarm_names = {}
        for exposure, router in args.routers.items():
            for offset, colour in enumerate(COLOURS):
                key = f"{colour}-{exposure}"
                group = self._target_group(colour, exposure)
                rule = self._testers_rule(key, colour, router, router.priority + offset, group)
                self.target_group_arns[key] = after(group.arn, [rule])
                self.alarm_names[key] = self._alarm(key, router, group)
        self.publish()

    def _target_group(self, colour: Colour, exposure: str) -> aws.lb.TargetGroup:
        spec, target_type = self._args.spec, self._args.target_type
        return aws.lb.TargetGroup(
            f"{self._name}-{colour}-{exposure}",
            # With a random suffix the name of a longer service would not fit, nor with more words in the component's.
            name=target_group_name(spec.name, colour, exposure, target_type),
            vpc_id=self._args.vpc_id,
            target_type=target_type,
            protocol="HTTP",
            port=UNUSED_PORT,
            deregistration_delay=max(DRAINING_SECONDS[spec.protocol], spec.graceful_stop_seconds),
            load_balancing_algorithm_type="least_outstanding_requests",
            stickiness=aws.lb.TargetGroupStickinessArgs(type="lb_cookie", enabled=False),
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                enabled=True,
                protocol="HTTP",
                port="traffic-port",
                path=spec.health.ready,
                matcher="200",
                interval=10,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=3,
            ),
            opts=self.child(),
        )

    def _testers_rule(
        self, key: str, colour: Colour, router: AwsRouter, priority: int, group: aws.lb.TargetGroup
    ) -> aws.lb.ListenerRule:
        header = aws.lb.ListenerRuleConditionArgs(
            http_header=aws.lb.ListenerRuleConditionHttpHeaderArgs(http_header_name=TESTERS_HEADER, values=[colour])
        )
        return aws.lb.ListenerRule(
            f"{self._name}-testers-{key}",
            listener_arn=router.listener_arn,
            priority=priority,
            conditions=[*customers(router), header],
            actions=[aws.lb.ListenerRuleActionArgs(type="forward", target_group_arn=group.arn)],
            opts=self.child(),
        )

    def _alarm(self, key: str, router: AwsRouter, group: aws.lb.TargetGroup) -> Output[str]:
        """Rolls a deployment back while it runs. Few requests prove nothing, and none at all are no error."""
        dimensions = {"TargetGroup": group.arn_suffix, "LoadBalancer": router.load_balancer_arn_suffix}

        def count(query: str, metric: str) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
            return aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id=query,
                metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                    namespace="AWS/ApplicationELB", metric_name=metric, dimensions=dimensions, period=60, stat="Sum"
                ),
            )

        share = f"IF(requests > {JUDGED_REQUESTS}, 100 * FILL(errors, 0) / requests, 0)"
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-errors-{key}",
            alarm_description=f"{self._name} {key}: more than {JUDGED_ERROR_PERCENT} % of responses are server errors",
            comparison_operator="GreaterThanThreshold",
            threshold=JUDGED_ERROR_PERCENT,
            evaluation_periods=JUDGED_MINUTES,
            treat_missing_data="notBreaching",
            metric_queries=[
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id="share", expression=share, label="Server errors in percent", return_data=True
                ),
                count("errors", "HTTPCode_Target_5XX_Count"),
                count("requests", "RequestCount"),
            ],
            opts=self.child(),
        ).name


def target_group_name(service: str, colour: Colour, exposure: str, target_type: TargetType) -> str:
    """`backend-api-green-internal`, and of machines `backend-api-green-int-vm`.

    A group for machines is made before the one for tasks that it replaces is deleted, and AWS has each name once. It is
    the shorter of the two, so that a service whose name fits the one fits the other.
    """
    words = [exposure] if target_type == "ip" else [exposure[:3], "vm"]
    return physical_name(Carrier.TARGET_GROUP, service, colour, *words)


def customers(router: AwsRouter) -> list[aws.lb.ListenerRuleConditionArgs]:
    """Which requests are for the service: by name, and only through the CDN where there is one."""
    conditions = [
        aws.lb.ListenerRuleConditionArgs(
            host_header=aws.lb.ListenerRuleConditionHostHeaderArgs(values=list(router.hosts))
        )
    ]
    if router.origin_secret is not None:
        conditions.append(
            aws.lb.ListenerRuleConditionArgs(
                http_header=aws.lb.ListenerRuleConditionHttpHeaderArgs(
                    http_header_name=ORIGIN_HEADER, values=[Output.secret(router.origin_secret)]
                )
            )
        )
    return conditions
