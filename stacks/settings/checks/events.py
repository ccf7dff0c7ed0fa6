"""Events and sign-in, against the rest of the settings."""

from collections.abc import Iterator

from stacks.settings.checks.draft import mistake
from stacks.settings.events import COMMON_FIELDS
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings

BUS_ACCOUNTS = ("events-ingest", "events-push")
"""Service accounts of the event bus in Google Cloud, after project and environment; those of services stand beside."""


def archive_outlives_the_stream(settings: Settings) -> Iterator[Mistake]:
    """What the stream gave up comes from the archive, or from nowhere."""
    days, hours = settings.events.archive_retention_days, settings.events.stream.retention_hours
    if days * 24 < hours:
        yield mistake(
            "events",
            "archive_retention_days",
            value=days,
            reason=f"The stream keeps events for {hours} hours: once it drops one, the archive could not replay it.",
            cure=f"write {-(-hours // 24)} or more, or fewer hours for `platform:events.stream.retention_hours`",
        )


def events_leave_the_common_fields(settings: Settings) -> Iterator[Mistake]:
    """The fields of every event mean the same in each."""
    for name, fields in settings.events.schemas.items():
        for field, kind in fields.items():
            if field in COMMON_FIELDS:
                yield mistake(
                    "events",
                    "schemas",
                    name,
                    field,
                    value=kind,
                    reason="Every event has this field already, with a meaning that consumers rely on.",
                    cure="remove it, or choose another name",
                )


def services_leave_the_accounts_of_the_bus(settings: Settings) -> Iterator[Mistake]:
    """A service with the bus's account could publish as the other cloud."""
    for name in settings.services:
        if name in BUS_ACCOUNTS:
            yield mistake(
                "services",
                name,
                value=name,
                reason="Its service account would have the name of one that carries events between the clouds.",
                cure="rename the service",
            )


def identity_is_where_the_standby_half_is(settings: Settings) -> Iterator[Mistake]:
    """Identity Platform belongs to a Google Cloud project."""
    if settings.identity.enabled and not settings.gcp.enabled:
        yield mistake(
            "identity",
            "enabled",
            value=True,
            reason="The standby half is switched off, and Identity Platform lies in its project.",
            cure="write false, or switch on `platform:gcp.enabled`",
        )


def customers_sign_in_on_our_pages(settings: Settings) -> Iterator[Mistake]:
    """A page elsewhere that starts a sign-in gets the customer's token."""
    domain = settings.environment.domain
    for index, host in enumerate(settings.identity.authorized_domains):
        if host == "localhost" and settings.environment.name != "production":
            continue
        if host != domain and not host.endswith(f".{domain}"):
            yield mistake(
                "identity",
                "authorized_domains",
                index,
                value=host,
                reason=f"The page is not under {domain}: whoever serves it could sign in as our customers.",
                cure=f"write a host name under {domain}, such as app.{domain}",
            )


CHECKS = (
    archive_outlives_the_stream,
    events_leave_the_common_fields,
    services_leave_the_accounts_of_the_bus,
    identity_is_where_the_standby_half_is,
    customers_sign_in_on_our_pages,
)
