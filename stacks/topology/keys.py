"""The encryption keys: one a purpose, so that access to one kind of data opens no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi import Output

from components.security.key_pair import AwsKeyArgs, GcpKeyArgs, KeyPair, KeyPairArgs
from stacks.settings import Settings
from stacks.topology.providers import BIGQUERY, CLOUD_STORAGE, DATA_FUSION, DATASTREAM, Providers


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a key protects, and which services of the clouds use it."""

    protects: str
    """What it protects, shown in both consoles."""
    services: Sequence[str] = ()
    """AWS services that use it by themselves."""
    via_services: Sequence[str] = ()
    """AWS services through which our roles use it."""
    agents: Sequence[str] = ()
    """Google services whose agents use it."""
    agents_if_used: Sequence[str] = ()
    """Google services of which only some environments have the agents."""
    in_google: bool = True
    """Whether anything on Google Cloud is encrypted with it."""


PURPOSES = {
    "logs": Purpose(protects="Logs in CloudWatch", services=["logs"], in_google=False),
    "data": Purpose(
        protects="Databases, caches, volumes and buckets",
        via_services=["rds", "elasticache", "s3", "ec2"],
        agents=["sqladmin.googleapis.com", "redis.googleapis.com"],
        agents_if_used=[BIGQUERY, CLOUD_STORAGE, DATASTREAM, DATA_FUSION],
    ),
    "secrets": Purpose(
        protects="Secrets of services and operators",
        via_services=["secretsmanager"],
        agents=["secretmanager.googleapis.com"],
    ),
    "images": Purpose(
        protects="Container images, and what Cloud Run makes of them",
        via_services=["ecr"],
        agents=["artifactregistry.googleapis.com", "run.googleapis.com"],
    ),
    "events": Purpose(
        protects="Events on their way and in the archive",
        services=["events"],
        via_services=["kinesis", "sqs"],
        agents=["pubsub.googleapis.com"],
    ),
    "pii": Purpose(protects="Personal data, field by field, inside the applications"),
    "vault": Purpose(protects="The seal of Vault"),
}
"""Every key of the platform. The last two have no users until the workloads that call them are there."""


def keys(settings: Settings, providers: Providers) -> Mapping[str, KeyPair]:
    """The key of each purpose."""
    return {name: _key(name, purpose, settings, providers) for name, purpose in PURPOSES.items()}


def key_outputs(keys: Mapping[str, KeyPair]) -> dict[str, Any]:
    """The keys by purpose."""
    return {
        "aws_key_arns": {name: pair.aws_key_arn for name, pair in keys.items()},
        "gcp_key_ids": {name: pair.gcp_key_id for name, pair in keys.items()},
    }


def _key(name: str, purpose: Purpose, settings: Settings, providers: Providers) -> KeyPair:
    recovery = settings.aws.recovery
    google = settings.gcp.enabled and purpose.in_google
    return KeyPair(
        f"key-{name}",
        KeyPairArgs(
            purpose=purpose.protects,
            rotation_days=settings.keys.rotation_days,
            deletion_window_days=settings.keys.deletion_window_days,
            aws=AwsKeyArgs(
                account_id=settings.aws.account_id,
                region=settings.aws.region,
                recovery_region=recovery.region if recovery else None,
                administrators=settings.aws.administrators,
                services=purpose.services,
                via_services=purpose.via_services,
            ),
            gcp=GcpKeyArgs(
                project_id=settings.gcp.project_id,
                region=settings.gcp.region,
                administrators=settings.gcp.administrators,
                services=_agents(purpose, providers),
            )
            if google
            else None,
        ),
        providers.options(),
    )


def _agents(purpose: Purpose, providers: Providers) -> dict[str, Output[str]]:
    """IAM members that use the key, by the short names of their services."""
    used = [agent for agent in purpose.agents_if_used if agent in providers.google_agents]
    return {agent.split(".")[0]: providers.google_agents[agent] for agent in (*purpose.agents, *used)}
