"""Services against each other, and against the places they run in."""

from collections.abc import Iterator

from stacks.settings.checks.draft import mistake
from stacks.settings.mistakes import Mistake
from stacks.settings.secrets import APPLICATION_SECRETS
from stacks.settings.services import ContainerService, StaticSite
from stacks.settings.settings import Settings

PROVIDED_VARIABLES = ("SECRET_KEY", "ENCRYPTION_KEY", "DATABASE_URL", "REDIS_URL", "CLOUD_PROVIDER", "REGION")
"""What the platform gives every container itself."""

ON_AWS = ("ecs", "ec2", "eks")

NOT_IN_PRODUCTION = ("broker-simulator",)
"""Services that pretend: in production they would take real orders for play money."""


def in_google_cloud(service: ContainerService) -> bool:
    """Whether the service runs or stands by there."""
    return service.primary == "cloud_run" or service.standby != "none"


def places_in_google_cloud_exist(settings: Settings) -> Iterator[Mistake]:
    """A place in Google Cloud needs the half that it lies in."""
    if settings.gcp.enabled:
        return
    for name, service in settings.services.items():
        if service.primary == "cloud_run":
            yield mistake(
                "services",
                name,
                "primary",
                value=service.primary,
                reason="Cloud Run is in the standby half, which is switched off: the service would run nowhere.",
                cure="write ecs, ec2 or eks, or switch on `platform:gcp.enabled`",
            )
        if service.standby != "none":
            yield mistake(
                "services",
                name,
                "standby",
                value=service.standby,
                reason="The standby half is switched off: there is nothing to stand by in.",
                cure="write none, or switch on `platform:gcp.enabled`",
            )


def standby_is_another_place(settings: Settings) -> Iterator[Mistake]:
    """A service that stands by where it runs fails with itself."""
    for name, service in settings.services.items():
        if service.primary == service.standby:
            yield mistake(
                "services",
                name,
                "standby",
                value=service.standby,
                reason="It is where the service runs already: both would fail together.",
                cure="write gke or none",
            )


def calls_name_other_services(settings: Settings) -> Iterator[Mistake]:
    """Who may talk to whom is opened from these names."""
    services = settings.services
    for name, service in services.items():
        for index, called in enumerate(service.calls):
            place = ("services", name, "calls", index)
            if called == name:
                yield mistake(*place, value=called, reason="A service reaches itself without a rule.", cure="remove it")
            elif called not in services:
                yield mistake(
                    *place,
                    value=called,
                    reason="There is no service of this name to open a way to.",
                    cure=f"write one of {', '.join(other for other in services if other != name)}",
                )
            elif isinstance(services[called], StaticSite):
                yield mistake(
                    *place,
                    value=called,
                    reason=f"{called} is a site of files: it answers no calls.",
                    cure="remove it",
                )
            elif services[called].exposure == "none":
                yield mistake(
                    *place,
                    value=called,
                    reason=f"The exposure of {called} is none: it takes no requests.",
                    cure=f"remove it, or write internal for `platform:services.{called}.exposure`",
                )


def sites_call_only_public_services(settings: Settings) -> Iterator[Mistake]:
    """A site's calls come from browsers on the internet."""
    for name, site in settings.sites.items():
        for index, called in enumerate(site.calls):
            other = settings.services.get(called)
            place = ("services", name, "calls", index)
            if other is not None and other.exposure == "internal":
                yield mistake(
                    *place,
                    value=called,
                    reason=f"A site calls from the browser, and {called} is closed to the internet.",
                    cure="name a public service that calls it for the site",
                )
            if other is not None and other.exposure == "cdn" and called not in site.routes.values():
                yield mistake(
                    *place,
                    value=called,
                    reason=f"{called} takes requests from the CDN of a site alone, and this site leads no path to it.",
                    cure=f"add a path to `platform:services.{name}.routes`, or write public for its exposure",
                )


