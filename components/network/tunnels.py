"""The four tunnels between the clouds as data: which ends meet, which ranges they may use, what they propose."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi_gcp as gcp

from components.network import bgp

RESERVED_CIDRS = tuple(
    IPv4Network(cidr)
    for cidr in (
        "169.254.0.0/30",
        "169.254.1.0/30",
        "169.254.2.0/30",
        "169.254.3.0/30",
        "169.254.4.0/30",
        "169.254.5.0/30",
        "169.254.169.252/30",
    )
)
"""What AWS keeps for itself; the last holds the metadata server of both clouds."""


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """One tunnel: which end on AWS meets which end on Google Cloud."""

    connection: Literal["a", "b"]
    """The VPN connection on AWS."""
    number: Literal[1, 2]
    """The tunnel within the connection."""
    google_interface: int
    """The interface of the HA VPN gateway."""
    aws_interface: int
    """The interface of AWS as Google Cloud counts them."""

    @property
    def key(self) -> str:
        """The stable name of the tunnel, such as `a1`."""
        return f"{self.connection}{self.number}"


TUNNELS = (
    Tunnel(connection="a", number=1, google_interface=0, aws_interface=0),
    Tunnel(connection="a", number=2, google_interface=0, aws_interface=1),
    Tunnel(connection="b", number=1, google_interface=1, aws_interface=2),
    Tunnel(connection="b", number=2, google_interface=1, aws_interface=3),
)
"""Each Google interface in two tunnels: with less than these four, Google's 99.99% does not hold."""


def check_cidrs(cidrs: Sequence[IPv4Network]) -> None:
    """Raise ValueError unless these are four different /30 that AWS takes for the inside of a tunnel."""
    if len(cidrs) != len(TUNNELS) or len(set(cidrs)) != len(cidrs):
        given = ", ".join(map(str, cidrs)) or "none"
        raise ValueError(f"tunnel ranges {given}: a link of four tunnels needs four different ones")
    for cidr in cidrs:
        if cidr.prefixlen != 30 or not cidr.subnet_of(bgp.LINK_LOCAL):
            raise ValueError(f"tunnel range {cidr} is no /30 of {bgp.LINK_LOCAL}: AWS takes nothing else")
        if cidr in RESERVED_CIDRS:
            raise ValueError(f"tunnel range {cidr} is kept by AWS: write another /30 of {bgp.LINK_LOCAL}")


def aws_proposal() -> dict[str, list[str] | list[int]]:
    """The one proposal for both phases, as options of a tunnel on AWS.

    One value a list: the many that AWS proposes by default make an IKE packet that has to be fragmented, and Cloud VPN
    drops fragments of IKE. Such a tunnel comes up, and dies hours later when its keys are renewed.
    """
    return {
        "ike_versions": ["ikev2"],
        "phase1_encryption_algorithms": ["AES256"],
        "phase1_integrity_algorithms": ["SHA2-256"],
        "phase1_dh_group_numbers": [14],
        "phase2_encryption_algorithms": ["AES256"],
        "phase2_integrity_algorithms": ["SHA2-256"],
        "phase2_dh_group_numbers": [14],
    }


def google_proposal() -> gcp.compute.VPNTunnelCipherSuiteArgs:
    """The same proposal in the words of Google Cloud, which names the pseudo-random function besides."""
    return gcp.compute.VPNTunnelCipherSuiteArgs(
        phase1=gcp.compute.VPNTunnelCipherSuitePhase1Args(
            encryptions=["AES-CBC-256"],
            integrities=["HMAC-SHA2-256-128"],
            prves=["PRF-HMAC-SHA2-256"],
            dhs=["Group-14"],
        ),
        phase2=gcp.compute.VPNTunnelCipherSuitePhase2Args(
            encryptions=["AES-CBC-256"],
            integrities=["HMAC-SHA2-256-128"],
            pfs=["Group-14"],
        ),
    )
