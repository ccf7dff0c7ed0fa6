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
from components.security.cloud_trust import AwsCaller, CloudTrust, CloudTrustArgs
from components.security.function_identity import FunctionIdentity, FunctionIdentityArgs
from components.security.generated_secret import GeneratedSecret, GeneratedSecretArgs
from components.security.key_pair import KeyPair
from components.security.secret_pair import (
    AwsSecretArgs,
    GcpSecretArgs,
    Rotation,
    SecretPair,
    SecretPairArgs,
    SecretReplica,
)
from components.security.secret_rotation import (
    FunctionRole,
    GoogleAccess,
    RotatedSecrets,
    SecretRotation,
    SecretRotationArgs,
)
from stacks.settings import Settings
from stacks.topology.providers import Providers

APPLICATION_SECRETS = {
    "secret-key": GeneratedSecretArgs(kind="token"),
    "jwt-secret": GeneratedSecretArgs(kind="token"),
    "encryption-key": GeneratedSecretArgs(kind="encryption_key"),
}
"""What every application needs and nobody outside has to know, so that it is generated."""

ROTATED_SECRETS = ("jwt-secret", "secret-key")
"""Those that sign: their readers accept what the previous value signed for a while. The encryption key is none of them,
since what it encrypted would become unreadable."""

ROTATION_RUNTIME = "python3.13"
"""Goes with the function's code, which is tested here, and is the same in every environment."""


def rotator(settings: Settings, providers: Providers) -> FunctionIdentity:
    """Who rotates the secrets, in both clouds."""
    return FunctionIdentity(
        "secret-rotation-identity",
        FunctionIdentityArgs(
            purpose="Gives secrets a new value in both clouds",
            project_id=settings.gcp.project_id if settings.gcp.enabled else None,
        ),
        providers.options(),
    )


def rotation(
    settings: Settings,
    providers: Providers,
    keys: Mapping[str, KeyPair],
    identity: FunctionIdentity,
    callers: CloudTrust | None,
) -> Rotation:
    """The function that rotates the secrets, and how often it does."""
    function = SecretRotation(
        "secret-rotation",
        SecretRotationArgs(
            account_id=settings.aws.account_id,
            region=settings.aws.region,
            lambda_runtime=ROTATION_RUNTIME,
            role=FunctionRole(arn=identity.role_arn, name=identity.role_name),
            secrets=RotatedSecrets(
                names=ROTATED_SECRETS,
                key_arn=keys["secrets"].aws_key_arn,
                replica=_replica(settings, keys["secrets"]),
            ),
            google=GoogleAccess(
                project_id=settings.gcp.project_id,
                provider_name=callers.provider_name,
                service_account=identity.google_email,
            )
            if callers and identity.google_email is not None
            else None,
            logs_key_arn=keys["logs"].aws_key_arn,
            log_retention_days=settings.network.aws.flow_log_retention_days,
        ),
        providers.options(),
    )
    return Rotation(
        days=settings.secrets.rotation_days,
        function_arn=function.function_arn,
        google_member=identity.google_member,
    )


def secrets(settings: Settings, providers: Providers, key: KeyPair, rotation: Rotation) -> Mapping[str, SecretPair]:
    """Every secret by name: the generated ones, and those that were given from outside."""
    generated = {
        name: GeneratedSecret(f"{name}-value", kind, providers.options()).value
        for name, kind in APPLICATION_SECRETS.items()
    }
    external = {
        name: pulumi.Output.secret(secret.get_secret_value()) for name, secret in settings.secrets.provided().items()
    }
    return {
        name: _secret(name, value, settings, providers, key, rotation if name in ROTATED_SECRETS else None)
        for name, value in {**generated, **external}.items()
    }


def _secret(
    name: str,
    value: pulumi.Output[str],
    settings: Settings,
    providers: Providers,
    key: KeyPair,
    rotation: Rotation | None,
) -> SecretPair:
    return SecretPair(
        name,
        SecretPairArgs(
            description=f"{settings.environment.project}: {name}",
            value=value,
            recovery_window_days=settings.secrets.recovery_window_days,
            rotation=rotation,
            aws=AwsSecretArgs(
                account_id=settings.aws.account_id,
                region=settings.aws.region,
                key_arn=key.aws_key_arn,
                replica=_replica(settings, key),
            ),
            gcp=GcpSecretArgs(project_id=settings.gcp.project_id, region=settings.gcp.region, key_id=key.gcp_key_id)
            if key.gcp_key_id
            else None,
        ),
        providers.options(),
    )


def _replica(settings: Settings, key: KeyPair) -> SecretReplica | None:
    recovery = settings.aws.recovery
    if recovery is None or key.aws_replica_key_arn is None:
        return None
    return SecretReplica(region=recovery.region, key_arn=key.aws_replica_key_arn)


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


def trust(settings: Settings, providers: Providers, rotator: FunctionIdentity) -> CloudTrust | None:
    """Who of each cloud may act in the other; None where there is no other."""
    if rotator.service_account_id is None:
        return None
    return CloudTrust(
        "trust",
        CloudTrustArgs(
            account_id=settings.aws.account_id,
            project_id=settings.gcp.project_id,
            pool_prefix=f"{settings.environment.project}-aws",
            aws_callers={
                "secret-rotation": AwsCaller(role_arn=rotator.role_arn, service_account_id=rotator.service_account_id)
            },
        ),
        providers.options(),
    )
