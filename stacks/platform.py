"""The composition root: every environment is built from this, and differs from the others by its settings alone."""

from collections.abc import Mapping
from typing import Any

from stacks.settings import Settings
from stacks.topology.administrators import bastions, client_vpn
from stacks.topology.keys import keys
from stacks.topology.network import networks
from stacks.topology.providers import providers
from stacks.topology.trust import images, secrets, trust


def build(settings: Settings) -> Mapping[str, Any]:
    """Register the platform in dependency order; returns the stack's outputs, which hold no secret."""
    clouds = providers(settings)
    key = keys(settings, clouds)
    network = networks(settings, clouds, key["logs"])
    aws_bastion, gcp_bastion = bastions(settings, clouds, network, key["logs"])
    vpn = client_vpn(settings, clouds, network, key["logs"])
    secret = secrets(settings, clouds, key["secrets"])
    image = images(settings, clouds, key["images"])
    callers = trust(settings, clouds)

    return {
        "vpc_id": network.pair.vpc_id,
        "aws_nat_addresses": network.pair.aws_nat_addresses,
        "aws_key_arns": {name: pair.aws_key_arn for name, pair in key.items()},
        "aws_secret_arns": {name: pair.aws_secret_arn for name, pair in secret.items()},
        "aws_repository_urls": image.aws_repository_urls,
        "aws_bastion_session": aws_bastion.session_document_name if aws_bastion else None,
        "client_vpn_endpoint": vpn.dns_name if vpn else None,
        "network_id": network.pair.network_id,
        "gcp_nat_addresses": network.pair.gcp_nat_addresses,
        "gcp_key_ids": {name: pair.gcp_key_id for name, pair in key.items()},
        "gcp_secret_ids": {name: pair.gcp_secret_id for name, pair in secret.items()},
        "gcp_repository_url": image.gcp_repository_url,
        "gcp_bastion_instance": gcp_bastion.instance_name if gcp_bastion else None,
        "identity_provider": callers.provider_name if callers else None,
        "recovery_vpc_id": network.recovery.vpc_id if network.recovery else None,
    }
