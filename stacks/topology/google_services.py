"""The services that run, or stand by, on Cloud Run, and the load balancers in front of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pulumi import Output

from components.compute.cloud_run_service import (
    CloudRunCallers,
    CloudRunIdentity,
    CloudRunNetwork,
    CloudRunPlace,
    CloudRunService,
    CloudRunServiceArgs,
)
from components.compute.service_identity import ServiceIdentity, ServiceIdentityArgs
from components.edge.global_load_balancer import BalancedService, GlobalLoadBalancer, GlobalLoadBalancerArgs
from components.edge.google_certificate import GoogleCertificate, GoogleCertificateArgs
from components.edge.headers import API_CONTENT_SECURITY_POLICY, GOOGLE_TLS_PROFILE, security_headers
from components.edge.internal_load_balancer import InternalLoadBalancer, InternalLoadBalancerArgs
from components.naming import stack_prefix
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.topology.entrances import Entrances
from stacks.topology.ground import Ground, gcp_ground
from stacks.topology.network import Networks
from stacks.topology.placement import (
    called_on_cloud_run,
    callers_in_google,
    in_google,
    internal_domain,
    on_cloud_run,
    place_host,
    private_host,
    public_host,
    published_in_google,
)
from stacks.topology.providers import Providers
from stacks.topology.specs import base_url, release, spec
from stacks.topology.stock import Stock

T = TypeVar("T")
Identities = Mapping[str, ServiceIdentity]
EGRESS: Mapping[str, Any] = {"all_traffic": "ALL_TRAFFIC", "private_ranges": "PRIVATE_RANGES_ONLY"}
"""The words of the settings as Google says them."""


@dataclass(frozen=True, kw_only=True)
class GoogleServices:
    """What names, alarms and operations need of the services on Cloud Run."""

    services: Mapping[str, CloudRunService]
    """The services, by name."""
    public: GlobalLoadBalancer
    """The load balancer that the internet reaches."""
    certificate: GoogleCertificate
    """The certificate of the public names."""
    internal: InternalLoadBalancer | None
    """The load balancer by which services call each other; None where none is called."""

    def outputs(self) -> dict[str, Any]:
        """What operators look up."""
        return {
            "cloud_run_services": {name: each.service_names for name, each in self.services.items()},
            "gcp_public_address": self.public.address,
        }


def identities(settings: Settings, providers: Providers) -> Identities:
    """Who each service is in Google Cloud; known before any of them runs, since they name each other as callers."""
    if not settings.gcp.enabled:
        return {}
    return {
        name: ServiceIdentity(
            f"{name}-identity",
            ServiceIdentityArgs(
                project_id=settings.gcp.project_id,
                prefix=stack_prefix(settings.environment.project, settings.environment.name),
                service=name,
            ),
            providers.options(),
        )
        for name in in_google(settings)
    }


def google_services(
    settings: Settings,
    providers: Providers,
    keys: Mapping[str, KeyPair],
    network: Networks,
    entrances: Entrances,
    stock: Stock,
    who: Identities,
) -> GoogleServices | None:
    """Every service of the settings that has a place on Cloud Run; None without the standby cloud."""
    policy = entrances.security.gcp_security_policy
    if not settings.gcp.enabled or policy is None:
        return None
    return _GoogleServices(settings, providers, keys, network, gcp_ground(settings, stock), who).made(policy)


class _GoogleServices:
    """The arguments of every service, from the settings and from what it is built on."""

    def __init__(
        self,
        settings: Settings,
        providers: Providers,
        keys: Mapping[str, KeyPair],
        network: Networks,
        ground: Ground,
        who: Identities,
    ) -> None:
        self._settings, self._providers, self._keys = settings, providers, keys
        self._network, self._ground, self._who = network, ground, who
        self._prefix = stack_prefix(settings.environment.project, settings.environment.name)

    def made(self, policy: Output[str]) -> GoogleServices:
        services = {name: self._service(name) for name in on_cloud_run(self._settings)}
        certificate = self._certificate()
        return GoogleServices(
            services=services,
            public=self._public(services, certificate, policy),
            certificate=certificate,
            internal=self._internal(services) if called_on_cloud_run(self._settings) else None,
        )

    def _service(self, name: str) -> CloudRunService:
        settings, service = self._settings, self._settings.containers[name]
        return CloudRunService(
            f"{name}-gcp",
            CloudRunServiceArgs(
                spec=spec(settings, name, self._ground),
                place=CloudRunPlace(
                    project_id=settings.gcp.project_id,
                    region=settings.gcp.region,
                    prefix=self._prefix,
                    serves_as="primary" if service.primary == "cloud_run" else "standby",
                    key_id=present(self._keys["images"].gcp_key_id),
                ),
                network=self._place(name),
                callers=self._callers(name),
                identity=CloudRunIdentity(email=self._who[name].email, member=self._who[name].member),
                concurrency=service.cloud_run.requests_at_once,
                cpu_idle=service.cloud_run.cpu_idle,
                deletion_protection=settings.compute.cloud_run.deletion_protection,
            ),
            self._providers.options(),
        )

    def _place(self, name: str) -> CloudRunNetwork:
        pair, firewall = self._network.pair, present(self._network.gcp_access)
        return CloudRunNetwork(
            network_id=present(pair.network_id),
            subnetwork_id=present(pair.serverless_subnetwork_id),
            tags=[firewall.network_tags[f"gcp-{name}"]],
            egress=EGRESS[self._settings.compute.cloud_run.egress],
        )

    def _callers(self, name: str) -> CloudRunCallers | None:
        """A public service checks no identity of Google's: customers have none."""
        if self._settings.containers[name].exposure == "public":
            return None
        return CloudRunCallers(
            members={caller: self._who[caller].member for caller in callers_in_google(self._settings, name)},
            audience=base_url(self._settings, name, self._ground),
        )

    def _certificate(self) -> GoogleCertificate:
        settings, published = self._settings, published_in_google(self._settings)
        return GoogleCertificate(
            "certificate-gcp",
            GoogleCertificateArgs(
                project_id=settings.gcp.project_id,
                hostnames={
                    **{name: public_host(settings, service) for name, service in published.items()},
                    **{place_key(name): place_host(settings, service, "gcp") for name, service in published.items()},
                },
            ),
            self._providers.options(),
        )

    def _public(
        self, services: Mapping[str, CloudRunService], certificate: GoogleCertificate, policy: Output[str]
    ) -> GlobalLoadBalancer:
        settings = self._settings
        return GlobalLoadBalancer(
            "edge-gcp",
            GlobalLoadBalancerArgs(
                project_id=settings.gcp.project_id,
                region=settings.gcp.region,
                services={
                    name: BalancedService(
                        hostnames=[public_host(settings, service), place_host(settings, service, "gcp")],
                        cloud_run_services=services[name].service_names,
                        release=release(settings, name, self._ground),
                    )
                    for name, service in published_in_google(settings).items()
                },
                certificate_map_id=certificate.map_id,
                security_policy_id=policy,
                security_headers=security_headers(API_CONTENT_SECURITY_POLICY),
                tls_profile=GOOGLE_TLS_PROFILE,
                log_sampling=settings.edge.google_log_sampling,
            ),
            self._providers.options(),
        )

    def _internal(self, services: Mapping[str, CloudRunService]) -> InternalLoadBalancer:
        settings, pair = self._settings, self._network.pair
        return InternalLoadBalancer(
            "internal-gcp",
            InternalLoadBalancerArgs(
                project_id=settings.gcp.project_id,
                region=settings.gcp.region,
                domain=f"gcp.{internal_domain(settings)}",
                zone_name=present(pair.gcp_zone_name),
                subnetwork_id=present(pair.balancers_subnetwork_id),
                services={
                    name: BalancedService(
                        hostnames=[private_host(settings, name, "gcp")],
                        cloud_run_services=services[name].service_names,
                        release=release(settings, name, self._ground),
                    )
                    for name in called_on_cloud_run(settings)
                },
                tls_profile=GOOGLE_TLS_PROFILE,
                log_sampling=settings.edge.google_log_sampling,
            ),
            self._providers.options(),
        )


def place_key(name: str) -> str:
    """How the name of a service in this one cloud is told from its public one."""
    return f"{name}-place"


def present(value: T | None) -> T:
    """Raises LookupError for what an environment without a standby cloud does not have."""
    if value is None:
        raise LookupError("this environment has no standby cloud")
    return value
