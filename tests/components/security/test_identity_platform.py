"""What an IdentityPlatform promises; that tokens verify is not proven here."""

from dataclasses import replace

import pytest

from components.security.identity_platform import IdentityPlatform, IdentityPlatformArgs
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ARGS = IdentityPlatformArgs(
    project_id="elson-test", authorized_domains=["app.elson.example"], mfa="MANDATORY", self_signup=False
)


def recorded(args: IdentityPlatformArgs | None = None, known: bool = True) -> Graph:
    def build() -> None:
        IdentityPlatform("identity", args or ARGS)

    return record_components(build, known=known)


def configuration() -> Resource:
    (only,) = recorded().of_type("gcp:identityplatform/config:Config")
    return only


def test_customers_sign_in_by_address_and_password_and_in_no_other_way():
    assert configuration()["signIn"] == {
        "allowDuplicateEmails": False,
        "anonymous": {"enabled": False},
        "email": {"enabled": True, "passwordRequired": True},
        "phoneNumber": {"enabled": False},
    }


def test_the_second_factor_is_an_authenticator_and_never_a_text_message():
    assert configuration()["mfa"] == {
        "state": "MANDATORY",
        "providerConfigs": [{"state": "ENABLED", "totpProviderConfig": {"adjacentIntervals": 1}}],
    }


def test_sign_in_starts_from_our_pages_and_accounts_are_opened_and_closed_by_us():
    assert configuration()["authorizedDomains"] == ["app.elson.example"]
    assert configuration()["client"] == {"permissions": {"disabledUserSignup": True, "disabledUserDeletion": True}}


def test_strangers_open_accounts_only_where_that_is_asked_for():
    graph = recorded(replace(ARGS, self_signup=True))
    assert graph.named("identity-config")["client"]["permissions"]["disabledUserSignup"] is False


def test_every_sign_in_is_logged():
    assert configuration()["monitoring"] == {"requestLogging": {"enabled": True}}


def test_the_customers_survive_the_program():
    assert (configuration().options.protect, configuration().options.retain_on_delete) == (True, True)


def test_a_backend_elsewhere_knows_how_to_verify_a_token():
    registered = recorded().named("identity", "platform:security:IdentityPlatform").registered
    assert registered == {
        "issuer": "https://securetoken.google.com/elson-test",
        "audience": "elson-test",
        "jwks_url": "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    }


def test_a_first_preview_sees_all_that_an_update_makes():
    assert set(recorded(known=False).resources) == set(recorded().resources)
    assert [*recorded().problems, *recorded(known=False).problems] == []


def test_a_configuration_in_which_nobody_could_sign_in_is_refused():
    with pytest.raises(ValueError, match="authorized_domains is empty"):
        replace(ARGS, authorized_domains=[])
