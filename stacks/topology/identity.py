"""How customers sign in."""

from typing import Any, Literal

from components.security.identity_platform import IdentityPlatform, IdentityPlatformArgs
from stacks.settings import Settings
from stacks.topology.providers import Providers

SECOND_FACTOR: dict[str, Literal["ENABLED", "MANDATORY"]] = {"optional": "ENABLED", "mandatory": "MANDATORY"}
"""The words of the settings as Google says them."""


def sign_in(settings: Settings, providers: Providers) -> IdentityPlatform | None:
    """The sign-in of customers, where the settings ask for one."""
    if not settings.identity.enabled:
        return None
    return IdentityPlatform(
        "identity",
        IdentityPlatformArgs(
            project_id=settings.gcp.project_id,
            authorized_domains=settings.identity.authorized_domains,
            mfa=SECOND_FACTOR[settings.identity.mfa],
            self_signup=settings.identity.self_signup,
        ),
        providers.options(),
    )


def sign_in_outputs(customers: IdentityPlatform | None) -> dict[str, Any]:
    """What verifies a customer's token."""
    return {
        "sign_in_issuer": customers.issuer if customers else None,
        "sign_in_audience": customers.audience if customers else None,
        "sign_in_keys_url": customers.jwks_url if customers else None,
    }
