"""What production demands and the other environments may do without."""

from collections.abc import Iterator

from stacks.settings.checks.draft import mistake
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings

ZONES = 3
LEAST_PUBLIC_REPLICAS = 2
LEAST_RECOVERY_WINDOW_DAYS = 7
DELETION_WINDOW_DAYS = 30
LEAST_BACKUP_DAYS = 30
LEAST_CACHE_NODES = 2


def _is_production(settings: Settings) -> bool:
    return settings.environment.name == "production"


def it_has_a_recovery_region(settings: Settings) -> Iterator[Mistake]:
    """A region can be lost."""
    if _is_production(settings) and settings.aws.recovery is None:
        yield mistake(
            "aws",
            "recovery",
            value=None,
            reason="Production has to survive the loss of a region: data and images need a second one.",
            cure="write `region` and `zones` of a second region",
        )


def it_has_a_standby_half(settings: Settings) -> Iterator[Mistake]:
    """A cloud can be lost."""
    if _is_production(settings) and not settings.gcp.enabled:
        yield mistake(
            "gcp",
            "enabled",
            value=False,
            reason="Production has to survive the loss of a cloud: the standby half takes over.",
            cure="write true",
        )


def it_has_three_zones(settings: Settings) -> Iterator[Mistake]:
    """Quorums of three need three zones to survive the loss of one."""
    if not _is_production(settings):
        return
    for place, zones in ((("aws", "zones"), settings.aws.zones), (("gcp", "zones"), settings.gcp.zones)):
        if len(zones) < ZONES:
            yield mistake(
                *place,
                value=zones,
                reason=f"{len(zones)} of {ZONES} zones: a quorum would not survive the loss of one.",
                cure=f"write {ZONES} zones of the region",
            )


def it_has_a_nat_gateway_in_each_zone(settings: Settings) -> Iterator[Mistake]:
    """One gateway for all zones fails with its own."""
    if _is_production(settings) and settings.network.aws.nat != "per_zone":
        yield mistake(
            "network",
            "aws",
            "nat",
            value=settings.network.aws.nat,
            reason="One NAT gateway for all zones takes their way out with it when its zone fails.",
            cure="write per_zone",
        )


def keys_can_be_restored_for_a_month(settings: Settings) -> Iterator[Mistake]:
    """With a key, all it encrypts is lost."""
    if _is_production(settings) and settings.keys.deletion_window_days < DELETION_WINDOW_DAYS:
        yield mistake(
            "keys",
            "deletion_window_days",
            value=settings.keys.deletion_window_days,
            reason="With a key, all that it encrypts is lost: a month is the longest time to notice.",
            cure=f"write {DELETION_WINDOW_DAYS}",
        )


def secrets_can_be_restored_for_a_week(settings: Settings) -> Iterator[Mistake]:
    """A deleted secret stops everything that reads it."""
    if _is_production(settings) and settings.secrets.recovery_window_days < LEAST_RECOVERY_WINDOW_DAYS:
        yield mistake(
            "secrets",
            "recovery_window_days",
            value=settings.secrets.recovery_window_days,
            reason="A secret deleted by mistake would be gone at once, and with it what reads it.",
            cure=f"write {LEAST_RECOVERY_WINDOW_DAYS} to 30",
        )


def customers_confirm_a_sign_in(settings: Settings) -> Iterator[Mistake]:
    """A password can be guessed, bought or asked for."""
    identity = settings.identity
    if _is_production(settings) and identity.enabled and identity.mfa != "mandatory":
        yield mistake(
            "identity",
            "mfa",
            value=identity.mfa,
            reason="A stolen password alone would be enough to sell a customer's positions.",
            cure="write mandatory",
        )


def images_are_pinned(settings: Settings) -> Iterator[Mistake]:
    """A tag says what was meant, a digest what was tested."""
    if not _is_production(settings):
        return
    for name, service in settings.services.items():
        for colour in ("blue", "green"):
            image = getattr(service.images, colour)
            if not image.startswith("sha256:"):
                yield mistake(
                    "services",
                    name,
                    "images",
                    colour,
                    value=image,
                    reason="A tag can lead to another image than the one that was tested.",
                    cure="write the digest of the tested image, sha256:...",
                )


def public_services_have_two_replicas(settings: Settings) -> Iterator[Mistake]:
    """One copy is an outage at each deployment of a node."""
    if not _is_production(settings):
        return
    for name, service in settings.containers.items():
        if service.exposure == "public" and service.replicas.min < LEAST_PUBLIC_REPLICAS:
            yield mistake(
                "services",
                name,
                "replicas",
                "min",
                value=service.replicas.min,
                reason="With a single copy, the loss of one machine is an outage that the public sees.",
                cure=f"write {LEAST_PUBLIC_REPLICAS} or more",
            )


