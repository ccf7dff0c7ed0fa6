"""What the links between the clouds have in common, whatever carries them: BGP between two private networks."""

from collections.abc import Mapping
from ipaddress import IPv4Network

import pulumi_gcp as gcp

PRIVATE_ASNS = (range(64_512, 65_535), range(4_200_000_000, 4_294_967_295))
"""The numbers that both clouds take for a network that is not on the internet (RFC 6996)."""

LINK_LOCAL = IPv4Network("169.254.0.0/16")
"""Where both clouds want the addresses of BGP sessions."""

ROUTE_PRIORITY = 100
"""One for all sessions of a link, so that traffic spreads over them; any other would make some of them spares."""


def check_asns(aws: int, google: int) -> None:
    """Raise ValueError unless both numbers are private and differ: BGP drops routes that carry its own number."""
    for cloud, asn in (("AWS", aws), ("Google Cloud", google)):
        if not any(asn in numbers for numbers in PRIVATE_ASNS):
            raise ValueError(f"ASN {asn} of {cloud} is not private: write 64512-65534 or 4200000000-4294967294")
    if aws == google:
        raise ValueError(f"both clouds have ASN {aws}, so each would drop the other's routes: write two numbers")


def advertisements(ranges: Mapping[str, IPv4Network]) -> list[gcp.compute.RouterPeerAdvertisedIpRangeArgs]:
    """What a session advertises beside all subnets, described by the key of each range."""
    return [
        gcp.compute.RouterPeerAdvertisedIpRangeArgs(range=str(cidr), description=key) for key, cidr in ranges.items()
    ]
