"""Databases and caches against the services that name them, and against what the clouds take."""

from collections.abc import Iterator
from itertools import chain

from components import naming
from stacks.settings.checks.draft import mistake
from stacks.settings.databases import PROXY, Database
from stacks.settings.display import MISSING, written
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import NAMESPACE, Settings

LEAST_ZONES = 2
ENTERPRISE_LOG_DAYS = 7
ENTERPRISE_PLUS = "db-perf-optimized-N-"
CUSTOM_TIER = "db-custom-"
MIB_STEP = 256
LEAST_MIB = 3840
LEAST_MIB_A_CPU, MOST_MIB_A_CPU = 922, 6656
ENGINE_VERSIONS = {"redis": ("7.0", "7.1"), "valkey": ("7.2", "8.0", "8.1")}
LONGEST_CACHE_PARTS = ("aws-application", "aws-1234567", "gcp-1234567")
"""The user of ElastiCache, and what is named by the engine with its suffix; all of them hold 40 characters."""
LONGEST_RECOVERY_PART = "recovery-application"
"""The user in the recovery region."""

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 24 * 60
LEAST_WINDOW_MINUTES = {"databases": 30, "caches": 60}
SOURCES = {
    PROXY: "https://www.amazontrust.com/repository/",
    "region": "https://truststore.pki.rds.amazonaws.com/",
}


def databases_and_caches_exist(settings: Settings) -> Iterator[Mistake]:
    """What a service names is either built or inside the clusters."""
    for kind, section in (("databases", settings.databases), ("caches", settings.caches)):
        known = (*section.managed, *section.in_cluster)
        for name, service in settings.containers.items():
            for index, used in enumerate(getattr(service, kind)):
                if used not in known:
                    yield mistake(
                        *("services", name, kind, index),
                        value=used,
                        reason="There is none of this name: the service would not start.",
                        cure=f"write one of {', '.join(known) or '(none)'}, or add it to `platform:{kind}`",
                    )


def a_name_means_one_thing(settings: Settings) -> Iterator[Mistake]:
    """Services name a database or cache without saying where it runs."""
    for kind, section in (("databases", settings.databases), ("caches", settings.caches)):
        for index, name in enumerate(section.in_cluster):
            if name in section.managed:
                yield mistake(
                    *(kind, "in_cluster", index),
                    value=name,
                    reason=f"The name is under `platform:{kind}.managed` too: services could not say which they mean.",
                    cure="remove one of the two, or rename it",
                )


def standbys_have_a_cloud(settings: Settings) -> Iterator[Mistake]:
    """A standby is in Google Cloud."""
    if settings.gcp.enabled:
        return
    for kind, name, standby in _standbys(settings):
        if standby is not None:
            yield mistake(
                *(kind, "managed", name, "standby"),
                value={"standby": "given"},
                reason="The standby half is switched off: there is nothing to stand by in.",
                cure="write null, or switch on `platform:gcp.enabled`",
            )


def services_in_google_cloud_have_their_data_there(settings: Settings) -> Iterator[Mistake]:
    """A service in Google Cloud reads its addresses from secrets that only a standby brings."""
    if not settings.gcp.enabled:
        return
    there = [it for it in settings.containers.values() if it.standby != "none" or it.primary == "cloud_run"]
    used = {(kind, name) for it in there for kind in ("databases", "caches") for name in getattr(it, kind)}
    for kind, name, standby in _standbys(settings):
        if standby is None and (kind, name) in used:
            yield mistake(
                *(kind, "managed", name, "standby"),
                value=None,
                reason="Services in Google Cloud name it, and would have nothing to connect to.",
                cure="write a standby, or none for the standby of those services",
            )


def _standbys(settings: Settings) -> Iterator[tuple[str, str, object]]:
    for name, database in settings.databases.managed.items():
        yield "databases", name, database.standby
    for name, cache in settings.caches.managed.items():
        yield "caches", name, cache.standby


def the_writer_is_there(settings: Settings) -> Iterator[Mistake]:
    """Google Cloud can write only where there is a standby to write to."""
    for name, database in settings.databases.managed.items():
        if database.writer == "gcp" and database.standby is None:
            yield mistake(
                *("databases", "managed", name, "writer"),
                value=database.writer,
                reason="There is no standby that could take writes: services would have no database.",
                cure="write aws, or give the standby",
            )


def databases_and_caches_span_zones(settings: Settings) -> Iterator[Mistake]:
    """RDS refuses a subnet group of one zone, even to a single instance."""
    if settings.databases.managed and len(settings.aws.zones) < LEAST_ZONES:
        yield _too_few_zones(("aws", "zones"), settings.aws.zones)
    recovered = [name for name, it in settings.databases.managed.items() if it.recovery is not None]
    recovery = settings.aws.recovery
    if recovered and recovery is not None and len(recovery.zones) < LEAST_ZONES:
        yield _too_few_zones(("aws", "recovery", "zones"), recovery.zones)


