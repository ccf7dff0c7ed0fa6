"""The managed caches."""

from collections.abc import Mapping
from typing import TypeAlias

from components.data.cache_user import CacheUser
from components.data.elasticache import (
    CacheEngine,
    CacheKeys,
    CacheNodes,
    CacheWindows,
    ElastiCache,
    ElastiCacheArgs,
)
from components.data.memorystore import (
    MemorystoreArgs,
    MemorystoreEngine,
    MemorystoreKeys,
    MemorystoreNetwork,
    MemorystoreWindows,
)
from components.data.redis_ha import RedisHA, RedisHAArgs
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.settings.caches import Cache, CacheRecovery, CacheStandby
from stacks.topology.network import Networks
from stacks.topology.providers import Providers
from stacks.topology.regions import AwsRegion, primary_region, recovery_region

Cached: TypeAlias = Mapping[str, RedisHA]


def caches(settings: Settings, providers: Providers, keys: Mapping[str, KeyPair], network: Networks) -> Cached:
    """Every managed cache of the settings, by name."""
    region = primary_region(settings, providers, keys, network)
    return {
        name: RedisHA(
            f"redis-{name}",
            RedisHAArgs(
                aws=_aws(f"redis-{name}", cache, cache, settings, region),
                gcp=_gcp(cache, cache.standby, settings, keys, network) if cache.standby else None,
            ),
            providers.options(),
        )
        for name, cache in settings.caches.managed.items()
    }


def recovery_caches(
    settings: Settings, providers: Providers, keys: Mapping[str, KeyPair], network: Networks
) -> Mapping[str, ElastiCache]:
    """The caches of the recovery region, by name; each begins empty, with a password of its own."""
    region = recovery_region(settings, providers, keys, network)
    if region is None:
        return {}
    return {
        name: ElastiCache(
            f"redis-{name}-recovery", _aws(f"redis-{name}", cache, cache.recovery, settings, region), region.options()
        )
        for name, cache in settings.caches.managed.items()
        if cache.recovery is not None
    }


def _aws(
    party: str, cache: Cache, size: Cache | CacheRecovery, settings: Settings, region: AwsRegion
) -> ElastiCacheArgs:
    return ElastiCacheArgs(
        account_id=settings.aws.account_id,
        region=region.name,
        engine=CacheEngine(name=cache.engine, version=cache.version, eviction=cache.eviction),
        nodes=CacheNodes(
            node_type=size.node_type,
            count=size.nodes,
            subnet_ids=region.database_subnet_ids,
            security_group_ids=[region.security_group_ids[party]],
        ),
        user=CacheUser(
            key_patterns=cache.user.key_patterns,
            channel_patterns=cache.user.channel_patterns,
            generation=cache.user.generation,
        ),
        windows=CacheWindows(
            snapshot_days=cache.backups.snapshot_days,
            snapshot=cache.backups.window,
            maintenance=cache.backups.maintenance_window,
        ),
        keys=CacheKeys(
            data_arn=region.key_arns["data"],
            logs_arn=region.key_arns["logs"],
            secrets_arn=region.key_arns["secrets"],
        ),
        log_retention_days=cache.log_retention_days,
        recovery_window_days=settings.secrets.recovery_window_days,
    )


def _gcp(
    cache: Cache, standby: CacheStandby, settings: Settings, keys: Mapping[str, KeyPair], network: Networks
) -> MemorystoreArgs | None:
    pair, data_id, secrets_id = network.pair, keys["data"].gcp_key_id, keys["secrets"].gcp_key_id
    network_id, allocated, peering = pair.network_id, pair.managed_services_range_name, pair.services_peering
    if data_id is None or secrets_id is None or network_id is None or allocated is None or peering is None:
        return None
    return MemorystoreArgs(
        project_id=settings.gcp.project_id,
        region=settings.gcp.region,
        engine=MemorystoreEngine(version=standby.version, memory_gib=standby.memory_gib, eviction=cache.eviction),
        network=MemorystoreNetwork(network_id=network_id, allocated_range=allocated, services_peering=peering),
        windows=MemorystoreWindows(
            snapshots=standby.snapshots,
            maintenance_day=standby.maintenance_day,
            maintenance_hour=standby.maintenance_hour,
        ),
        keys=MemorystoreKeys(data_id=data_id, secrets_id=secrets_id),
        readers={},
        recovery_window_days=settings.secrets.recovery_window_days,
        deletion_protection=standby.deletion_protection,
    )
