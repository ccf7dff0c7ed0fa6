"""What every AWS runtime of a service is told, in the same words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import pulumi

LAST_PRIORITY = 50_000
RULES_A_SERVICE = 3
"""One for the testers of each colour, and the customers'."""


@dataclass(frozen=True, kw_only=True)
class AwsPlace:
    """Where the copies of a service stand in the network."""

    vpc_id: pulumi.Input[str]
    """The VPC."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Private subnets, by zone."""
    security_group_ids: Sequence[pulumi.Input[str]]
    """The group of the service in the access rules."""


@dataclass(frozen=True, kw_only=True)
class AwsRouter:
    """A load balancer that leads to a service, and which requests it leads there."""

    listener_arn: pulumi.Input[str]
    """The HTTPS listener."""
    load_balancer_arn_suffix: pulumi.Input[str]
    """What the load balancer's metrics call it."""
    hosts: Sequence[str]
    """Names that the service is asked for by, one to three."""
    priority: int
    """The first of three numbers that the rules of the service take in the listener, 1 to 49998."""
    origin_secret: pulumi.Input[str] | None
    """What a CDN in front sends in the origin header; requests without it are not let through. None without a CDN."""

    def __post_init__(self) -> None:
        if not 1 <= self.priority <= LAST_PRIORITY - RULES_A_SERVICE + 1:
            raise ValueError(f"priority is {self.priority}; a service takes three numbers from 1 to {LAST_PRIORITY}")
        # A rule compares five values, of which the origin secret and the testers' header take one each.
        if not 1 <= len(self.hosts) <= 3:
            raise ValueError(f"hosts are {len(self.hosts)}; a rule has room for one to three beside its headers")


@dataclass(frozen=True, kw_only=True)
class AwsTarget:
    """Where the copies of one colour are found by one load balancer, and who judges their deployments by it."""

    target_group_arn: pulumi.Input[str]
    """The target group; a rule leads there already, without which ECS refuses it."""
    alarm_name: pulumi.Input[str]
    """The CloudWatch alarm that rolls a deployment of this colour back."""


@dataclass(frozen=True, kw_only=True)
class AwsIdentity:
    """Who a service is to AWS, and what it may do."""

    account_id: str
    """The account that it runs in, 12 digits."""
    region: str
    """The region that it runs in."""
    repository_arns: Sequence[pulumi.Input[str]]
    """The ECR repositories of its images."""
    secret_key_arns: Sequence[pulumi.Input[str]]
    """The KMS keys of its secrets."""
    statements: Sequence[dict[str, Any]]
    """What its own code may do in AWS, as policy statements; empty for a service that calls none of AWS."""


@dataclass(frozen=True, kw_only=True)
class AwsLogs:
    """Where what a service prints is kept."""

    retention_days: int
    """Days that it is kept in CloudWatch Logs; one of the periods CloudWatch accepts."""
    key_arn: pulumi.Input[str]
    """The KMS key of the same region that encrypts it."""


def rule_priority(service: str) -> int:
    """A priority that follows from the name alone, so that another service moves no rule of this one.

    Two rules may not change places in one deployment: each would find its number taken. Names that fall on the same
    number are as good as never met, and AWS refuses the second rule.
    """
    return 1 + RULES_A_SERVICE * (crc32(service.encode()) % (LAST_PRIORITY // RULES_A_SERVICE))
