"""The public entrance to Google Cloud: one address for every service that stands there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.edge.url_routes import Backends, not_found, path_matcher, response_headers
from components.workloads.service import COLOURS, Colour, Release

EXTERNAL = "EXTERNAL_MANAGED"
"""The load balancer that weighs backends; its predecessor, EXTERNAL, cannot."""


@dataclass(frozen=True, kw_only=True)
class BalancedService:
    """A service behind a load balancer."""

    hostnames: Sequence[str]
    """The full host names that lead to it."""
    cloud_run_services: Mapping[str, pulumi.Input[str]]
    """The names of its Cloud Run services, by colour."""
    release: Release
    """The share of each colour."""


@dataclass(frozen=True, kw_only=True)
class GlobalLoadBalancerArgs:
    """What a GlobalLoadBalancer needs to know."""

    project_id: str
    """The project of the load balancer."""
    region: str
    """The region of the services."""
    services: Mapping[str, BalancedService]
    """The services, by name."""
    certificate_map_id: pulumi.Input[str]
    """The map with a certificate for each host name."""
    security_policy_id: pulumi.Input[str]
    """The Cloud Armor policy that every request passes."""
    security_headers: Mapping[str, str]
    """The headers that every response carries, whatever the service says."""
    tls_profile: Literal["MODERN", "RESTRICTED"]
    """The ciphers that are offered: of TLS 1.2 the good ones, or those with forward secrecy only."""
    log_sampling: float
    """The share of requests that is logged, above 0 and at most 1."""

    def __post_init__(self) -> None:
        """Raise ValueError for what would leave requests without one clear answer."""
        check_names(self.services)
        check_sampling(self.log_sampling)


def check_names(services: Mapping[str, BalancedService]) -> None:
    """Raise ValueError for a name that leads to two services, or a service without one."""
    hostnames = [hostname for service in services.values() for hostname in service.hostnames]
    if repeated := sorted({hostname for hostname in hostnames if hostnames.count(hostname) > 1}):
        raise ValueError(f"{', '.join(repeated)} would lead to two services; a name leads to one")
    for name, service in services.items():
        if not service.hostnames:
            raise ValueError(f"{name} has no host name, so that no request could reach it")


def check_sampling(share: float) -> None:
    """Raise ValueError for what is no share of the requests."""
    if not 0 < share <= 1:
        raise ValueError(f"log_sampling is {share}; write a share above 0 and at most 1")


class GlobalLoadBalancer(Component):
    """One address on the internet, the way in to all services that stand in Google Cloud.

    Owns the address, the listeners, the routes and a backend a service and colour. Guarantees that a release changes
    two weights of a route and nothing else, and no sooner than the services behind it have been told; that a request
    which names a colour is sent to it whatever the weights say; that nothing is spoken but TLS 1.2 or newer, port 80
    redirecting to it; that every request passes the security policy; and that one for an unknown host ends here, with
    404. No cookie remembers a colour, so a rollback holds for everybody at once.

    Its backends have no health checks, which Google refuses for Cloud Run, and no timeouts: those of the services hold.
    Leaves out certificates, the security policy, DNS and what runs behind it.
    """

    address: Output[str]
    """The IPv4 address that public names fail over to."""
    url_map_id: Output[str]
    """The routes."""
    backend_service_ids: Mapping[str, Output[str]]
    """The backends, by service and colour: `backend-api-green`."""

    def __init__(self, name: str, args: GlobalLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:GlobalLoadBalancer", name, None, opts)
        self._name, self._args = name, args

        address = self._address()
        backends = {service: self._backends(service, each) for service, each in args.services.items()}
        routes = self._routes(backends)
        self._https_listener(address, routes)
        self._redirecting_listener(address)
        self.address, self.url_map_id = address.address, routes.id
        self.backend_service_ids = {
            f"{service}-{colour}": backends[service][colour] for service in args.services for colour in COLOURS
        }
        self.publish()

    def _address(self) -> gcp.compute.GlobalAddress:
        """Kept: resolvers, and whoever allows what it answers, know it long before it is needed."""
        return gcp.compute.GlobalAddress(
            f"{self._name}-address",
            project=self._args.project_id,
            description=f"Public address of {self._name}",
            address_type="EXTERNAL",
            ip_version="IPV4",
            opts=self.child(protect=True),
        )

    def _backends(self, service: str, each: BalancedService) -> Backends:
        return {
            colour: self._backend(f"{service}-{colour}", [self._endpoints(service, colour, each)]) for colour in COLOURS
        }

    def _endpoints(self, service: str, colour: Colour, each: BalancedService) -> Output[str]:
        return gcp.compute.RegionNetworkEndpointGroup(
            f"{self._name}-{service}-{colour}",
            project=self._args.project_id,
            region=self._args.region,
            description=f"{service}, {colour}",
            network_endpoint_type="SERVERLESS",
            cloud_run=gcp.compute.RegionNetworkEndpointGroupCloudRunArgs(service=each.cloud_run_services[colour]),
            opts=self.child(),
        ).id

    def _nowhere(self) -> Output[str]:
        """A backend with nothing behind it; only Cloud Run excuses one from naming a health check."""
        check = gcp.compute.HealthCheck(
            f"{self._name}-nowhere",
            project=self._args.project_id,
            description="Checks nothing, as nothing is there",
            tcp_health_check=gcp.compute.HealthCheckTcpHealthCheckArgs(port=443),
            opts=self.child(),
        )
        return self._backend("nowhere", [], check.id)

    def _backend(self, key: str, groups: Sequence[Output[str]], health_check: Output[str] | None = None) -> Output[str]:
        return gcp.compute.BackendService(
            f"{self._name}-{key}",
            project=self._args.project_id,
            description=f"{key} behind {self._name}",
            load_balancing_scheme=EXTERNAL,
            protocol="HTTPS",
            backends=[gcp.compute.BackendServiceBackendArgs(group=group) for group in groups],
            health_checks=health_check,
            security_policy=self._args.security_policy_id,
            log_config=gcp.compute.BackendServiceLogConfigArgs(enable=True, sample_rate=self._args.log_sampling),
            opts=self.child(),
        ).id

    def _routes(self, backends: Mapping[str, Backends]) -> gcp.compute.URLMap:
        """Host by host; what names none of ours ends at a backend that has nothing behind it."""
        return gcp.compute.URLMap(
            f"{self._name}-routes",
            project=self._args.project_id,
            description=f"Hosts of {self._name} and the colours behind them",
            default_service=self._nowhere(),
            default_route_action=not_found(),
            host_rules=[
                gcp.compute.URLMapHostRuleArgs(hosts=list(each.hostnames), path_matcher=service)
                for service, each in self._args.services.items()
            ],
            path_matchers=[
                path_matcher(service, backends[service], each.release) for service, each in self._args.services.items()
            ],
            header_action=response_headers(self._args.security_headers),
            opts=self.child(),
        )

    def _https_listener(self, address: gcp.compute.GlobalAddress, routes: gcp.compute.URLMap) -> None:
        tls = gcp.compute.SSLPolicy(
            f"{self._name}-tls",
            project=self._args.project_id,
            description="TLS 1.2 or newer",
            min_tls_version="TLS_1_2",
            profile=self._args.tls_profile,
            opts=self.child(),
        )
        proxy = gcp.compute.TargetHttpsProxy(
            f"{self._name}-https",
            project=self._args.project_id,
            url_map=routes.id,
            certificate_map=Output.concat("//certificatemanager.googleapis.com/", self._args.certificate_map_id),
            ssl_policy=tls.id,
            # A request sent before the handshake is over can be replayed; one that places an order must not be.
            tls_early_data="DISABLED",
            opts=self.child(),
        )
        self._listener("https", address, proxy.id, "443")

    def _redirecting_listener(self, address: gcp.compute.GlobalAddress) -> None:
        redirect = gcp.compute.URLMap(
            f"{self._name}-redirect",
            project=self._args.project_id,
            description="From HTTP to HTTPS",
            default_url_redirect=gcp.compute.URLMapDefaultUrlRedirectArgs(
                https_redirect=True, redirect_response_code="MOVED_PERMANENTLY_DEFAULT", strip_query=False
            ),
            opts=self.child(),
        )
        proxy = gcp.compute.TargetHttpProxy(
            f"{self._name}-http", project=self._args.project_id, url_map=redirect.id, opts=self.child()
        )
        self._listener("http", address, proxy.id, "80")

    def _listener(self, key: str, address: gcp.compute.GlobalAddress, proxy_id: Output[str], port: str) -> None:
        gcp.compute.GlobalForwardingRule(
            f"{self._name}-{key}",
            project=self._args.project_id,
            description=f"Port {port} of {self._name}",
            load_balancing_scheme=EXTERNAL,
            network_tier="PREMIUM",
            ip_address=address.id,
            ip_protocol="TCP",
            port_range=port,
            target=proxy_id,
            opts=self.child(),
        )
