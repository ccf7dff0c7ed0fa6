"""What has to hold across sections: one small function a rule, each named as what it demands."""

from collections.abc import Callable, Iterator

from stacks.settings.checks import (
    analytics,
    clouds,
    compute,
    data,
    dns,
    edge,
    events,
    names,
    production,
    ranges,
    services,
    sizes,
    storage,
)
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings

Check = Callable[[Settings], Iterator[Mistake]]

CHECKS: tuple[Check, ...] = (
    *clouds.CHECKS,
    *ranges.CHECKS,
    *data.CHECKS,
    *storage.CHECKS,
    *services.CHECKS,
    *sizes.CHECKS,
    *names.CHECKS,
    *events.CHECKS,
    *analytics.CHECKS,
    *compute.CHECKS,
    *edge.CHECKS,
    *dns.CHECKS,
    *production.CHECKS,
)
"""Every check, in the order of the sections that it is about."""
