"""A private way from a VPC to Google's APIs."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.component import Component
from components.network.ranges import GOOGLE_PRIVATE_APIS

INTERNET_GATEWAY = "default-internet-gateway"
RECORD_SECONDS = 300

DOMAINS = ("googleapis.com", "gcr.io", "pkg.dev")
"""The APIs, and the two registries that images of nodes and services come from."""


@dataclass(frozen=True, kw_only=True)
class PrivateGoogleAccessArgs:
    """What PrivateGoogleAccess needs to know."""

    project_id: str
    """The project that owns the VPC."""
    network_id: pulumi.Input[str]
    """The VPC that calls the APIs."""


class PrivateGoogleAccess(Component):
    """Google's APIs and registries at four addresses that the internet does not route.

    Owns the route to the addresses and the private zones of the names. Guarantees that a firewall can allow Google's
    APIs by one range, and that calls keep to Google's network whatever default route the VPC learns. The names resolve
    to private.googleapis.com; restricted.googleapis.com would answer only for APIs that service perimeters support, and
    there is no perimeter. Leaves out Private Google Access itself, which is a property of each subnet.
    """

    def __init__(self, name: str, args: PrivateGoogleAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:PrivateGoogleAccess", name, None, opts)
        self._name, self._args = name, args

        self._route()
        for domain in DOMAINS:
            self._zone(domain)
        self.publish()

    def _route(self) -> None:
        """The gateway is called that, but to these addresses it does not lead out of Google's network."""
        gcp.compute.Route(
            self._name,
            project=self._args.project_id,
            network=self._args.network_id,
            description="private.googleapis.com",
            dest_range=str(GOOGLE_PRIVATE_APIS),
            next_hop_gateway=INTERNET_GATEWAY,
            priority=1000,
            opts=self.child(),
        )

    def _zone(self, domain: str) -> None:
        key = domain.replace(".", "-")
        apex = f"private.{domain}." if domain == "googleapis.com" else f"{domain}."
        zone = gcp.dns.ManagedZone(
            f"{self._name}-{key}",
            project=self._args.project_id,
            description=f"{domain} by private.googleapis.com",
            dns_name=f"{domain}.",
            visibility="private",
            private_visibility_config=gcp.dns.ManagedZonePrivateVisibilityConfigArgs(
                networks=[gcp.dns.ManagedZonePrivateVisibilityConfigNetworkArgs(network_url=self._args.network_id)]
            ),
            opts=self.child(protect=True),
        )
        gcp.dns.RecordSet(
            f"{self._name}-{key}",
            project=self._args.project_id,
            managed_zone=zone.name,
            name=apex,
            type="A",
            ttl=RECORD_SECONDS,
            rrdatas=[str(address) for address in GOOGLE_PRIVATE_APIS],
            opts=self.child(),
        )
        gcp.dns.RecordSet(
            f"{self._name}-{key}-any",
            project=self._args.project_id,
            managed_zone=zone.name,
            name=f"*.{domain}.",
            type="CNAME",
            ttl=RECORD_SECONDS,
            rrdatas=[apex],
            opts=self.child(),
        )
