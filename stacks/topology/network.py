"""The networks of every region, the table of who may talk to whom, and the ways in for people."""

from dataclasses import dataclass
from typing import Any

from components.network.access import AwsAccess, AwsAccessArgs, GcpAccess, GcpAccessArgs
from components.network.aws_network import AwsNetwork, AwsNetworkArgs
from components.network.gcp_network import GcpNetworkArgs
from components.network.interconnect_link import InterconnectPath
from components.network.network_pair import Circuits, LinkArgs, NetworkPair, NetworkPairArgs, Tunnels
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.settings.network import Link
from stacks.topology import access
from stacks.topology.placement import internal_domain
from stacks.topology.providers import Providers


@dataclass(frozen=True, kw_only=True)
class Networks:
    """What later parts of the topology attach to."""

    pair: NetworkPair
    """Both clouds and the link."""
    recovery: AwsNetwork | None
    """The VPC of the recovery region."""
    aws_access: AwsAccess
    """The security groups of the primary region."""
    gcp_access: GcpAccess | None
    """The firewall of the standby cloud."""
    recovery_access: AwsAccess | None
    """The security groups of the recovery region."""

    def outputs(self) -> dict[str, Any]:
        """What peers and partners ask for."""
        return {
            "vpc_id": self.pair.vpc_id,
            "aws_nat_addresses": self.pair.aws_nat_addresses,
            "network_id": self.pair.network_id,
            "gcp_nat_addresses": self.pair.gcp_nat_addresses,
            "recovery_vpc_id": self.recovery.vpc_id if self.recovery else None,
        }


def networks(settings: Settings, providers: Providers, logs_key: KeyPair) -> Networks:
    """The networks, closed but for what the table of flows opens."""
    pair = _network_pair(settings, providers, logs_key)
    recovery = _recovery_network(settings, providers, logs_key)
    return Networks(
        pair=pair,
        recovery=recovery,
        aws_access=_aws_access(settings, providers, pair),
        gcp_access=_gcp_access(settings, providers, pair),
        recovery_access=_recovery_access(settings, providers, recovery) if recovery else None,
    )


def _network_pair(settings: Settings, providers: Providers, logs_key: KeyPair) -> NetworkPair:
    return NetworkPair(
        "network",
        NetworkPairArgs(
            internal_domain=internal_domain(settings),
            aws=_aws_network(settings, logs_key),
            gcp=_gcp_network(settings) if settings.gcp.enabled else None,
            link=_link(settings),
        ),
        providers.options(),
    )


def _aws_network(settings: Settings, logs_key: KeyPair) -> AwsNetworkArgs:
    half = settings.network.aws
    return AwsNetworkArgs(
        account_id=settings.aws.account_id,
        region=settings.aws.region,
        zones=settings.aws.zones,
        cidr=half.cidr,
        nat=half.nat,
        interface_endpoints=half.interface_endpoints,
        flow_log_retention_days=half.flow_log_retention_days,
        logs_key_arn=logs_key.aws_key_arn,
    )


def _recovery_network(settings: Settings, providers: Providers, logs_key: KeyPair) -> AwsNetwork | None:
    region, half = settings.aws.recovery, settings.network.recovery
    if region is None or half is None or logs_key.aws_replica_key_arn is None:
        return None
    return AwsNetwork(
        "network-recovery",
        AwsNetworkArgs(
            account_id=settings.aws.account_id,
            region=region.region,
            zones=region.zones,
            cidr=half.cidr,
            nat=half.nat,
            interface_endpoints=half.interface_endpoints,
            flow_log_retention_days=half.flow_log_retention_days,
            logs_key_arn=logs_key.aws_replica_key_arn,
        ),
        providers.recovery_options(),
    )


def _gcp_network(settings: Settings) -> GcpNetworkArgs:
    half = settings.network.gcp
    return GcpNetworkArgs(
        project_id=settings.gcp.project_id,
        region=settings.gcp.region,
        nodes=half.nodes,
        pods=half.pods,
        services=half.services,
        control_plane=half.control_plane,
        serverless=half.serverless,
        resolver=half.resolver,
        proxies=half.proxies,
        pipelines=half.pipelines,
        managed_services=half.managed_services,
        flow_log_sampling=half.flow_log_sampling,
    )


def _link(settings: Settings) -> LinkArgs | None:
    link = settings.network.link
    transport = _transport(link)
    if not settings.gcp.enabled or transport is None:
        return None
    return LinkArgs(aws_asn=link.aws_asn, gcp_asn=link.gcp_asn, transport=transport)


def _transport(link: Link) -> Tunnels | Circuits | None:
    if link.transport == "none":
        return None
    if link.transport == "vpn" or link.interconnect is None:
        return Tunnels(cidrs=link.tunnel_cidrs)
    return Circuits(
        direct_connect_asn=link.interconnect.direct_connect_asn,
        bandwidth_mbps=link.interconnect.bandwidth_mbps,
        paths={
            name: InterconnectPath(
                interconnect=path.interconnect, connection_id=path.connection_id, vlan=path.vlan, cidr=path.cidr
            )
            for name, path in link.interconnect.paths.items()
        },
    )


def _aws_access(settings: Settings, providers: Providers, pair: NetworkPair) -> AwsAccess:
    return AwsAccess(
        "access",
        AwsAccessArgs(
            vpc_id=pair.vpc_id,
            parties=access.aws_parties(settings),
            ranges=access.address_ranges(settings),
            flows=access.flows(settings),
            prefix_lists={access.CLOUDFRONT: settings.edge.origin_prefix_list},
        ),
        providers.options(),
    )


def _recovery_access(settings: Settings, providers: Providers, recovery: AwsNetwork) -> AwsAccess:
    return AwsAccess(
        "access-recovery",
        AwsAccessArgs(
            vpc_id=recovery.vpc_id,
            parties=access.recovery_parties(settings),
            ranges=access.recovery_ranges(),
            flows=access.recovery_flows(settings),
            prefix_lists={access.CLOUDFRONT: settings.edge.recovery_origin_prefix_list}
            if settings.edge.recovery_origin_prefix_list
            else {},
        ),
        providers.recovery_options(),
    )


def _gcp_access(settings: Settings, providers: Providers, pair: NetworkPair) -> GcpAccess | None:
    if pair.network_id is None:
        return None
    return GcpAccess(
        "firewall",
        GcpAccessArgs(
            network_id=pair.network_id,
            parties=access.gcp_parties(settings),
            ranges=access.address_ranges(settings),
            flows=access.flows(settings),
            untagged=[access.PIPELINES],
        ),
        providers.options(),
    )
