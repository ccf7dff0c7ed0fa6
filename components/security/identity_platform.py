"""Who the customers are: sign-in by Identity Platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component

ISSUER_BASE = "https://securetoken.google.com"
JWKS_URL = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"


@dataclass(frozen=True, kw_only=True)
class IdentityPlatformArgs:
    """What an IdentityPlatform needs to know."""

    project_id: str
    """The project whose customers sign in; it has one Identity Platform, and billing."""
    authorized_domains: Sequence[str]
    """Host names of the pages that may start a sign-in; `localhost` only where nobody's money is."""
    mfa: Literal["ENABLED", "MANDATORY"]
    """Whether a second factor may be set up, or must be."""
    self_signup: bool
    """Whether strangers may open an account by themselves."""

    def __post_init__(self) -> None:
        """Raise ValueError for a configuration in which nobody could sign in."""
        if not self.authorized_domains:
            raise ValueError("authorized_domains is empty: no page could start a sign-in; name the frontend's host")


class IdentityPlatform(Component):
    """Sign-in with e-mail address and password, and a second factor from an authenticator.

    Owns the project's one configuration, which Google cannot delete: taking it out of the program leaves it as it is.
    Guarantees that nobody is anonymous, that an e-mail address is one account, and that no text message is sent: as a
    second factor they can be intercepted, and by strangers they can be ordered in thousands at our expense.

    A backend in any cloud verifies a token by itself, with no credential and no call to Google but for the keys: signed
    with RS256 by a key of `jwks_url` (kept for as long as its Cache-Control says, so that customers who are signed in
    stay so while Google is away), `iss` and `aud` as below, `exp` ahead, `iat` and `auth_time` past, `sub` not empty.
    Whether a second factor was used is in `firebase.sign_in_second_factor`.

    Leaves out the password policy, which the provider has no words for: it is set once, through the API's
    `passwordPolicyConfig`. Leaves out the accounts; they are exported by the backup, not by the program.
    """

    issuer: Output[str]
    """What `iss` of a token must be."""
    audience: Output[str]
    """What `aud` of a token must be."""
    jwks_url: Output[str]
    """Where the public keys are that tokens are signed with."""

    def __init__(self, name: str, args: IdentityPlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:security:IdentityPlatform", name, None, opts)
        self._name, self._args = name, args

        project = self._configuration().project
        self.issuer = Output.concat(ISSUER_BASE, "/", project)
        self.audience = project
        self.jwks_url = Output.from_input(JWKS_URL)
        self.publish()

    def _configuration(self) -> gcp.identityplatform.Config:
        return gcp.identityplatform.Config(
            f"{self._name}-config",
            project=self._args.project_id,
            authorized_domains=list(self._args.authorized_domains),
            sign_in=_sign_in(),
            mfa=_second_factor(self._args.mfa),
            client=gcp.identityplatform.ConfigClientArgs(
                permissions=gcp.identityplatform.ConfigClientPermissionsArgs(
                    disabled_user_signup=not self._args.self_signup,
                    # An account with orders on its books is closed by the backend, not by a call from a browser.
                    disabled_user_deletion=True,
                )
            ),
            monitoring=gcp.identityplatform.ConfigMonitoringArgs(
                request_logging=gcp.identityplatform.ConfigMonitoringRequestLoggingArgs(enabled=True)
            ),
            multi_tenant=gcp.identityplatform.ConfigMultiTenantArgs(allow_tenants=False),
            opts=self.child(protect=True, retain_on_delete=True),
        )


def _sign_in() -> gcp.identityplatform.ConfigSignInArgs:
    """By e-mail address and password; without the latter, whoever reads the mail would be in."""
    return gcp.identityplatform.ConfigSignInArgs(
        allow_duplicate_emails=False,
        anonymous=gcp.identityplatform.ConfigSignInAnonymousArgs(enabled=False),
        email=gcp.identityplatform.ConfigSignInEmailArgs(enabled=True, password_required=True),
        phone_number=gcp.identityplatform.ConfigSignInPhoneNumberArgs(enabled=False),
    )


def _second_factor(state: Literal["ENABLED", "MANDATORY"]) -> gcp.identityplatform.ConfigMfaArgs:
    """Codes of an authenticator, valid for half a minute around their own: telephones keep the time within seconds."""
    authenticator = gcp.identityplatform.ConfigMfaProviderConfigTotpProviderConfigArgs(adjacent_intervals=1)
    return gcp.identityplatform.ConfigMfaArgs(
        state=state,
        provider_configs=[
            gcp.identityplatform.ConfigMfaProviderConfigArgs(state="ENABLED", totp_provider_config=authenticator)
        ],
    )