def _too_few_zones(place: tuple[str, ...], zones: tuple[str, ...]) -> Mistake:
    return mistake(
        *place,
        value=zones,
        reason="RDS takes subnets of two zones or more, even for a single instance.",
        cure=f"write {LEAST_ZONES} zones or more of the region",
    )


def replicas_are_in_zones_of_the_region(settings: Settings) -> Iterator[Mistake]:
    """A replica is put into a database subnet, which only the zones of the region have."""
    zones = settings.aws.zones
    for name, database in settings.databases.managed.items():
        for index, zone in enumerate(database.replica_zones):
            if zone not in zones:
                yield mistake(
                    *("databases", "managed", name, "replica_zones", index),
                    value=zone,
                    reason="The zone has no database subnet to put a replica in.",
                    cure=f"write one of {', '.join(zones)}",
                )


def recovery_replicas_have_a_region(settings: Settings) -> Iterator[Mistake]:
    """A recovery replica, or cache, is in the recovery region."""
    if settings.aws.recovery is not None:
        return
    given = chain(
        (("databases", name, it.recovery) for name, it in settings.databases.managed.items()),
        (("caches", name, it.recovery) for name, it in settings.caches.managed.items()),
    )
    for kind, name, recovery in given:
        if recovery is not None:
            yield mistake(
                *(kind, "managed", name, "recovery"),
                value={"recovery": "given"},
                reason="There is no recovery region that it could be in.",
                cure="write null, or set `platform:aws.recovery`",
            )


def storage_can_grow(settings: Settings) -> Iterator[Mistake]:
    """Both clouds grow storage by themselves up to a limit above the start."""
    for name, database in settings.databases.managed.items():
        place: tuple[str, ...] = ("databases", "managed", name)
        sizes: list[tuple[tuple[str, ...], int, int]] = [(place, database.storage_gib, database.max_storage_gib)]
        if database.standby is not None:
            standby = database.standby
            sizes.append(((*place, "standby"), standby.storage_gib, standby.max_storage_gib))
        for where, start, limit in sizes:
            if limit <= start:
                yield mistake(
                    *(*where, "max_storage_gib"),
                    value=limit,
                    reason=f"It leaves no room above the {start} GiB of the start: a full disk stops the database.",
                    cure=f"write more than {start}",
                )


def logins_are_apart(settings: Settings) -> Iterator[Mistake]:
    """A login for two purposes has the rights of both."""
    for name, database in settings.databases.managed.items():
        owner: dict[str, str] = {}
        for purpose in ("administrator", "application", "replication"):
            login = getattr(database.logins, purpose)
            first = owner.setdefault(login, purpose)
            if first != purpose:
                yield mistake(
                    *("databases", "managed", name, "logins", purpose),
                    value=login,
                    reason=f"It is the login of the {first} too: one could do what the other may.",
                    cure="write another name",
                )


def authorities_are_given(settings: Settings) -> Iterator[Mistake]:
    """Without its authority no client can tell a server from an impostor."""
    for name, database in settings.databases.managed.items():
        for key in _needed_certificates(settings, database):
            if database.authority.certificates.get(key) is None:
                yield _missing_certificate(settings, name, key)


def _needed_certificates(settings: Settings, database: Database) -> list[str]:
    recovery = settings.aws.recovery
    return [
        settings.aws.region,
        *([recovery.region] if recovery is not None and database.recovery is not None else []),
        *([PROXY] if database.pool_percent is not None else []),
    ]


def _missing_certificate(settings: Settings, name: str, key: str) -> Mistake:
    place = ("databases", "managed", name, "authority", "certificates", key)
    setting = f'{NAMESPACE}:databases.managed.{name}.authority.certificates["{key}"]'
    return Mistake(
        path=written(place),
        value=MISSING,
        reason="Without the certificate of its authority, no client can tell the server from an impostor.",
        cure=f"get it in PEM from {SOURCES.get(key, SOURCES['region'])} and set it by its command below the table",
        command=f"pulumi config set --path '{setting}' --stack {settings.environment.name} < {key}.pem",
    )


