"""The planner of subnets: what holds for every VPC and every choice of zones."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.network import subnets
from components.network.subnets import ZONE_SLOTS, ZoneSubnets

PRIVATE_SPACE = int(IPv4Network("10.0.0.0/8").network_address)

vpcs = st.integers(16, 18).flatmap(
    lambda prefix: st.integers(0, 2 ** (prefix - 8) - 1).map(
        lambda index: IPv4Network((PRIVATE_SPACE + index * 2 ** (32 - prefix), prefix))
    )
)
zones = st.lists(st.sampled_from(ZONE_SLOTS), min_size=1, unique=True).map(
    lambda letters: [f"us-east-1{letter}" for letter in letters]
)


def blocks(plan: dict[str, ZoneSubnets]) -> list[IPv4Network]:
    return [cidr for zone in plan.values() for cidr in (zone.private, zone.public, zone.database, zone.transit)]


@given(vpcs, zones, zones)
def test_a_zone_keeps_its_blocks_whatever_other_zones_do(cidr: IPv4Network, before: list[str], after: list[str]):
    old, new = subnets.plan(cidr, before), subnets.plan(cidr, after)
    moved = {zone for zone in old.keys() & new.keys() if old[zone] != new[zone]}
    assert moved == set(), "a moved subnet is replaced together with everything in it"


@given(vpcs, zones)
def test_blocks_are_disjoint_and_inside_the_vpc(cidr: IPv4Network, names: list[str]):
    planned = blocks(subnets.plan(cidr, names))
    assert [block for block in planned if not block.subnet_of(cidr)] == [], "AWS takes no subnet outside its VPC"
    assert [pair for pair in combinations(planned, 2) if pair[0].overlaps(pair[1])] == [], "AWS takes no overlap"


@given(vpcs, zones)
def test_every_block_has_a_size_that_aws_takes(cidr: IPv4Network, names: list[str]):
    assert {block.prefixlen for block in blocks(subnets.plan(cidr, names))} <= set(range(16, 29))


@given(vpcs, zones)
def test_an_eighth_of_every_zone_stays_free(cidr: IPv4Network, names: list[str]):
    for zone in subnets.plan(cidr, names).values():
        used = sum(block.num_addresses for block in (zone.private, zone.public, zone.database))
        assert used * 8 == cidr.num_addresses // 8 * 6, "private is a half, public and database are an eighth each"


def test_the_plan_keeps_the_order_of_the_zones():
    assert list(subnets.plan(IPv4Network("10.0.0.0/16"), ["us-east-1c", "us-east-1a"])) == ["us-east-1c", "us-east-1a"]


def test_a_deployed_plan_never_changes():
    assert subnets.plan_zone(IPv4Network("10.0.0.0/16"), "us-east-1b") == ZoneSubnets(
        private=IPv4Network("10.0.32.0/20"),
        public=IPv4Network("10.0.48.0/22"),
        database=IPv4Network("10.0.52.0/22"),
        transit=IPv4Network("10.0.56.0/26"),
    ), "these ranges are deployed: another arithmetic replaces every subnet"


@pytest.mark.parametrize("zone", ["us-east-1i", "us-east-1", ""])
def test_a_zone_without_a_slot_is_refused_by_name(zone: str):
    with pytest.raises(ValueError, match=f"zone '{zone}' ends in none of"):
        subnets.plan_zone(IPv4Network("10.0.0.0/16"), zone)


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/19"])
def test_a_vpc_that_aws_or_eight_zones_do_not_fit_is_refused(cidr: str):
    with pytest.raises(ValueError, match=f"{cidr} is not between /16 and /18"):
        subnets.plan_zone(IPv4Network(cidr), "us-east-1a")
