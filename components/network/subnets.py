"""Plans the subnets of a VPC from its range: pure arithmetic, no resources."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

ZONE_SLOTS = tuple("abcdefgh")
"""A zone's block is chosen by the letter of its name, so that it stays where it is whatever other zones do."""


@dataclass(frozen=True, kw_only=True)
class ZoneSubnets:
    """The ranges of one availability zone, disjoint and inside the zone's eighth of the VPC."""

    private: IPv4Network
    """Half of the zone: tasks, instances, pods."""
    public: IPv4Network
    """An eighth of the zone: load balancers and NAT gateways."""
    database: IPv4Network
    """An eighth of the zone: managed databases and caches, without a way to the internet."""
    transit: IPv4Network
    """1/128 of the zone: Transit Gateway attachments, apart so that routing to them is theirs alone."""


def plan_zone(cidr: IPv4Network, zone: str) -> ZoneSubnets:
    """The subnets of `zone` (such as `us-east-1b`) in a VPC of /16 to /18.

    A /16 gives a zone 8,192 addresses: private /20, public and database /22 each, transit /26; an eighth stays free.
    Raises ValueError for a zone whose letter has no slot and for a VPC too small to hold eight zones.
    """
    letter = zone[-1:]
    if letter not in ZONE_SLOTS:
        raise ValueError(f"zone {zone!r} ends in none of {', '.join(ZONE_SLOTS)}: it has no block in the VPC")
    if not 16 <= cidr.prefixlen <= 18:
        raise ValueError(f"{cidr} is not between /16 and /18: AWS takes no larger VPC, eight zones no smaller one")
    block = list(cidr.subnets(prefixlen_diff=3))[ZONE_SLOTS.index(letter)]
    private, rest = block.subnets(prefixlen_diff=1)
    public, database, reserve, _free = rest.subnets(prefixlen_diff=2)
    transit = next(reserve.subnets(new_prefix=block.prefixlen + 7))
    return ZoneSubnets(private=private, public=public, database=database, transit=transit)


def plan(cidr: IPv4Network, zones: Sequence[str]) -> dict[str, ZoneSubnets]:
    """The subnets of every zone, keyed by zone, in the order given."""
    return {zone: plan_zone(cidr, zone) for zone in zones}
