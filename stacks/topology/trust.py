"""Secrets, container images, and the trust between the clouds."""

from collections.abc import Mapping

import pulumi

from components.registry.registry_pair import (
    AwsRegistryArgs,
    GcpRegistryArgs,
    RegistryPair,
    RegistryPairArgs,
    RegistryReplica,
)
from components.security.cloud_trust import CloudTrust, CloudTrustArgs
from components.security.generated_secret import GeneratedSecret, GeneratedSecretArgs
from components.security.key_pair import KeyPair
from components.security.secret_pair import AwsSecretArgs, GcpSecretArgs, SecretPair, SecretPairArgs, SecretReplica
from stacks.settings import Settings
from stacks.topology.providers import Providers

APPLICATION_SECRETS = {
    "secret-key": GeneratedSecretArgs(kind="token"),
    "jwt-secret": GeneratedSecretArgs(kind="token"),
    "encryption-key": GeneratedSecretArgs(kind="encryption_key"),
}
"""What every application needs and nobody outside has to know, so that it is generated."""


def secrets(settings: Settings, providers: Providers, key: KeyPair) -> Mapping[str, SecretPair]:
    """Every secret by name: the generated ones, and those that were given from outside."""
    generated = {
        name: GeneratedSecret(f"{name}-value", kind, providers.options()).value
        for name, kind in APPLICATION_SECRETS.items()
    }
    external = {
        name: pulumi.Output.secret(secret.get_secret_value()) for name, secret in settings.secrets.provided().items()
    }
    return {name: _secret(name, value, settings, providers, key) for name, value in {**generated, **external}.items()}


def _secret(name: str, value: pulumi.Output[str], settings: Settings, providers: Providers, key: KeyPair) -> SecretPair:
    recovery = settings.aws.recovery
    return SecretPair(
        name,
        SecretPairArgs(
            description=f"{settings.environment.project}: {name}",
            value=value,
            recovery_window_days=settings.secrets.recovery_window_days,
            rotation=None,
            aws=AwsSecretArgs(
                account_id=settings.aws.account_id,
                region=settings.aws.region,
                key_arn=key.aws_key_arn,
                replica=SecretReplica(region=recovery.region, key_arn=key.aws_replica_key_arn)
                if recovery and key.aws_replica_key_arn
                else None,
            ),
            gcp=GcpSecretArgs(project_id=settings.gcp.project_id, region=settings.gcp.region, key_id=key.gcp_key_id)
            if key.gcp_key_id
            else None,
        ),
        providers.options(),
    )


def images(settings: Settings, providers: Providers, key: KeyPair) -> RegistryPair:
    """A repository for the image of every service that runs as containers."""
    recovery = settings.aws.recovery
    return RegistryPair(
        "images",
        RegistryPairArgs(
            prefix=settings.environment.project,
            images=sorted(settings.containers),
            keep_images=settings.registry.keep_images,
            untagged_days=settings.registry.untagged_days,
            aws=AwsRegistryArgs(
                account_id=settings.aws.account_id,
                region=settings.aws.region,
                key_arn=key.aws_key_arn,
                replica=RegistryReplica(region=recovery.region, key_arn=key.aws_replica_key_arn)
                if recovery and key.aws_replica_key_arn
                else None,
            ),
            gcp=GcpRegistryArgs(project_id=settings.gcp.project_id, region=settings.gcp.region, key_id=key.gcp_key_id)
            if key.gcp_key_id
            else None,
        ),
        providers.options(),
    )


def trust(settings: Settings, providers: Providers) -> CloudTrust | None:
    """Who of each cloud may act in the other; None where there is no other."""
    if not settings.gcp.enabled:
        return None
    return CloudTrust(
        "trust",
        CloudTrustArgs(
            account_id=settings.aws.account_id,
            project_id=settings.gcp.project_id,
            pool_prefix=f"{settings.environment.project}-aws",
        ),
        providers.options(),
    )
