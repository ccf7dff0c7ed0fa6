"""What is there before any service: secrets, images, data, the event bus and sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.compute.service_identity import ServiceIdentity
from components.events.cross_cloud_event_bus import CrossCloudEventBus
from components.registry.registry_pair import RegistryPair
from components.security.cloud_trust import CloudTrust
from components.security.identity_platform import IdentityPlatform
from components.security.key_pair import KeyPair
from components.security.secret_pair import SecretPair
from stacks.settings import Settings
from stacks.topology.data import Data, data
from stacks.topology.events import event_outputs, events
from stacks.topology.identity import sign_in, sign_in_outputs
from stacks.topology.network import Networks
from stacks.topology.providers import Providers
from stacks.topology.storage import Storage, storage
from stacks.topology.trust import images, rotation, rotator, secrets, trust


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What services of all places are given."""

    trust: CloudTrust | None
    """Who of each cloud may act in the other; None where there is no other."""
    secrets: Mapping[str, SecretPair]
    """The secrets by name: `secret-key`."""
    images: RegistryPair
    """Where images are pulled from."""
    data: Data
    """The databases and caches."""
    storage: Storage
    """The buckets."""
    bus: CrossCloudEventBus
    """The event bus."""
    sign_in: IdentityPlatform | None
    """How customers sign in; None where nobody does."""

    def outputs(self) -> dict[str, Any]:
        """What operators and releases look up."""
        return {
            "identity_provider": self.trust.provider_name if self.trust else None,
            "aws_secret_arns": {name: pair.aws_secret_arn for name, pair in self.secrets.items()},
            "gcp_secret_ids": {name: pair.gcp_secret_id for name, pair in self.secrets.items()},
            "aws_repository_urls": self.images.aws_repository_urls,
            "gcp_repository_url": self.images.gcp_repository_url,
            "databases": self.data.database_outputs(),
            "caches": self.data.cache_outputs(),
            **self.storage.outputs(),
            **event_outputs(self.bus),
            **sign_in_outputs(self.sign_in),
        }


def stocked(
    settings: Settings,
    providers: Providers,
    keys: Mapping[str, KeyPair],
    network: Networks,
    who: Mapping[str, ServiceIdentity],
) -> Stock:
    """Everything that services are given, in the order in which it is built."""
    identity = rotator(settings, providers)
    callers = trust(settings, providers, identity)
    schedule = rotation(settings, providers, keys, identity, callers)
    return Stock(
        trust=callers,
        secrets=secrets(settings, providers, keys["secrets"], schedule),
        images=images(settings, providers, keys["images"]),
        data=data(settings, providers, keys, network),
        storage=storage(settings, providers, keys, who),
        bus=events(settings, providers, keys, who),
        sign_in=sign_in(settings, providers),
    )
