"""How customers sign in."""

from typing import Literal

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
