"""The way from API Gateway into the VPC."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component

HTTPS = 443
HEALTH_PATH = "/"
ANSWERED = "200-499"
"""The load balancer behind judges its services by itself; to a request that names none it answers 404, and is well."""


@dataclass(frozen=True, kw_only=True)
class EntranceTarget:
    """The internal application load balancer that it leads to."""

    load_balancer_arn: pulumi.Input[str]
    """The load balancer."""
    listener_arn: pulumi.Input[str]
    """Its HTTPS listener on port 443, which holds the certificate of the names that are called."""


@dataclass(frozen=True, kw_only=True)
class PrivateEntranceArgs:
    """What a PrivateEntrance needs to know."""

    vpc_id: pulumi.Input[str]
    """The VPC of the load balancer."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Private subnets of two zones or more, by zone."""
    security_group_id: pulumi.Input[str]
    """The group of its party in the access rules, which may call the load balancer and is called by nobody."""
    target: EntranceTarget
    """Where it leads."""
    deletion_protection: bool
    """Whether AWS refuses to delete it."""

    def __post_init__(self) -> None:
        """Raise ValueError for an entrance that would be gone with one zone."""
        if len(self.subnet_ids) < 2:
            raise ValueError("an entrance needs subnets of two zones: API Gateway would lose it with one")


class PrivateEntrance(Component):
    """A private link by which API Gateway calls the services behind the internal load balancer.

    WebSocket APIs take only the kind of link that ends at a network load balancer, so one stands between the link and
    the application load balancer, and hands on what it does not decrypt: API Gateway compares the certificate that it
    is shown with the name that it calls, and that name leads to the service. One serves all APIs of a region.

    Guarantees that nothing but the link comes in: the group admits nobody, and PrivateLink, which only API Gateway of
    this account uses, is not asked for a rule. Leaves out who may be called, which rules of the load balancer decide.
    """

    nlb_arn: Output[str]
    """The network load balancer."""
    nlb_arn_suffix: Output[str]
    """What its metrics call it."""
    vpc_link_id: Output[str]
    """The link, as integrations name it."""

    def __init__(self, name: str, args: PrivateEntranceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:PrivateEntrance", name, None, opts)
        self._name, self._args = name, args

        balancer = self._load_balancer()
        self.nlb_arn, self.nlb_arn_suffix = balancer.arn, balancer.arn_suffix
        self._listener(self._target_group())
        self.vpc_link_id = self._link()
        self.publish()

    def _load_balancer(self) -> aws.lb.LoadBalancer:
        return aws.lb.LoadBalancer(
            self._name,
            load_balancer_type="network",
            internal=True,
            subnets=list(self._args.subnet_ids.values()),
            # One that is created without a group can be given none later.
            security_groups=[self._args.security_group_id],
            # PrivateLink hides where a request comes from: there is no source that a rule could name.
            enforce_security_group_inbound_rules_on_private_link_traffic="off",
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=self._args.deletion_protection,
            opts=self.child(),
        )

    def _target_group(self) -> aws.lb.TargetGroup:
        group = aws.lb.TargetGroup(
            self._name,
            vpc_id=self._args.vpc_id,
            target_type="alb",
            protocol="TCP",
            port=HTTPS,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                enabled=True,
                protocol="HTTPS",
                port="traffic-port",
                path=HEALTH_PATH,
                matcher=ANSWERED,
                interval=10,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=2,
            ),
            opts=self.child(),
        )
        target = self._args.target
        aws.lb.TargetGroupAttachment(
            self._name,
            target_group_arn=group.arn,
            # Elastic Load Balancing refuses a target that does not listen on the port yet, so both are waited for.
            target_id=Output.all(target.load_balancer_arn, target.listener_arn).apply(lambda arns: arns[0]),
            port=HTTPS,
            opts=self.child(),
        )
        return group

    def _listener(self, group: aws.lb.TargetGroup) -> None:
        aws.lb.Listener(
            self._name,
            load_balancer_arn=self.nlb_arn,
            port=HTTPS,
            # Not TLS: it would need the certificate too, and the name would be compared with that of a go-between.
            protocol="TCP",
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=group.arn)],
            opts=self.child(),
        )

    def _link(self) -> Output[str]:
        """The kind of link that REST APIs have: a WebSocket API takes no other."""
        return aws.apigateway.VpcLink(
            self._name,
            description=f"API Gateway calls services behind {self._name}",
            target_arn=self.nlb_arn,
            opts=self.child(),
        ).id
