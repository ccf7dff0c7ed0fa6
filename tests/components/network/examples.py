"""Arguments that the tests of the network share: two clouds whose ranges do not touch."""

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from components.network.aws_network import AwsNetworkArgs
from components.network.gcp_network import GcpNetworkArgs
from components.network.interconnect_link import InterconnectPath
from components.network.network_pair import Circuits, LinkArgs, NetworkPairArgs, Tunnels

ZONES = ("us-east-1a", "us-east-1b", "us-east-1d")
KEY = "arn:aws:kms:us-east-1:123456789012:key/logs"
DOMAIN = "internal.example.com"

AWS = AwsNetworkArgs(
    account_id="123456789012",
    region="us-east-1",
    zones=ZONES,
    cidr=IPv4Network("10.0.0.0/16"),
    nat="per_zone",
    interface_endpoints=("ecr.api", "secretsmanager"),
    flow_log_retention_days=90,
    logs_key_arn=KEY,
)

GCP = GcpNetworkArgs(
    project_id="example-project",
    region="us-east4",
    nodes=IPv4Network("10.2.0.0/20"),
    pods=IPv4Network("10.4.0.0/14"),
    services=IPv4Network("10.3.0.0/20"),
    control_plane=IPv4Network("10.2.17.0/28"),
    serverless=IPv4Network("10.2.16.0/24"),
    resolver=IPv4Network("10.2.17.16/29"),
    proxies=IPv4Network("10.2.18.0/23"),
    pipelines=IPv4Network("10.2.17.32/28"),
    managed_services=IPv4Network("10.2.32.0/20"),
    flow_log_sampling=0.25,
)

LINK = LinkArgs(
    aws_asn=64512,
    gcp_asn=65010,
    transport=Tunnels(cidrs=[IPv4Network(f"169.254.{third}.0/30") for third in (10, 11, 12, 13)]),
)

CIRCUITS = Circuits(
    direct_connect_asn=64600,
    bandwidth_mbps=10_000,
    paths={
        key: InterconnectPath(
            interconnect=f"projects/example-project/global/interconnects/{key}",
            connection_id=f"dxcon-{key}",
            vlan=100,
            cidr=IPv4Network(cidr),
        )
        for key, cidr in (("zone1", "169.254.100.0/29"), ("zone2", "169.254.100.8/29"))
    },
)

PAIR = NetworkPairArgs(internal_domain=DOMAIN, aws=AWS, gcp=GCP, link=LINK)


def aws_args(**changes: Any) -> AwsNetworkArgs:
    """The AWS half with some fields changed."""
    return replace(AWS, **changes)


def gcp_args(**changes: Any) -> GcpNetworkArgs:
    """The Google Cloud half with some fields changed."""
    return replace(GCP, **changes)


def pair_args(**changes: Any) -> NetworkPairArgs:
    """Both halves and the link with some fields changed."""
    return replace(PAIR, **changes)
