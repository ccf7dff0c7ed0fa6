"""The composition root: every environment is built from this, and differs from the others by its settings alone."""

from collections.abc import Mapping
from typing import Any

from stacks.settings import Settings
from stacks.topology.administrators import administrators
from stacks.topology.analytics import warehouse
from stacks.topology.aws_services import aws_services
from stacks.topology.callbacks import gateways
from stacks.topology.entrances import entrances
from stacks.topology.failover import public_names
from stacks.topology.google_services import google_services, identities
from stacks.topology.keys import key_outputs, keys
from stacks.topology.names import names
from stacks.topology.network import networks
from stacks.topology.providers import providers
from stacks.topology.recovery import recovery
from stacks.topology.sites import sites
from stacks.topology.stock import stocked

Outputs = Mapping[str, Any]


def build(settings: Settings) -> Outputs:
    """Register the platform in dependency order; returns the stack's outputs, which hold no secret."""
    clouds = providers(settings)
    key = keys(settings, clouds)
    network = networks(settings, clouds, key["logs"])
    people = administrators(settings, clouds, network, key["logs"])
    who = identities(settings, clouds)
    stock = stocked(settings, clouds, key, network, who)
    analysed = warehouse(settings, clouds, key, network, stock.data.databases)
    name = names(settings, clouds)
    way_in = entrances(settings, clouds, key, network, name)
    on_aws = aws_services(settings, clouds, key, network, way_in, stock)
    on_google = google_services(settings, clouds, key, network, way_in, stock, who)
    socket = gateways(settings, clouds, key, network, name, way_in, on_aws, stock.sign_in)
    site = sites(settings, clouds, name, way_in)
    in_recovery = recovery(settings, clouds, key, network, name, way_in, stock)
    public = public_names(settings, clouds, name, way_in, site, on_google, in_recovery)

    return {
        **key_outputs(key),
        **network.outputs(),
        **people.outputs(),
        **stock.outputs(),
        **analysed.outputs(),
        **name.outputs(),
        **on_aws.outputs(),
        **(on_google.outputs() if on_google else {}),
        **socket.outputs(),
        **site.outputs(),
        **(in_recovery.outputs() if in_recovery else {}),
        "failover_seconds": public.failover_seconds,
        "failback_seconds": public.failback_seconds,
    }
