"""How far the current release has come."""

from typing import Literal

from stacks.settings.section import Section


class Release(Section):
    """The weight between the two colours of every service."""

    green_percent: Literal[0, 10, 25, 50, 100]
    """Share of the traffic that the green images receive; setting it back is the rollback."""
