"""All sections together."""

from collections.abc import Mapping

from stacks.settings.analytics import Analytics
from stacks.settings.aws import Aws
from stacks.settings.caches import Caches
from stacks.settings.compute import Compute
from stacks.settings.databases import Databases
from stacks.settings.dns import Dns
from stacks.settings.edge import Edge
from stacks.settings.environment import Environment
from stacks.settings.events import Events
from stacks.settings.gcp import Gcp
from stacks.settings.identity import Identity
from stacks.settings.keys import Keys
from stacks.settings.network import Network
from stacks.settings.registry import Registry
from stacks.settings.release import Release
from stacks.settings.residency import Residency
from stacks.settings.secrets import Secrets
from stacks.settings.section import Section
from stacks.settings.services import ContainerService, Service, ServiceName, StaticSite
from stacks.settings.storage import Storage

NAMESPACE = "platform"
"""What every key of the stack file begins with: the project's name."""


class Settings(Section):
    """What one environment is made of; each field is a section, `platform:<field>` in the stack file."""

    environment: Environment
    """Which environment this is, and how its resources are labelled."""
    aws: Aws
    """The AWS account, its regions and zones, the administrators of its keys, and the recovery region."""
    gcp: Gcp
    """The Google Cloud project, its region and zones, and whether the standby half is built at all."""
    residency: Residency
    """The regions that may hold data."""
    network: Network
    """Address ranges of both clouds, the link between them, and the ways in for people."""
    keys: Keys
    """Rotation and deletion of encryption keys."""
    secrets: Secrets
    """Rotation and recovery of secrets, and the secrets given from outside, each set encrypted."""
    registry: Registry
    """How long container images are kept."""
    databases: Databases
    """The PostgreSQL databases by name: size, backups, replicas, standby, and which side takes writes."""
    caches: Caches
    """The caches by name: engine, nodes, snapshots and standby."""
    storage: Storage
    """The buckets by name: how long each keeps what, its lock, its copies, and who asked for what."""
    events: Events
    """How long events are kept, how fast they pass between the clouds, and what they look like."""
    analytics: Analytics
    """The warehouse: its datasets, who sees personal data in it, and what fills it."""
    identity: Identity
    """How customers sign in, and from which pages."""
    compute: Compute
    """What services run on: processors, logs, machines, and what stands by in the recovery region."""
    edge: Edge
    """What stands between the internet and the services: load balancers, CDN, and the firewalls' rules."""
    dns: Dns
    """The public names: who serves and certifies them, and when they move to the other cloud."""
    release: Release
    """How much of the traffic the green release receives."""
    services: Mapping[ServiceName, Service]
    """The services by name: where each runs and stands by, its images, size, replicas, exposure and calls."""

    @property
    def containers(self) -> Mapping[str, ContainerService]:
        """The services that run as containers."""
        return {name: it for name, it in self.services.items() if isinstance(it, ContainerService)}

    @property
    def sites(self) -> Mapping[str, StaticSite]:
        """The services that are files alone."""
        return {name: it for name, it in self.services.items() if isinstance(it, StaticSite)}
