"""Physical names are legal for what carries them, or refused before anything is built."""

import re
from collections.abc import Callable

import pytest

from components import naming
from components.naming import Carrier, IllegalNameError, physical_name


def test_parts_are_joined_by_hyphens() -> None:
    assert physical_name(Carrier.TARGET_GROUP, "elson", "prd", "backend-api") == "elson-prd-backend-api"


@pytest.mark.parametrize("carrier", Carrier)
def test_a_carrier_takes_its_longest_name_and_no_character_more(carrier: Carrier) -> None:
    assert physical_name(carrier, "a" * carrier.longest) == "a" * carrier.longest
    with pytest.raises(IllegalNameError, match=str(carrier.longest)):
        physical_name(carrier, "a" * (carrier.longest + 1))


@pytest.mark.parametrize("carrier", [carrier for carrier in Carrier if carrier.shortest > 1])
def test_a_carrier_refuses_a_name_that_is_too_short(carrier: Carrier) -> None:
    with pytest.raises(IllegalNameError, match=f"needs {carrier.shortest}"):
        physical_name(carrier, "a" * (carrier.shortest - 1))


@pytest.mark.parametrize("carrier", Carrier)
def test_a_carrier_refuses_characters_that_it_does_not_take(carrier: Carrier) -> None:
    with pytest.raises(IllegalNameError, match="characters that"):
        physical_name(carrier, "naïve name")


@pytest.mark.parametrize(
    ("name", "formed"),
    [
        ("elson-prd-internal", lambda: naming.load_balancer("elson", "production", "internal")),
        ("elson-prd-backend-api-green", lambda: naming.target_group("elson", "production", "backend-api", "green")),
        ("elson-stg-backend-api-task", lambda: naming.task_role("elson", "staging", "backend-api", "task")),
        ("elson-dev-backend-api", lambda: naming.service_account("elson", "development", "backend-api")),
        ("elson-prd-websocket-blue", lambda: naming.cloud_run_service("elson", "production", "websocket", "blue")),
        ("elson-prd-frontend", lambda: naming.firebase_site("elson", "production", "frontend")),
        ("trading-engine-green", lambda: naming.kubernetes_workload("trading-engine", "green")),
    ],
)
def test_a_name_says_project_environment_and_service(name: str, formed: Callable[[], str]) -> None:
    assert formed() == name


def test_codes_of_environments_are_three_letters_and_differ() -> None:
    codes = list(naming.ENVIRONMENT_CODES.values())
    assert len(set(codes)) == 3
    assert all(re.fullmatch("[a-z]{3}", code) for code in codes), "a longer code is taken from the service's name"