def calls_stay_in_a_cloud(settings: Settings) -> Iterator[Mistake]:
    """Where one cloud is lost, no service of the other may wait for it."""
    containers = settings.containers
    for name, service in containers.items():
        for index, called in enumerate(service.calls):
            other = containers.get(called)
            if other is None or called == name:
                continue
            place = ("services", name, "calls", index)
            if service.primary in ON_AWS and other.primary not in ON_AWS:
                yield mistake(
                    *place,
                    value=called,
                    reason=f"{name} runs in AWS and {called} does not: it would fail with the link, or Google Cloud.",
                    cure=f"write {', '.join(ON_AWS)} for the primary of {called}",
                )
            if in_google_cloud(service) and not in_google_cloud(other):
                yield mistake(
                    *place,
                    value=called,
                    reason=f"{name} has a place in Google Cloud and {called} has none: with AWS lost, it could not be"
                    " called.",
                    cure=f"write cloud_run or gke for the standby of {called}, or none for that of {name}",
                )


def hostname_fits_the_exposure(settings: Settings) -> Iterator[Mistake]:
    """The internet finds a service by its name; what nobody may reach needs none."""
    for name, service in settings.containers.items():
        if service.exposure in ("public", "cdn") and service.hostname is None:
            yield mistake(
                "services",
                name,
                "hostname",
                value=None,
                reason=f"The exposure is {service.exposure}, and without a name nobody can find it.",
                cure='write a name under the domain, such as "api", or another exposure',
            )
        if service.exposure == "none" and service.hostname is not None:
            yield mistake(
                "services",
                name,
                "hostname",
                value=service.hostname,
                reason="The exposure is none: the name would lead nowhere.",
                cure="write null, or internal for the exposure",
            )


def secrets_exist(settings: Settings) -> Iterator[Mistake]:
    """A service that names a secret nobody has would not start."""
    known = (*APPLICATION_SECRETS, *settings.secrets.external)
    for name, service in settings.containers.items():
        for index, secret in enumerate(service.secrets):
            if secret not in known:
                yield mistake(
                    "services",
                    name,
                    "secrets",
                    index,
                    value=secret,
                    reason="There is no secret of this name: the service would not start.",
                    cure=f"write one of {', '.join(known)}, or declare it under `platform:secrets.external`",
                )


def environment_leaves_provided_variables(settings: Settings) -> Iterator[Mistake]:
    """What the platform provides differs from place to place and can't be fixed in a file."""
    for name, service in settings.containers.items():
        for variable in service.environment:
            if variable in PROVIDED_VARIABLES:
                yield mistake(
                    "services",
                    name,
                    "environment",
                    variable,
                    value=service.environment[variable],
                    reason="The platform sets this variable itself, to what is right in each place.",
                    cure="remove it, or choose another name",
                )


def migrations_have_a_database(settings: Settings) -> Iterator[Mistake]:
    """What changes a database before a release needs one, and those inside the clusters are out of its reach."""
    for name, service in settings.containers.items():
        if service.migration and not set(service.databases) & set(settings.databases.managed):
            yield mistake(
                *("services", name, "migration"),
                value=service.migration,
                reason="The service uses no managed database that this could change.",
                cure=f"write [], or name one of {', '.join(settings.databases.managed) or '(none)'} in its `databases`",
            )


def subscribers_are_in_google_cloud(settings: Settings) -> Iterator[Mistake]:
    """Events are subscribed to at Pub/Sub; what AWS does with them is up to rules of its bus."""
    for name, service in settings.containers.items():
        for index, does in enumerate(service.events):
            if does == "subscribe" and not in_google_cloud(service):
                yield mistake(
                    *("services", name, "events", index),
                    value=does,
                    reason="Events are subscribed to in Google Cloud, where the service has no place.",
                    cure="remove it, or write cloud_run or gke for its standby",
                )


def production_has_no_simulators(settings: Settings) -> Iterator[Mistake]:
    """What pretends to be a broker has no place beside real ones."""
    if settings.environment.name != "production":
        return
    for name in NOT_IN_PRODUCTION:
        if name in settings.services:
            yield mistake(
                "services",
                name,
                value=name,
                reason="The service only pretends: in production, real orders could reach it.",
                cure="remove the service from this file",
            )


CHECKS = (
    places_in_google_cloud_exist,
    standby_is_another_place,
    calls_name_other_services,
    sites_call_only_public_services,
    calls_stay_in_a_cloud,
    hostname_fits_the_exposure,
    secrets_exist,
    environment_leaves_provided_variables,
    migrations_have_a_database,
    subscribers_are_in_google_cloud,
    production_has_no_simulators,
)