def machines_are_of_an_edition(settings: Settings) -> Iterator[Mistake]:
    """Cloud SQL sells custom machines in fixed proportions, and longer logs with Enterprise Plus alone."""
    for name, database in settings.databases.managed.items():
        standby = database.standby
        if standby is None:
            continue
        place = ("databases", "managed", name, "standby")
        if standby.tier.startswith(CUSTOM_TIER) and (wrong := _wrong_machine(standby.tier)):
            yield mistake(
                *(*place, "tier"),
                value=standby.tier,
                reason=f"Cloud SQL has no such machine: {wrong}.",
                cure="write one that fits, such as db-custom-2-7680",
            )
        if not standby.tier.startswith(ENTERPRISE_PLUS) and standby.backups.log_days > ENTERPRISE_LOG_DAYS:
            yield mistake(
                *(*place, "backups", "log_days"),
                value=standby.backups.log_days,
                reason=f"{standby.tier} is of the Enterprise edition, which keeps logs for {ENTERPRISE_LOG_DAYS} days.",
                cure=f"write at most {ENTERPRISE_LOG_DAYS}, or a machine of Enterprise Plus",
            )


def _wrong_machine(tier: str) -> str | None:
    cpus, mib = (int(number) for number in tier.removeprefix(CUSTOM_TIER).split("-"))
    if cpus != 1 and cpus % 2:
        return "the number of its CPUs is 1 or even"
    if mib % MIB_STEP or mib < LEAST_MIB:
        return f"its memory is a multiple of {MIB_STEP} MiB, {LEAST_MIB} or more"
    if not LEAST_MIB_A_CPU * cpus <= mib <= MOST_MIB_A_CPU * cpus:
        return f"its memory is {LEAST_MIB_A_CPU} to {MOST_MIB_A_CPU} MiB a CPU"
    return None


def engines_have_the_version(settings: Settings) -> Iterator[Mistake]:
    """Redis ends on ElastiCache where Valkey begins."""
    for name, cache in settings.caches.managed.items():
        versions = ENGINE_VERSIONS[cache.engine]
        if cache.version not in versions:
            yield mistake(
                *("caches", "managed", name, "version"),
                value=cache.version,
                reason=f"ElastiCache has no {cache.engine} of this version with rights that are fine enough.",
                cure=f"write one of {', '.join(versions)}",
            )


def windows_are_apart(settings: Settings) -> Iterator[Mistake]:
    """AWS refuses a maintenance window that meets the backup's, and windows that are too short for the work."""
    parts = chain(
        (("databases", name, it.backups) for name, it in settings.databases.managed.items()),
        (("caches", name, it.backups) for name, it in settings.caches.managed.items()),
    )
    for kind, name, backups in parts:
        place = (kind, "managed", name, "backups")
        start, length = _daily(backups.window)
        week_start, week_length = _weekly(backups.maintenance_window)
        least = LEAST_WINDOW_MINUTES[kind]
        for key, minutes in (("window", length), ("maintenance_window", week_length)):
            if not least <= minutes < MINUTES_A_DAY:
                yield mistake(
                    *(*place, key),
                    value=getattr(backups, key),
                    reason=f"AWS takes windows of {least} minutes to a day: in {minutes} the work has no room.",
                    cure="write a later end",
                )
        if (start - week_start) % MINUTES_A_DAY < week_length or (week_start - start) % MINUTES_A_DAY < length:
            yield mistake(
                *(*place, "maintenance_window"),
                value=backups.maintenance_window,
                reason=f"It meets the daily window {backups.window}: AWS refuses both at once.",
                cure="write hours apart from it, such as sun:03:00-sun:04:00",
            )


def _daily(window: str) -> tuple[int, int]:
    start, end = (_minutes(clock) for clock in window.split("-"))
    return start, (end - start) % MINUTES_A_DAY


def _weekly(window: str) -> tuple[int, int]:
    start, end = (WEEK.index(at[:3]) * MINUTES_A_DAY + _minutes(at[4:]) for at in window.split("-"))
    return start, (end - start) % (len(WEEK) * MINUTES_A_DAY)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def cache_names_fit(settings: Settings) -> Iterator[Mistake]:
    """ElastiCache's groups and users, and Memorystore's instances, have names of 40 characters."""
    for name, cache in settings.caches.managed.items():
        in_recovery = (LONGEST_RECOVERY_PART,) if cache.recovery is not None else ()
        try:
            for part in (*LONGEST_CACHE_PARTS, *in_recovery):
                naming.physical_name(naming.Carrier.REPLICATION_GROUP, "redis", name, part)
        except naming.IllegalNameError as refusal:
            yield mistake(
                *("caches", "managed", name),
                value=name,
                reason=f"What it is built of could not be named: {refusal}.",
                cure="rename the cache, shorter",
            )


CHECKS = (
    databases_and_caches_exist,
    a_name_means_one_thing,
    standbys_have_a_cloud,
    services_in_google_cloud_have_their_data_there,
    the_writer_is_there,
    databases_and_caches_span_zones,
    replicas_are_in_zones_of_the_region,
    recovery_replicas_have_a_region,
    storage_can_grow,
    logins_are_apart,
    authorities_are_given,
    machines_are_of_an_edition,
    engines_have_the_version,
    windows_are_apart,
    cache_names_fit,
)
