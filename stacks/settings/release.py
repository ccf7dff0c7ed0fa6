"""How far the current release has come."""

from typing import Annotated, Literal

from stacks.settings.section import Number, Section


class Release(Section):
    """The weight between the two colours of every service."""

    green_percent: Annotated[Literal[0, 10, 25, 50, 100], Number]
    """Share of the traffic that the green images receive; setting it back is the rollback."""