def databases_survive_what_can_be_lost(settings: Settings) -> Iterator[Mistake]:
    """A zone, a cloud, a day's work."""
    if not _is_production(settings):
        return
    for name, database in settings.databases.managed.items():
        place = ("databases", "managed", name)
        if not database.multi_az:
            yield mistake(
                *(*place, "multi_az"),
                value=False,
                reason="With its zone the database is gone until someone restores it.",
                cure="write true",
            )
        if database.backups.retention_days < LEAST_BACKUP_DAYS:
            yield mistake(
                *(*place, "backups", "retention_days"),
                value=database.backups.retention_days,
                reason="What was destroyed a while ago is noticed late: a month can be restored.",
                cure=f"write {LEAST_BACKUP_DAYS} to 35",
            )
        if not database.deletion_protection:
            yield mistake(
                *(*place, "deletion_protection"),
                value=False,
                reason="One request could delete the instances of both clouds.",
                cure="write true",
            )
        if settings.gcp.enabled and database.standby is None:
            yield mistake(
                *(*place, "standby"),
                value=None,
                reason="With the loss of AWS there would be no copy to go on with.",
                cure="write a standby in Google Cloud",
            )


def caches_survive_a_zone(settings: Settings) -> Iterator[Mistake]:
    """Sessions are in them."""
    if not _is_production(settings):
        return
    for name, cache in settings.caches.managed.items():
        if cache.nodes < LEAST_CACHE_NODES:
            yield mistake(
                *("caches", "managed", name, "nodes"),
                value=cache.nodes,
                reason="A single node has nothing to fail over to: everyone would be signed out.",
                cure=f"write {LEAST_CACHE_NODES} to 6",
            )
        if cache.recovery is not None and cache.recovery.nodes < LEAST_CACHE_NODES:
            yield mistake(
                *("caches", "managed", name, "recovery", "nodes"),
                value=cache.recovery.nodes,
                reason="Once services there take over, a single node has nothing to fail over to.",
                cure=f"write {LEAST_CACHE_NODES} to 6",
            )
        if cache.standby is not None and not cache.standby.deletion_protection:
            yield mistake(
                *("caches", "managed", name, "standby", "deletion_protection"),
                value=False,
                reason="One request could delete the cache of the standby cloud.",
                cure="write true",
            )


def what_is_stored_survives_a_region(settings: Settings) -> Iterator[Mistake]:
    """A region can be lost, and what was written there with it."""
    if not _is_production(settings) or settings.aws.recovery is None:
        return
    for name, bucket in settings.storage.buckets.items():
        if not bucket.replicated:
            yield mistake(
                *("storage", "buckets", name, "replicated"),
                value=False,
                reason="With the loss of the region, what customers and regulators ask for would be lost.",
                cure="write true",
            )


def tasks_are_not_taken_away(settings: Settings) -> Iterator[Mistake]:
    """AWS takes Spot capacity back when others need it, from all services at once."""
    if _is_production(settings) and settings.compute.spot:
        yield mistake(
            "compute",
            "spot",
            value=True,
            reason="AWS takes such tasks away with two minutes' notice, many at once on a busy day.",
            cure="write false",
        )


def what_answers_is_protected(settings: Settings) -> Iterator[Mistake]:
    """What is deleted by mistake answers nobody until it is built again, under other addresses."""
    if not _is_production(settings):
        return
    if not settings.edge.deletion_protection:
        yield mistake(
            "edge",
            "deletion_protection",
            value=False,
            reason="One request could delete the load balancers that all customers come through.",
            cure="write true",
        )
    if not settings.compute.cloud_run.deletion_protection:
        yield mistake(
            *("compute", "cloud_run", "deletion_protection"),
            value=False,
            reason="One request could delete the services that stand by for the loss of AWS.",
            cure="write true",
        )


def names_are_signed(settings: Settings) -> Iterator[Mistake]:
    """An answer that nobody signed can be anybody's."""
    if _is_production(settings) and not settings.dns.signing:
        yield mistake(
            "dns",
            "signing",
            value=False,
            reason="A forged answer could lead customers, and certificate authorities, to somebody else.",
            cure="write true, and have the registrar publish the DS record",
        )


CHECKS = (
    it_has_a_recovery_region,
    it_has_a_standby_half,
    it_has_three_zones,
    it_has_a_nat_gateway_in_each_zone,
    keys_can_be_restored_for_a_month,
    secrets_can_be_restored_for_a_week,
    customers_confirm_a_sign_in,
    images_are_pinned,
    public_services_have_two_replicas,
    databases_survive_what_can_be_lost,
    caches_survive_a_zone,
    what_is_stored_survives_a_region,
    tasks_are_not_taken_away,
    what_answers_is_protected,
    names_are_signed,
)
