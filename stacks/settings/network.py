"""Address ranges of both clouds, the link between them, and the ways in for people."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from stacks.settings.section import Number, Prefix, Section, Unique

FlowLogDays = Annotated[
    Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
    Number,
]

InterfaceEndpoint = Literal[
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "events",
    "execute-api",
    "kinesis-streams",
    "kms",
    "logs",
    "monitoring",
    "rds",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "sts",
    "xray",
]

TWO_BYTE_PRIVATE_ASNS = range(64512, 65535)
FOUR_BYTE_PRIVATE_ASNS = range(4_200_000_000, 4_294_967_295)


def _private_asn(asn: int) -> int:
    if asn not in TWO_BYTE_PRIVATE_ASNS and asn not in FOUR_BYTE_PRIVATE_ASNS:
        raise ValueError("only private numbers are accepted on both sides: 64512-65534 or 4200000000-4294967294")
    return asn


PrivateAsn = Annotated[int, Field(ge=64512, le=4_294_967_294, examples=[64512]), AfterValidator(_private_asn)]
CertificateArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]{36}$",
        examples=["arn:aws:acm:us-east-1:123456789012:certificate/6b1d3d52-6c0e-4a63-9d0e-1f5b2f1d7c11"],
    ),
]


class AwsNetwork(Section):
    """One VPC: its range, from which the subnets derive, and what costs money in it."""

    cidr: Annotated[IPv4Network, Prefix(16, 16, "10.0.0.0/16")]
    """The VPC's range, a /16; every subnet is cut from it."""
    nat: Literal["per_zone", "single"]
    """NAT gateways: one in each zone, or one for all, which is cheaper and fails with its zone."""
    interface_endpoints: Annotated[tuple[InterfaceEndpoint, ...], *Unique]
    """AWS services reached by a private address; each costs by the hour and zone, so only those in use."""
    kubernetes_services: Annotated[IPv4Network, Prefix(12, 24, "10.9.0.0/20")]
    """The service range of the Kubernetes cluster, /12 to /24, outside the VPC's own."""
    flow_log_retention_days: FlowLogDays
    """Days that flow logs are kept; CloudWatch takes only certain numbers."""


class GcpNetwork(Section):
    """The ranges of the Google Cloud network."""

    nodes: Annotated[IPv4Network, Prefix(16, 26, "10.2.0.0/20")]
    """Subnet of nodes and other machines, /16 to /26."""
    pods: Annotated[IPv4Network, Prefix(9, 21, "10.4.0.0/14")]
    """Secondary range of the pods, /9 to /21: each node takes a /24 of it."""
    services: Annotated[IPv4Network, Prefix(16, 27, "10.3.0.0/20")]
    """Secondary range of the Kubernetes services, /16 to /27."""
    control_plane: Annotated[IPv4Network, Prefix(28, 28, "10.2.17.0/28")]
    """Range of the cluster's control plane; GKE takes a /28 and nothing else."""
    managed_services: Annotated[IPv4Network, Prefix(16, 24, "10.2.32.0/20")]
    """Range of Google's managed databases and caches, reached over a peering, /16 to /24."""
    serverless: Annotated[IPv4Network, Prefix(20, 26, "10.2.16.0/24")]
    """Subnet from which Cloud Run gets out, /20 to /26; each instance takes several addresses while it is replaced."""
    resolver: Annotated[IPv4Network, Prefix(29, 29, "10.2.17.16/29")]
    """Subnet of the one address at which Cloud DNS answers the other cloud, a /29."""
    proxies: Annotated[IPv4Network, Prefix(20, 26, "10.2.18.0/23")]
    """Subnet of the proxies of internal load balancers, /20 to /26; Google recommends a /23."""
    pipelines: Annotated[IPv4Network, Prefix(24, 28, "10.2.17.32/28")]
    """Subnet from which Google's data pipelines connect to databases, /24 to /28; each takes a few addresses."""
    flow_log_sampling: Annotated[float, Field(ge=0, le=1)]
    """Share of the flows that are logged, 0 to 1; logs cost by volume."""


class InterconnectPath(Section):
    """One circuit between the clouds, ordered from both and plugged together before it is written here."""

    interconnect: Annotated[
        str,
        Field(
            pattern=r"^(https://www\.googleapis\.com/compute/v1/)?projects/[a-z0-9-]+/global/interconnects/[a-z0-9-]+$",
            examples=["projects/elson-production/global/interconnects/iad-zone1"],
        ),
    ]
    """The self link of Google's interconnect."""
    connection_id: Annotated[str, Field(pattern=r"^dx(con|lag)-[a-z0-9]{8,17}$", examples=["dxcon-fg5678gh"])]
    """The Direct Connect connection or link aggregation group at its other end."""
    vlan: Annotated[int, Field(ge=2, le=4094)]
    """VLAN tag of the link on this circuit, 2 to 4094, the same at both ends."""
    cidr: Annotated[IPv4Network, Prefix(29, 29, "169.254.100.0/29")]
    """The link-local /29 in which the two routers talk BGP."""


