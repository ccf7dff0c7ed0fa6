"""The private entrance to Google Cloud: one address by which services call those on Cloud Run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.edge.global_load_balancer import BalancedService, check_names, check_sampling
from components.edge.url_routes import Backends, regional_not_found, regional_path_matcher
from components.workloads.service import COLOURS, Colour

INTERNAL = "INTERNAL_MANAGED"
"""The load balancer that reads requests; its namesake INTERNAL passes packets on and knows no weights."""
HTTPS = 443
RECORD_TTL_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class InternalLoadBalancerArgs:
    """What an InternalLoadBalancer needs to know."""

    project_id: str
    """The project of the load balancer."""
    region: str
    """The region of the services, and of whoever calls them."""
    domain: str
    """The domain of the private names, such as `gcp.internal.example.com`, without a dot at its end."""
    zone_name: pulumi.Input[str]
    """The private zone of that domain."""
    subnetwork_id: pulumi.Input[str]
    """The subnet of the address, once the region has a subnet for proxies; without one Google refuses the listener."""
    services: Mapping[str, BalancedService]
    """The services, by name; each host name is a label below the domain."""
    tls_profile: Literal["MODERN", "RESTRICTED"]
    """The ciphers that are offered: of TLS 1.2 the good ones, or those with forward secrecy only."""
    log_sampling: float
    """The share of requests that is logged, above 0 and at most 1."""

    def __post_init__(self) -> None:
        """Raise ValueError for names without one clear answer, or that the certificate would not hold."""
        check_names(self.services)
        hostnames = [hostname for service in self.services.values() for hostname in service.hostnames]
        for hostname in hostnames:
            if hostname.partition(".")[2] != self.domain:
                raise ValueError(
                    f"{hostname} is not one label below {self.domain}: neither its zone nor its certificate would fit"
                )
        check_sampling(self.log_sampling)


class InternalLoadBalancer(Component):
    """One address within the VPC, the way to all services of Cloud Run that others call.

    Owns the address with its names in the private zone, the listener with its certificate, the routes and a backend a
    service and colour. Guarantees that a release changes two weights of a route and nothing else, by the same routes as
    the public load balancer: a request which names a colour is sent to it whatever the weights say, one for an unknown
    host ends here with 404, and nothing is spoken but TLS 1.2 or newer. Port 80 is closed: a service that calls another
    without TLS has a mistake, and no redirect should hide it.

    Callers are in the same region: its subnets, and what comes over a link whose gateway stands there. Firewall rules
    look at what a caller may open, but not at the load balancer, nor at its way to Cloud Run.

    The certificate holds every name of the domain, so that another service needs no other. It is proven by a record in
    the public zone that the domain lies in; until that is there callers get no answer, while all of this is made.

    Leaves out that record, the firewall, and what runs behind it, which decides by identity who is let in.
    """

    address: Output[str]
    """The private IPv4 address."""
    urls: Mapping[str, Output[str]]
    """Where callers find each service, by name: `https://auth-service.gcp.internal.example.com`."""
    proof_name: Output[str]
    """The name of the CNAME record that proves the domain; it ends with a dot."""
    proof_value: Output[str]
    """What this record points to; it has to stay there, for renewals."""
    url_map_id: Output[str]
    """The routes."""
    backend_service_ids: Mapping[str, Output[str]]
    """The backends, by service and colour: `auth-service-green`."""

    def __init__(self, name: str, args: InternalLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:InternalLoadBalancer", name, None, opts)
        self._name, self._args = name, args

        address = self._address()
        backends = {service: self._backends(service, each) for service, each in args.services.items()}
        routes = self._routes(backends)
        authorization = self._authorization()
        self._listener(address, self._proxy(routes, self._certificate(authorization)))
        self._records(address)
        record = authorization.dns_resource_records.apply(lambda found: found[0])
        self.proof_name = record.apply(lambda found: found["name"])
        self.proof_value = record.apply(lambda found: found["data"])
        self.address, self.url_map_id = address.address, routes.id
        # Known beforehand and waiting for nothing: services call each other, and those that are called call as well.
        self.urls = {
            service: Output.from_input(f"https://{each.hostnames[0]}") for service, each in args.services.items()
        }
        self.backend_service_ids = {
            f"{service}-{colour}": backends[service][colour] for service in args.services for colour in COLOURS
        }
        self.publish()

    def _address(self) -> gcp.compute.Address:
        """Kept: resolvers in both clouds remember it."""
        return gcp.compute.Address(
            f"{self._name}-address",
            project=self._args.project_id,
            region=self._args.region,
            description=f"Private address of {self._name}",
            address_type="INTERNAL",
            purpose="GCE_ENDPOINT",
            subnetwork=self._args.subnetwork_id,
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
            description=f"{service}, {colour}, within the VPC",
            network_endpoint_type="SERVERLESS",
            cloud_run=gcp.compute.RegionNetworkEndpointGroupCloudRunArgs(service=each.cloud_run_services[colour]),
            opts=self.child(),
        ).id

    def _backend(self, key: str, groups: Sequence[Output[str]], health_check: Output[str] | None = None) -> Output[str]:
        return gcp.compute.RegionBackendService(
            f"{self._name}-{key}",
            project=self._args.project_id,
            region=self._args.region,
            description=f"{key} behind {self._name}",
            load_balancing_scheme=INTERNAL,
            protocol="HTTPS",
            backends=[
                # Google takes no other mode for Cloud Run, and wants the capacity said, all of it.
                gcp.compute.RegionBackendServiceBackendArgs(
                    group=group, balancing_mode="UTILIZATION", capacity_scaler=1
                )
                for group in groups
            ],
            health_checks=health_check,
            log_config=gcp.compute.RegionBackendServiceLogConfigArgs(enable=True, sample_rate=self._args.log_sampling),
            opts=self.child(),
        ).id

    def _nowhere(self) -> Output[str]:
        """A backend with nothing behind it; only Cloud Run excuses one from naming a health check."""
        check = gcp.compute.RegionHealthCheck(
            f"{self._name}-nowhere",
            project=self._args.project_id,
            region=self._args.region,
            description="Checks nothing, as nothing is there",
            tcp_health_check=gcp.compute.RegionHealthCheckTcpHealthCheckArgs(port=HTTPS),
            opts=self.child(),
        )
        return self._backend("nowhere", [], check.id)

    def _routes(self, backends: Mapping[str, Backends]) -> gcp.compute.RegionUrlMap:
        """Host by host; what names none of ours ends at a backend that has nothing behind it."""
        return gcp.compute.RegionUrlMap(
            f"{self._name}-routes",
            project=self._args.project_id,
            region=self._args.region,
            description=f"Hosts of {self._name} and the colours behind them",
            default_service=self._nowhere(),
            default_route_action=regional_not_found(),
            host_rules=[
                gcp.compute.RegionUrlMapHostRuleArgs(hosts=list(each.hostnames), path_matcher=service)
                for service, each in self._args.services.items()
            ],
            path_matchers=[
                regional_path_matcher(service, backends[service], each.release)
                for service, each in self._args.services.items()
            ],
            opts=self.child(),
        )

    def _authorization(self) -> gcp.certificatemanager.DnsAuthorization:
        return gcp.certificatemanager.DnsAuthorization(
            f"{self._name}-proof",
            project=self._args.project_id,
            location=self._args.region,
            description=f"Proof of {self._args.domain}",
            domain=self._args.domain,
            # A regional certificate is proven in no other way.
            type="PER_PROJECT_RECORD",
            opts=self.child(),
        )

    def _certificate(self, authorization: gcp.certificatemanager.DnsAuthorization) -> Output[str]:
        """A wildcard, so that the proxy keeps it: terraform-provider-google#17802 stops whoever changes its list."""
        return gcp.certificatemanager.Certificate(
            f"{self._name}-certificate",
            project=self._args.project_id,
            location=self._args.region,
            description=f"Certificate of the services below {self._args.domain}",
            scope="DEFAULT",
            managed=gcp.certificatemanager.CertificateManagedArgs(
                domains=[f"*.{self._args.domain}"], dns_authorizations=[authorization.id]
            ),
            opts=self.child(),
        ).id

    def _proxy(self, routes: gcp.compute.RegionUrlMap, certificate_id: Output[str]) -> Output[str]:
        tls = gcp.compute.RegionSslPolicy(
            f"{self._name}-tls",
            project=self._args.project_id,
            region=self._args.region,
            description="TLS 1.2 or newer",
            min_tls_version="TLS_1_2",
            profile=self._args.tls_profile,
            opts=self.child(),
        )
        return gcp.compute.RegionTargetHttpsProxy(
            f"{self._name}-https",
            project=self._args.project_id,
            region=self._args.region,
            description=f"Proxies of {self._name}",
            url_map=routes.id,
            certificate_manager_certificates=[
                Output.concat("//certificatemanager.googleapis.com/", certificate_id),
            ],
            ssl_policy=tls.id,
            opts=self.child(),
        ).id

    def _listener(self, address: gcp.compute.Address, proxy_id: Output[str]) -> None:
        gcp.compute.ForwardingRule(
            f"{self._name}-https",
            project=self._args.project_id,
            region=self._args.region,
            description=f"Port {HTTPS} of {self._name}",
            load_balancing_scheme=INTERNAL,
            subnetwork=self._args.subnetwork_id,
            ip_address=address.id,
            ip_protocol="TCP",
            port_range=str(HTTPS),
            target=proxy_id,
            # The tunnels to AWS end in this region, so that nobody calls from another one.
            allow_global_access=False,
            opts=self.child(),
        )

    def _records(self, address: gcp.compute.Address) -> None:
        for hostname in (hostname for each in self._args.services.values() for hostname in each.hostnames):
            gcp.dns.RecordSet(
                f"{self._name}-{hostname.partition('.')[0]}",
                project=self._args.project_id,
                managed_zone=self._args.zone_name,
                name=f"{hostname}.",
                type="A",
                ttl=RECORD_TTL_SECONDS,
                rrdatas=[address.address],
                opts=self.child(),
            )
