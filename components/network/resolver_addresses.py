"""Plans where each cloud answers questions of the other: pure arithmetic, no resources.

Both clouds would choose an address themselves; then neither could be told the other's before both are deployed.
"""

from ipaddress import IPv4Address, IPv4Network
from itertools import islice

AWS_RESERVATION = 28
"""The smallest block that AWS keeps free in a subnet."""


def reserved(subnet: IPv4Network) -> IPv4Network:
    """The block of a subnet, its last, that the two resolver endpoints of Route 53 share."""
    return list(subnet.subnets(new_prefix=AWS_RESERVATION))[-1]


def inbound(subnet: IPv4Network) -> IPv4Address:
    """Where Route 53 answers in this subnet."""
    return reserved(subnet)[1]


def outbound(subnet: IPv4Network) -> IPv4Address:
    """Where Route 53 asks from in this subnet."""
    return reserved(subnet)[2]


def cloud_dns(subnet: IPv4Network) -> IPv4Address:
    """Where Cloud DNS answers in a /29: the first of the four addresses that Google does not keep for itself."""
    return subnet[2]


def held(subnet: IPv4Network) -> list[IPv4Address]:
    """The other three, which have to be taken so that Cloud DNS can take only the first."""
    return list(islice(subnet, 3, 6))
