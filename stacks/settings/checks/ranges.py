"""Address ranges against each other, and against what the clouds keep for themselves."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import combinations

from stacks.settings.checks.draft import mistake
from stacks.settings.display import written
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
SHARED = IPv4Network("100.64.0.0/10")
CLOUD_SQL_BRIDGE = IPv4Network("172.17.0.0/16")
LINK_LOCAL = IPv4Network("169.254.0.0/16")
RESERVED_BY_AWS = (
    *(IPv4Network(f"169.254.{third}.0/30") for third in range(6)),
    IPv4Network("169.254.169.252/30"),
)


def no_two_ranges_overlap(settings: Settings) -> Iterator[Mistake]:
    """Routes between overlapping ranges can't exist, and a range can't be moved once it is in use."""
    yield from _overlaps(settings.network.ranges(), "a free private range")


def no_two_link_ranges_overlap(settings: Settings) -> Iterator[Mistake]:
    """Two BGP sessions over one pair of addresses can't both come up."""
    yield from _overlaps(settings.network.link_ranges(), "a free range within 169.254.0.0/16")


def _overlaps(ranges: Mapping[str, IPv4Network], free: str) -> Iterator[Mistake]:
    for (first, taken), (second, network) in combinations(ranges.items(), 2):
        if network.overlaps(taken):
            yield _at(
                second,
                network,
                reason=f"It overlaps {taken}, the range of {_path(first)}: packets for one would reach the other.",
                cure=f"write {free}, here or there",
            )


def ranges_are_private(settings: Settings) -> Iterator[Mistake]:
    """Public addresses in a private network cut it off from their real owners."""
    for key, network in settings.network.ranges().items():
        # EKS takes its service range from the three old private blocks alone.
        allowed = PRIVATE if key.endswith("kubernetes_services") else (*PRIVATE, SHARED)
        if not any(network.subnet_of(block) for block in allowed):
            blocks = ", ".join(map(str, allowed))
            yield _at(
                key,
                network,
                reason="The range is not private: its addresses belong to others, who could not be reached.",
                cure=f"write a range within {blocks}",
            )


def ranges_avoid_the_bridge_of_cloud_sql(settings: Settings) -> Iterator[Mistake]:
    """Cloud SQL answers addresses of its inner bridge itself."""
    for key, network in settings.network.ranges().items():
        if network.overlaps(CLOUD_SQL_BRIDGE):
            yield _at(
                key,
                network,
                reason=f"It touches {CLOUD_SQL_BRIDGE}, which Cloud SQL uses inside: its answers would not come back.",
                cure=f"write a range outside {CLOUD_SQL_BRIDGE}",
            )


def link_ranges_are_free_link_local(settings: Settings) -> Iterator[Mistake]:
    """Both clouds take link-local addresses for BGP, and AWS keeps some of them."""
    for key, network in settings.network.link_ranges().items():
        if not network.subnet_of(LINK_LOCAL):
            yield _at(
                key,
                network,
                reason="Both clouds take only link-local addresses inside the link.",
                cure=f"write a range within {LINK_LOCAL}",
            )
        for reserved in RESERVED_BY_AWS:
            if network.overlaps(reserved):
                yield _at(
                    key,
                    network,
                    reason=f"AWS keeps {reserved} for itself and refuses the connection.",
                    cure="write a range from 169.254.8.0 on, other than 169.254.169.252/30",
                )


def every_router_has_a_number_of_its_own(settings: Settings) -> Iterator[Mistake]:
    """BGP between clouds is external: a router drops routes that carry its own number."""
    link = settings.network.link
    numbers: dict[tuple[str, ...], int] = {("aws_asn",): link.aws_asn, ("gcp_asn",): link.gcp_asn}
    if link.interconnect is not None:
        numbers["interconnect", "direct_connect_asn"] = link.interconnect.direct_connect_asn
    for (first, taken), (second, asn) in combinations(numbers.items(), 2):
        if asn == taken:
            yield mistake(
                *("network", "link", *second),
                value=asn,
                reason=f"{_path('link.' + '.'.join(first))} has this BGP number too: each would drop the other's routes"
                " as its own.",
                cure="write another number from 64512 to 65534 on one side",
            )


def _at(key: str, network: IPv4Network, reason: str, cure: str) -> Mistake:
    return Mistake(path=_path(key), value=str(network), reason=reason, cure=cure)


def _path(key: str) -> str:
    return f"{written(('network',))}.{key}"


CHECKS = (
    no_two_ranges_overlap,
    no_two_link_ranges_overlap,
    ranges_are_private,
    ranges_avoid_the_bridge_of_cloud_sql,
    link_ranges_are_free_link_local,
    every_router_has_a_number_of_its_own,
)
