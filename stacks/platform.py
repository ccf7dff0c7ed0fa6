"""The composition root: every environment is built from this, and differs from the others by its settings alone."""

from collections.abc import Mapping
from typing import Any

from stacks.settings import Settings
from stacks.topology.administrators import bastions, client_vpn
from stacks.topology.data import data
from stacks.topology.events import events
from stacks.topology.identity import sign_in
from stacks.topology.keys import keys
from stacks.topology.network import networks
from stacks.topology.providers import providers
from stacks.topology.trust import images, rotation, rotator, secrets, trust


def build(settings: Settings) -> Mapping[str, Any]:
    """Register the platform in dependency order; returns the stack's outputs, which hold no secret."""
    clouds = providers(settings)
    key = keys(settings, clouds)
    network = networks(settings, clouds, key["logs"])
    aws_bastion, gcp_bastion = bastions(settings, clouds, network, key["logs"])
    vpn = client_vpn(settings, clouds, network, key["logs"])
    identity = rotator(settings, clouds)
    callers = trust(settings, clouds, identity)
    schedule = rotation(settings, clouds, key, identity, callers)
    secret = secrets(settings, clouds, key["secrets"], schedule)
    image = images(settings, clouds, key["images"])
    stored = data(settings, clouds, key, network)
    bus = events(settings, clouds, key)
    customers = sign_in(settings, clouds)

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
        "event_bus_name": bus.bus_name,
        "event_archive_arn": bus.archive_arn,
        "event_dead_letter_queues": bus.dead_letter_queue_names,
        "event_stream_name": bus.stream_name,
        "event_topic_id": bus.topic_id,
        "event_dead_letter_subscription": bus.dead_letter_subscription_id,
        "sign_in_issuer": customers.issuer if customers else None,
        "sign_in_audience": customers.audience if customers else None,
        "sign_in_keys_url": customers.jwks_url if customers else None,
        "databases": stored.database_outputs(),
        "caches": stored.cache_outputs(),
        "recovery_vpc_id": network.recovery.vpc_id if network.recovery else None,
    }
