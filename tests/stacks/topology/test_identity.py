"""The sign-in of customers in each environment."""

import pytest

from sandbox.difference import difference
from sandbox.graph import Graph
from tests.environments import changed

CONFIG = "gcp:identityplatform/config:Config"


@pytest.mark.parametrize(
    ("environment", "state", "closed", "pages"),
    [
        ("staging", "ENABLED", True, ["app.staging.elsonwealth.com", "localhost"]),
        ("production", "MANDATORY", False, ["app.elsonwealth.com"]),
    ],
)
def test_customers_sign_in_as_the_settings_say(graph: Graph, state: str, closed: bool, pages: list[str]) -> None:
    (config,) = graph.of_type(CONFIG)
    assert config["mfa"]["state"] == state
    assert config["client"]["permissions"]["disabledUserSignup"] is closed
    assert config["authorizedDomains"] == pages


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_backend_learns_how_to_verify_a_token(environment: str, graph: Graph) -> None:
    project = f"elson-{environment}"
    found = {name: graph.exports[name] for name in ("sign_in_issuer", "sign_in_audience")}
    assert found == {"sign_in_issuer": f"https://securetoken.google.com/{project}", "sign_in_audience": project}


def test_nobody_signs_in_where_there_is_no_standby_half(development: Graph) -> None:
    assert development.of_type(CONFIG) == []
    assert development.exports.get("sign_in_issuer") is None


def test_stricter_sign_in_changes_the_configuration_in_place(staging: Graph) -> None:
    found = difference(
        staging, changed("staging", {"platform:identity.mfa": "mandatory", "platform:identity.self_signup": True})
    )
    assert [change.resource.type for change in found.changed] == [CONFIG]
    assert (found.added, found.replaced, found.deleted) == ([], [], [])


def test_a_switched_off_sign_in_keeps_the_customers(staging: Graph) -> None:
    found = difference(staging, changed("staging", {"platform:identity.enabled": False}))
    assert {resource.type for resource in found.deleted} == {CONFIG, "platform:security:IdentityPlatform"}
    assert found.stateful == [], "Google keeps the accounts, and the program only forgets them"
