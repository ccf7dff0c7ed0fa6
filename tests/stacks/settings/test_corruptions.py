"""Any valid settings are taken, and any single mistake in them is named by its key."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import sampled_from

from stacks.settings import SettingsError, load
from tests.stacks.settings import strategies
from tests.stacks.settings.strategies import PEM, Corruption, Raw, path, put, range_location

# Reproducible, and a bounded share of the suite's time.
few = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def mistakes(raw: Raw) -> SettingsError:
    with pytest.raises(SettingsError) as error:
        load("staging", raw)
    return error.value


def assert_named(corruption: Corruption) -> SettingsError:
    error = mistakes(corruption.raw)
    paths = [mistake.path for mistake in error.mistakes]
    assert corruption.path in paths, f"the spoilt key has to be among the reported ones: {paths}"
    return error


@few
@given(strategies.raw_settings())
def test_settings_that_are_valid_by_construction_are_taken_with_ranges_that_do_not_overlap(raw: Raw) -> None:
    loaded = load(raw["environment"]["name"], raw)
    assert dict(loaded.network.ranges()) == strategies.ranges_of(raw), "every range counts, none is left out"
    for (first, one), (second, other) in combinations(loaded.network.ranges().items(), 2):
        assert not one.overlaps(other), f"{first} and {second} share addresses, so no route can tell them apart"


@few
@given(strategies.raw_settings(), strategies.careless_networks())
def test_ranges_drawn_at_random_are_taken_exactly_when_no_two_overlap(raw: Raw, ranges: dict[str, IPv4Network]) -> None:
    for key in strategies.ranges_of(raw):
        raw = put(raw, range_location(key), str(ranges[key]))
    pairs = combinations(strategies.ranges_of(raw).values(), 2)
    collide = any(one.overlaps(other) for one, other in pairs)
    if not collide:
        load(raw["environment"]["name"], raw)
        return
    with pytest.raises(SettingsError):
        load(raw["environment"]["name"], raw)


@few
@given(strategies.removed_keys())
def test_a_removed_key_is_named(corruption: Corruption) -> None:
    assert_named(corruption)


@few
@given(strategies.wrong_types())
def test_a_value_of_the_wrong_type_is_named(corruption: Corruption) -> None:
    assert_named(corruption)


@few
@given(strategies.extra_keys())
def test_a_key_that_nothing_reads_is_named(corruption: Corruption) -> None:
    assert_named(corruption)


@few
@given(strategies.out_of_range_numbers())
def test_a_number_out_of_range_is_named(corruption: Corruption) -> None:
    assert_named(corruption)


@few
@given(strategies.overlapping_ranges())
def test_both_keys_of_an_overlap_are_named(corruption: Corruption) -> None:
    error = mistakes(corruption.raw)
    named = [f"{mistake.path} {mistake.reason}" for mistake in error.mistakes]
    assert any(corruption.path in text and corruption.also in text for text in named), named


@few
@given(strategies.foreign_zones())
def test_a_zone_of_another_region_is_named(corruption: Corruption) -> None:
    assert_named(corruption)


@few
@given(strategies.plain_credentials())
def test_a_credential_in_plain_text_is_named_and_never_shown(corruption: Corruption) -> None:
    error = assert_named(corruption)
    assert "MIIEpAIBAAKCAQEA" not in str(error) + repr(error.mistakes), "an error message ends up in a log"


@few
@given(strategies.raw_settings(), sampled_from(strategies.EXTERNAL))
def test_an_external_secret_in_plain_text_is_named_and_never_shown(raw: Raw, name: str) -> None:
    spoilt = put(raw, ("secrets", "external", name), PEM)
    with pytest.raises(SettingsError) as error:
        load(raw["environment"]["name"], spoilt, plain_text=[name])
    assert [mistake.path for mistake in error.value.mistakes] == [path(("secrets", "external", name))]
    assert "MIIEpAIBAAKCAQEA" not in str(error.value) + repr(error.value.mistakes)
