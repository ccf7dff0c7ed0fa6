"""The managed caches."""

from collections.abc import Mapping
from typing import TypeAlias

from components.data.cache_user import CacheUser
from components.data.elasticache import CacheEngine, CacheKeys, CacheNodes, CacheWindows, ElastiCacheArgs
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
from stacks.settings.caches import Cache, CacheStandby
from stacks.topology.network import Networks
from stacks.topology.providers import Providers

Cached: TypeAlias = Mapping[str, RedisHA]


def caches(settings: Settings, providers: Providers, keys: Mapping[str, KeyPair], network: Networks) -> Cached:
    """Every managed cache of the settings, by name."""
    return {
        name: RedisHA(
            f"redis-{name}",
            RedisHAArgs(
                aws=_aws(f"redis-{name}", cache, settings, keys, network),
                gcp=_gcp(cache, cache.standby, settings, keys, network) if cache.standby else None,
            ),
            providers.options(),
        )
        for name, cache in settings.caches.managed.items()
    }


def _aws(
    party: str, cache: Cache, settings: Settings, keys: Mapping[str, KeyPair], network: Networks
) -> ElastiCacheArgs:
    return ElastiCacheArgs(
        account_id=settings.aws.account_id,
        region=settings.aws.region,
        engine=CacheEngine(name=cache.engine, version=cache.version, eviction=cache.eviction),
        nodes=CacheNodes(
            node_type=cache.node_type,
            count=cache.nodes,
            subnet_ids=network.pair.database_subnet_ids,
            security_group_ids=[network.aws_access.security_group_ids[party]],
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
            data_arn=keys["data"].aws_key_arn,
            logs_arn=keys["logs"].aws_key_arn,
            secrets_arn=keys["secrets"].aws_key_arn,
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
