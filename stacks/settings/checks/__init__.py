"""What has to hold across sections: one small function a rule, each named as what it demands."""

from collections.abc import Callable, Iterator

from stacks.settings.checks import clouds, data, events, names, production, ranges, services, sizes
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings

Check = Callable[[Settings], Iterator[Mistake]]

CHECKS: tuple[Check, ...] = (
    *clouds.CHECKS,
    *ranges.CHECKS,
    *data.CHECKS,
    *services.CHECKS,
    *sizes.CHECKS,
    *names.CHECKS,
    *events.CHECKS,
    *production.CHECKS,
)
"""Every check, in the order of the sections that it is about."""
