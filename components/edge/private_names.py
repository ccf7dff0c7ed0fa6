"""The private names of services behind a load balancer of AWS."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component


@dataclass(frozen=True, kw_only=True)
class PrivateNamesArgs:
    """What PrivateNames needs to know."""

    zone_id: pulumi.Input[str]
    """The private zone that answers for the names."""
    hosts: Mapping[str, str]
    """The full names, by service: `auth-service.aws.internal.example.com`."""
    balancer_dns_name: pulumi.Input[str]
    """The load balancer's own name."""
    balancer_zone_id: pulumi.Input[str]
    """The zone of that name, which AWS owns."""


class PrivateNames(Component):
    """A record for each service that is called by name, all leading to one load balancer.

    Guarantees that a name follows the load balancer's addresses, which change. Leaves out the rules by which the load
    balancer tells the names apart.
    """

    hosts: Mapping[str, Output[str]]
    """The names, once they answer, by service."""

    def __init__(self, name: str, args: PrivateNamesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:PrivateNames", name, None, opts)
        self._name, self._args = name, args

        self.hosts = {service: self._record(service, host) for service, host in args.hosts.items()}
        self.publish()

    def _record(self, service: str, host: str) -> Output[str]:
        return aws.route53.Record(
            f"{self._name}-{service}",
            zone_id=self._args.zone_id,
            name=host,
            type="A",
            aliases=[
                aws.route53.RecordAliasArgs(
                    name=self._args.balancer_dns_name,
                    zone_id=self._args.balancer_zone_id,
                    evaluate_target_health=False,
                )
            ],
            opts=self.child(),
        ).fqdn
