"""How the requests to a service are shared between its colours."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.compute.aws_runtime import AwsRouter
from components.compute.service_targets import customers
from components.workloads.service import COLOURS, Release


@dataclass(frozen=True, kw_only=True)
class TrafficSplitArgs:
    """What a TrafficSplit needs to know."""

    release: Release
    """The share of each colour."""
    routers: Mapping[str, AwsRouter]
    """The load balancers that lead to the service, by exposure."""
    target_group_arns: Mapping[str, pulumi.Input[str]]
    """Target groups by `<colour>-<router>`, of colours whose capacity has been asked for."""


class TrafficSplit(Component):
    """The rule of a service in each of its load balancers, with the weights of the two colours.

    Guarantees that a release changes two numbers of each rule and nothing else, and that a request goes by the weights
    of the moment it arrives: no cookie remembers a colour, so a rollback holds for everybody at once. The rules are the
    same for every runtime, whose target groups say by when they can be used; a move changes at most where they lead.
    """

    rule_arns: Mapping[str, Output[str]]
    """The rules, by exposure."""

    def __init__(self, name: str, args: TrafficSplitArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:TrafficSplit", name, None, opts)
        self._name, self._args = name, args

        self.rule_arns = {exposure: self._rule(exposure, router) for exposure, router in args.routers.items()}
        self.publish()

    def _rule(self, exposure: str, router: AwsRouter) -> Output[str]:
        groups = [
            aws.lb.ListenerRuleActionForwardTargetGroupArgs(
                arn=self._args.target_group_arns[f"{colour}-{exposure}"], weight=self._args.release.percent(colour)
            )
            for colour in COLOURS
        ]
        forward = aws.lb.ListenerRuleActionForwardArgs(
            target_groups=groups,
            stickiness=aws.lb.ListenerRuleActionForwardStickinessArgs(enabled=False, duration=1),
        )
        return aws.lb.ListenerRule(
            f"{self._name}-{exposure}",
            listener_arn=router.listener_arn,
            priority=router.priority + len(COLOURS),
            conditions=customers(router),
            actions=[aws.lb.ListenerRuleActionArgs(type="forward", forward=forward)],
            opts=self.child(),
        ).arn
