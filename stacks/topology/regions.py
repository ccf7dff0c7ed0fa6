"""The regions of AWS: what everything that is built in one of them has to know of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Output

from components.compute.aws_runtime import AwsIdentity, AwsLogs, AwsPlace
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.topology.network import Networks
from stacks.topology.providers import Providers


@dataclass(frozen=True, kw_only=True)
class AwsRegion:
    """One region."""

    name: str
    """The region: `us-east-1`."""
    vpc_id: Output[str]
    """Its VPC."""
    public_subnet_ids: Mapping[str, Output[str]]
    """Subnets that the internet reaches, by zone."""
    private_subnet_ids: Mapping[str, Output[str]]
    """Subnets of services, by zone."""
    database_subnet_ids: Mapping[str, Output[str]]
    """Subnets of databases and caches, by zone."""
    security_group_ids: Mapping[str, Output[str]]
    """Security groups by party of the table of who may talk to whom."""
    key_arns: Mapping[str, Output[str]]
    """KMS keys by purpose."""
    options: Callable[[], pulumi.ResourceOptions]
    """Options of a component that lives here."""

    def place(self, party: str) -> AwsPlace:
        """Where the copies of a service stand."""
        return AwsPlace(
            vpc_id=self.vpc_id,
            subnet_ids=self.private_subnet_ids,
            security_group_ids=[self.security_group_ids[party]],
        )

    def identity(
        self, settings: Settings, repository_arn: pulumi.Input[str], statements: Sequence[dict[str, Any]]
    ) -> AwsIdentity:
        """Who a service is, by the repository of its image and what its code may do."""
        return AwsIdentity(
            account_id=settings.aws.account_id,
            region=self.name,
            repository_arns=[repository_arn],
            secret_key_arns=[self.key_arns["secrets"]],
            statements=statements,
        )

    def logs(self, settings: Settings) -> AwsLogs:
        """Where what a service prints is kept."""
        return AwsLogs(retention_days=settings.compute.log_retention_days, key_arn=self.key_arns["logs"])


def primary_region(
    settings: Settings, providers: Providers, keys: Mapping[str, KeyPair], network: Networks
) -> AwsRegion:
    """Where everything of AWS is."""
    return AwsRegion(
        name=settings.aws.region,
        vpc_id=network.pair.vpc_id,
        public_subnet_ids=network.pair.public_subnet_ids,
        private_subnet_ids=network.pair.private_subnet_ids,
        database_subnet_ids=network.pair.database_subnet_ids,
        security_group_ids=network.aws_access.security_group_ids,
        key_arns={purpose: pair.aws_key_arn for purpose, pair in keys.items()},
        options=providers.options,
    )


def recovery_region(
    settings: Settings, providers: Providers, keys: Mapping[str, KeyPair], network: Networks
) -> AwsRegion | None:
    """Where AWS goes on after the loss of the primary region, by the copies of its keys; None where it does not."""
    region, vpc, access = settings.aws.recovery, network.recovery, network.recovery_access
    if region is None or vpc is None or access is None:
        return None
    return AwsRegion(
        name=region.region,
        vpc_id=vpc.vpc_id,
        public_subnet_ids=vpc.public_subnet_ids,
        private_subnet_ids=vpc.private_subnet_ids,
        database_subnet_ids=vpc.database_subnet_ids,
        security_group_ids=access.security_group_ids,
        key_arns={
            purpose: pair.aws_replica_key_arn for purpose, pair in keys.items() if pair.aws_replica_key_arn is not None
        },
        options=providers.recovery_options,
    )