class Interconnect(Section):
    """Private circuits in place of the tunnels over the internet."""

    bandwidth_mbps: Literal[50, 100, 200, 300, 400, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 400_000]
    """What each path may carry, in Mbit/s, in the steps that Google sells; each path has to bear all alone."""
    direct_connect_asn: PrivateAsn
    """BGP number of the Direct Connect gateway, 64512-65534 or 4200000000-4294967294; a third one."""
    paths: Annotated[
        Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,18}[a-z0-9]$", examples=["iad-1"])], InterconnectPath],
        Field(min_length=2, max_length=8),
    ]
    """The circuits by a name that stays; two at least, since maintenance takes one at a time."""


class Link(Section):
    """The private link between the clouds."""

    transport: Literal["none", "vpn", "interconnect"]
    """What carries the link: nothing, four VPN tunnels over the internet, or private circuits."""
    aws_asn: PrivateAsn
    """BGP number of the AWS side, 64512-65534 or 4200000000-4294967294."""
    gcp_asn: PrivateAsn
    """BGP number of the Google Cloud side, another one than that of AWS."""
    tunnel_cidrs: Annotated[
        tuple[Annotated[IPv4Network, Prefix(30, 30, "169.254.10.0/30")], ...],
        Field(min_length=4, max_length=4),
        *Unique,
    ]
    """The /30 inside each of the four tunnels, within 169.254.0.0/16."""
    interconnect: Interconnect | None
    """The private circuits, or null where the transport is another."""


class ClientVpn(Section):
    """A certificate VPN into the VPC for people."""

    cidr: Annotated[IPv4Network, Prefix(12, 22, "10.8.0.0/22")]
    """Range that clients get their addresses from, /12 to /22."""
    server_certificate_arn: CertificateArn
    """The certificate that the VPN shows to clients."""
    client_root_certificate_arn: CertificateArn
    """The authority that signed the clients' certificates."""
    session_hours: Literal[8, 10, 12, 24]
    """Hours after which a client has to connect anew."""


class Bastion(Section):
    """A small machine in each cloud without a public address: a way to databases and cluster APIs."""

    aws_instance_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*g[a-z]*\.[a-z0-9]+$", examples=["t4g.micro"])]
    """Size of the machine on AWS, of an ARM family."""
    gcp_machine_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*-[a-z0-9-]+$", examples=["e2-micro"])]
    """Size of the machine on Google Cloud."""
    gcp_image: Annotated[
        str,
        Field(
            pattern=r"^projects/[a-z0-9-]+/global/images/(family/)?[a-z0-9-]+$",
            examples=["projects/debian-cloud/global/images/family/debian-12"],
        ),
    ]
    """Image, or family of images, that the machine on Google Cloud starts from."""


class Access(Section):
    """Ways in for people; none of them is SSH from the internet."""

    bastion: Bastion | None
    """The machines that administrators look around from, or null."""
    client_vpn: ClientVpn | None
    """The certificate VPN, or null. Its endpoint costs by the hour."""


class Network(Section):
    """All address ranges in one place, so that they can be compared."""

    aws: AwsNetwork
    """The VPC of the primary region."""
    recovery: AwsNetwork | None
    """The VPC of the recovery region, or null where there is none."""
    gcp: GcpNetwork
    """The network of the standby half. Its ranges stay reserved where the half is switched off."""
    link: Link
    """The private link between the clouds."""
    access: Access
    """Ways in for people."""

    def ranges(self) -> Mapping[str, IPv4Network]:
        """Every private range by the key that sets it; no two of them may overlap."""
        return {key: network for key in RANGES if (network := _reached(self, key)) is not None}

    def link_ranges(self) -> Mapping[str, IPv4Network]:
        """Every link-local range of the link by the key that sets it."""
        ranges = {f"link.tunnel_cidrs[{place}]": cidr for place, cidr in enumerate(self.link.tunnel_cidrs)}
        if self.link.interconnect is not None:
            for name, path in self.link.interconnect.paths.items():
                ranges[f"link.interconnect.paths.{name}.cidr"] = path.cidr
        return ranges


RANGES = (
    "aws.cidr",
    "aws.kubernetes_services",
    "recovery.cidr",
    "recovery.kubernetes_services",
    "gcp.nodes",
    "gcp.pods",
    "gcp.services",
    "gcp.control_plane",
    "gcp.managed_services",
    "gcp.serverless",
    "gcp.resolver",
    "gcp.proxies",
    "gcp.pipelines",
    "access.client_vpn.cidr",
)
"""The keys of all private ranges."""


def _reached(network: Network, key: str) -> IPv4Network | None:
    """The range at a key; None where a part of the way is null, or not valid in settings that are being checked."""
    found: Any = network
    for name in key.split("."):
        found = getattr(found, name, None)
    return found
