"""How customers sign in."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.section import Section, Unique


class Identity(Section):
    """Sign-in of customers by Identity Platform, which lies in the standby half's project."""

    enabled: bool
    """Whether it is built; Google charges by the customers who sign in within a month. When false, the rest waits."""
    mfa: Literal["optional", "mandatory"]
    """Whether a customer may, or has to, confirm a sign-in by the code of an authenticator."""
    self_signup: bool
    """Whether strangers may open an account by themselves."""
    authorized_domains: Annotated[
        tuple[
            Annotated[
                str,
                Field(
                    pattern=r"^(localhost|([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})$",
                    max_length=253,
                    examples=["app.elsonwealth.com"],
                ),
            ],
            ...,
        ],
        Field(min_length=1, max_length=100),
        *Unique,
    ]
    """Host names of the pages that may start a sign-in: under the environment's domain, or localhost to try it."""
