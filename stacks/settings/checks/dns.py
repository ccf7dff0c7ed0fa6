"""Public names, against the services and the clouds that they lead to."""

from collections.abc import Iterator, Mapping

from stacks.settings.checks.draft import mistake
from stacks.settings.checks.services import ON_AWS
from stacks.settings.mistakes import Mistake
from stacks.settings.services import StaticSite
from stacks.settings.settings import Settings

PLACES: Mapping[str, str] = {
    "aws": "Below it stand the names that always answer from AWS",
    "gcp": "Below it stand the names that always answer from Google Cloud",
    "recovery": "Below it stand the names that always answer from the recovery region of AWS",
    "internal": "Below it stand the names by which services call each other",
}
"""Labels below the domain that the platform takes itself."""

PLACE_SUFFIXES = ("", ".aws", ".recovery", ".gcp")
"""What stands between the name of a service and the domain."""

AWS_AUTHORITIES = ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")
GOOGLE_AUTHORITY = "pki.goog"


def public_hostnames(settings: Settings) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Where every name below the domain is set, its service, and the name."""
    for name, service in settings.services.items():
        if service.hostname is not None:
            yield ("services", name, "hostname"), name, service.hostname
        if not isinstance(service, StaticSite) and service.callbacks is not None:
            yield ("services", name, "callbacks", "hostname"), name, service.callbacks.hostname


def hostnames_are_unique(settings: Settings) -> Iterator[Mistake]:
    """One name leads to one service."""
    owner: dict[str, str] = {}
    for place, name, hostname in public_hostnames(settings):
        if hostname in owner:
            yield mistake(
                *place,
                value=hostname,
                reason=f"The name is that of {owner[hostname]} already: requests could reach only one of them.",
                cure="write another name",
            )
        owner.setdefault(hostname, name)


def hostnames_leave_the_labels_of_the_platform(settings: Settings) -> Iterator[Mistake]:
    """What stands below a label can't stand at it."""
    for place, _, hostname in public_hostnames(settings):
        if hostname in PLACES:
            yield mistake(
                *place, value=hostname, reason=f"{PLACES[hostname]}: the name is taken.", cure="write another name"
            )


def hostnames_make_legal_domains(settings: Settings) -> Iterator[Mistake]:
    """Certificates take a common name of at most 64 characters; the longest is that of a place."""
    for place, _, hostname in public_hostnames(settings):
        full = f"{hostname}.gcp.{settings.environment.domain}"
        if len(full) > 64:
            yield mistake(
                *place,
                value=hostname,
                reason=f"{full} has {len(full)} characters, and a certificate's name holds 64.",
                cure="write a shorter name",
            )


def delegations_leave_the_names_of_the_platform(settings: Settings) -> Iterator[Mistake]:
    """A delegated label, and all below it, is answered by others."""
    taken = {**PLACES, **{host: f"It is the name of {name}" for _, name, host in public_hostnames(settings)}}
    for label, delegation in settings.dns.delegations.items():
        if label in taken:
            yield mistake(
                *("dns", "delegations", label),
                value=delegation.name_servers,
                reason=f"{taken[label]}: delegated, it would be answered by others.",
                cure="delegate another label",
            )


def authorities_issue_for_the_clouds(settings: Settings) -> Iterator[Mistake]:
    """A cloud whose authority is not named gets no certificate, and its load balancer none to show."""
    named = settings.dns.certificate_authorities
    place = ("dns", "certificate_authorities")
    if not set(named) & set(AWS_AUTHORITIES):
        yield mistake(
            *place,
            value=named,
            reason="AWS could issue no certificate: nothing would answer by HTTPS there.",
            cure=f"add {AWS_AUTHORITIES[0]}",
        )
    if settings.gcp.enabled and GOOGLE_AUTHORITY not in named:
        yield mistake(
            *place,
            value=named,
            reason="Google could issue no certificate: nothing would answer by HTTPS in the standby half.",
            cure=f"add {GOOGLE_AUTHORITY}",
        )


def the_active_cloud_answers(settings: Settings) -> Iterator[Mistake]:
    """A name that leads to Google Cloud needs somebody there who answers."""
    if settings.dns.active != "gcp":
        return
    place = ("dns", "active")
    if not settings.gcp.enabled:
        yield mistake(
            *place,
            value="gcp",
            reason="The standby half is switched off: every name would lead nowhere.",
            cure="write aws, or switch on `platform:gcp.enabled`",
        )
        return
    alone = [
        name
        for name, service in settings.services.items()
        if service.exposure == "public" and service.primary != "cloud_run" and service.standby == "none"
    ]
    if alone:
        yield mistake(
            *place,
            value="gcp",
            reason=f"{', '.join(alone)} has no place in Google Cloud that could answer.",
            cure="write aws, or give each of them a standby",
        )


def the_region_of_aws_answers(settings: Settings) -> Iterator[Mistake]:
    """Names that lead to the recovery region need somebody there who answers."""
    if settings.dns.aws_region == "primary":
        return
    absent = [
        name
        for name, service in settings.containers.items()
        if service.primary in ON_AWS and service.exposure in ("public", "cdn") and name not in settings.compute.recovery
    ]
    if settings.aws.recovery is None or absent:
        missing = (
            "there is no recovery region" if settings.aws.recovery is None else f"{', '.join(absent)} is not there"
        )
        yield mistake(
            *("dns", "aws_region"),
            value="recovery",
            reason=f"Names of AWS would lead nowhere: {missing}.",
            cure="write primary, or name every public service of AWS in `platform:compute.recovery`",
        )


def databases_write_where_the_names_lead(settings: Settings) -> Iterator[Mistake]:
    """A service in the recovery region writes to the replica there, which takes nothing until it is promoted."""
    if settings.dns.aws_region == "primary":
        return
    there = [service for name, service in settings.containers.items() if name in settings.compute.recovery]
    used = {name for service in there for name in service.databases}
    for name, database in settings.databases.managed.items():
        if name in used and database.recovery is not None and not database.recovery.promoted:
            yield mistake(
                *("databases", "managed", name, "recovery", "promoted"),
                value=False,
                reason="The names of AWS lead to the recovery region, where this database would refuse every write.",
                cure="write true once the primary region is lost for good, or primary for `platform:dns.aws_region`",
            )


def the_standstill_page_stands_elsewhere(settings: Settings) -> Iterator[Mistake]:
    """A page that goes down with AWS can't say that AWS is down."""
    page, domain = settings.dns.standstill, settings.environment.domain
    if page is None:
        return
    own = {f"{hostname}{place}.{domain}" for _, _, hostname in public_hostnames(settings) for place in PLACE_SUFFIXES}
    if page.host in own:
        yield mistake(
            *("dns", "standstill", "host"),
            value=page.host,
            reason="The host is one of the platform itself, which the page is to take out of service.",
            cure="write a host that nothing of the platform serves",
        )


CHECKS = (
    hostnames_are_unique,
    hostnames_leave_the_labels_of_the_platform,
    hostnames_make_legal_domains,
    delegations_leave_the_names_of_the_platform,
    authorities_issue_for_the_clouds,
    the_active_cloud_answers,
    the_region_of_aws_answers,
    databases_write_where_the_names_lead,
    the_standstill_page_stands_elsewhere,
)
