"""The Google Cloud half of the network: a VPC with subnets in one region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.network.private_google_access import INTERNET_GATEWAY, PrivateGoogleAccess, PrivateGoogleAccessArgs
from components.network.ranges import ANYWHERE
from components.ordering import after

SERVICE_NETWORKING = "servicenetworking.googleapis.com"
PODS_RANGE = "pods"
SERVICES_RANGE = "services"

NAT_ADDRESS_KEYS = ("a", "b")
"""Two, because partners are slow to list a new address: one can be given up while the other is listed already."""


@dataclass(frozen=True, kw_only=True)
class GcpNetworkArgs:
    """What a GcpNetwork needs to know."""

    project_id: str
    """The project that owns the VPC."""
    region: str
    """The region of the subnets, such as `us-east4`."""
    nodes: IPv4Network
    """The range of Kubernetes nodes and other instances."""
    pods: IPv4Network
    """The range of Kubernetes pods, a secondary range of the nodes' subnet."""
    services: IPv4Network
    """The range of Kubernetes services, a secondary range of the nodes' subnet."""
    control_plane: IPv4Network
    """The range of the Kubernetes control plane's private endpoint, /28."""
    serverless: IPv4Network
    """The range of Cloud Run's instances, /26 or larger."""
    resolver: IPv4Network
    """The range of the one address at which Cloud DNS answers the other cloud, /29."""
    proxies: IPv4Network
    """The range that internal load balancers reach their backends from, /26 or larger; Google recommends a /23."""
    pipelines: IPv4Network
    """The range of the interfaces by which Google's data pipelines reach databases, /28 or larger."""
    managed_services: IPv4Network
    """The range from which managed databases and caches get their addresses, /24 or larger."""
    flow_log_sampling: float
    """The share of flows that is logged, 0 to 1."""

    def __post_init__(self) -> None:
        """Raise ValueError for a range of a size that Google Cloud, or what lives in it, does not take."""
        if self.control_plane.prefixlen != 28:
            raise ValueError(f"control_plane {self.control_plane} is not a /28, the size GKE takes: write a /28")
        if self.serverless.prefixlen > 26:
            raise ValueError(f"serverless {self.serverless} is too small for Cloud Run: write a /26 or larger")
        if self.resolver.prefixlen != 29:
            raise ValueError(f"resolver {self.resolver} is not a /29, whose last free address is known: write a /29")
        if self.proxies.prefixlen > 26:
            raise ValueError(f"proxies {self.proxies} is too small for load balancers: write a /26 or larger")
        if self.pipelines.prefixlen > 28:
            raise ValueError(f"pipelines {self.pipelines} has no room for two pipelines: write a /28 or larger")
        if self.managed_services.prefixlen > 24:
            raise ValueError(
                f"managed_services {self.managed_services} holds no /24 for a service: write a /24 or larger"
            )


class GcpNetwork(Component):
    """A VPC with subnets for nodes, the Kubernetes control plane, Cloud Run, load balancers, pipelines and DNS.

    Owns the subnets, routes, NAT, flow logs, the private way to Google's APIs and the peering with the network of the
    managed services. Guarantees that nothing gets a public address by itself or a way out but by NAT, and that no route
    is there that this program did not write. Leaves out the routes to the other cloud, which belong to the link, and
    the firewall, which belongs to the access rules; until those exist Google lets nothing in and everything out.
    """

    network_id: Output[str]
    """The VPC."""
    network_name: Output[str]
    """The name of the VPC, for the few resources that do not take an id."""
    network_self_link: Output[str]
    """The URL of the VPC, for the few resources that do not take an id."""
    nodes_subnetwork_id: Output[str]
    """The subnet for Kubernetes nodes and other instances."""
    pods_range_name: Output[str]
    """The secondary range for pods, within the nodes' subnet."""
    services_range_name: Output[str]
    """The secondary range for Kubernetes services, within the nodes' subnet."""
    control_plane_subnetwork_id: Output[str]
    """The subnet for the private endpoint of a Kubernetes control plane."""
    serverless_subnetwork_id: Output[str]
    """The subnet for Cloud Run's instances."""
    resolver_subnetwork_id: Output[str]
    """The subnet for the address at which Cloud DNS answers the other cloud."""
    balancers_subnetwork_id: Output[str]
    """The subnet for addresses of internal load balancers, once there is a subnet for their proxies too."""
    pipelines_subnetwork_id: Output[str]
    """The subnet for the interfaces of data pipelines, which have no way out but to what the access rules name."""
    managed_services_range_name: Output[str]
    """The reserved range of managed databases and caches."""
    services_peering: Output[str]
    """The peering with the managed services; one created before it is there gets no private address."""
    nat_addresses: Mapping[str, Output[str]]
    """Public addresses that outgoing traffic comes from."""

    def __init__(self, name: str, args: GcpNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:GcpNetwork", name, None, opts)
        self._name, self._args = name, args

        vpc = self._vpc()
        self.network_id, self.network_name, self.network_self_link = vpc.id, vpc.name, vpc.self_link
        self._internet_route()
        nodes, serverless = self._nodes_subnet(), self._subnet("serverless", args.serverless)
        self.nodes_subnetwork_id, self.serverless_subnetwork_id = nodes.id, serverless.id
        self.pods_range_name, self.services_range_name = (
            Output.from_input(PODS_RANGE),
            Output.from_input(SERVICES_RANGE),
        )
        self.nat_addresses = self._nat_gateway([nodes, serverless])
        self.control_plane_subnetwork_id = self._subnet("control-plane", args.control_plane).id
        self.resolver_subnetwork_id = self._subnet("resolver", args.resolver).id
        self.pipelines_subnetwork_id = self._subnet("pipelines", args.pipelines).id
        # Google refuses a load balancer in a region without proxies, though it names no more than its own subnet.
        self.balancers_subnetwork_id = after(nodes.id, [self._proxies_subnet()])
        self.managed_services_range_name, self.services_peering = self._managed_services()
        self._private_endpoints()
        self.publish()

    def _vpc(self) -> gcp.compute.Network:
        return gcp.compute.Network(
            f"{self._name}-vpc",
            project=self._args.project_id,
            description=f"VPC of {self._name}",
            auto_create_subnetworks=False,
            # Without it only subnets of the router's own region would learn the routes of the other cloud.
            routing_mode="GLOBAL",
            # Cloud VPN carries no larger packets; a larger MTU inside would be fragmented or dropped at the gateway.
            mtu=1460,
            # Replaced by routes of our own: one that Google adds by itself shows in no plan.
            delete_default_routes_on_create=True,
            opts=self.child(protect=True),
        )

    def _internet_route(self) -> None:
        """The way out: only NAT can use it, as nothing in the VPC has a public address."""
        gcp.compute.Route(
            f"{self._name}-internet",
            project=self._args.project_id,
            network=self.network_id,
            description="Outgoing traffic by NAT",
            dest_range=str(ANYWHERE),
            next_hop_gateway=INTERNET_GATEWAY,
            priority=1000,
            opts=self.child(),
        )

    def _nodes_subnet(self) -> gcp.compute.Subnetwork:
        return self._subnet(
            "nodes",
            self._args.nodes,
            [
                gcp.compute.SubnetworkSecondaryIpRangeArgs(range_name=PODS_RANGE, ip_cidr_range=str(self._args.pods)),
                gcp.compute.SubnetworkSecondaryIpRangeArgs(
                    range_name=SERVICES_RANGE, ip_cidr_range=str(self._args.services)
                ),
            ],
        )

    def _subnet(
        self,
        role: str,
        cidr: IPv4Network,
        secondary: Sequence[gcp.compute.SubnetworkSecondaryIpRangeArgs] = (),
    ) -> gcp.compute.Subnetwork:
        return gcp.compute.Subnetwork(
            f"{self._name}-{role}",
            project=self._args.project_id,
            region=self._args.region,
            network=self.network_id,
            ip_cidr_range=str(cidr),
            secondary_ip_ranges=list(secondary),
            private_ip_google_access=True,
            log_config=gcp.compute.SubnetworkLogConfigArgs(
                aggregation_interval="INTERVAL_1_MIN",
                flow_sampling=self._args.flow_log_sampling,
                metadata="INCLUDE_ALL_METADATA",
            ),
            opts=self.child(),
        )

    def _proxies_subnet(self) -> gcp.compute.Subnetwork:
        """For the proxies of all load balancers of the region; Google logs no flows of them and lets nobody else in."""
        return gcp.compute.Subnetwork(
            f"{self._name}-proxies",
            project=self._args.project_id,
            region=self._args.region,
            network=self.network_id,
            ip_cidr_range=str(self._args.proxies),
            purpose="REGIONAL_MANAGED_PROXY",
            role="ACTIVE",
            opts=self.child(),
        )

    def _nat_gateway(self, subnets: Sequence[gcp.compute.Subnetwork]) -> dict[str, Output[str]]:
        """Named subnets alone: one that is added later has no way out until it is named here."""
        # Partners list these addresses in their firewalls, so an address outlives a replaced gateway.
        addresses = {
            key: gcp.compute.Address(
                f"{self._name}-nat-{key}",
                project=self._args.project_id,
                region=self._args.region,
                address_type="EXTERNAL",
                network_tier="PREMIUM",
                opts=self.child(protect=True),
            )
            for key in NAT_ADDRESS_KEYS
        }
        router = gcp.compute.Router(
            f"{self._name}-nat",
            project=self._args.project_id,
            region=self._args.region,
            network=self.network_id,
            opts=self.child(),
        )
        gcp.compute.RouterNat(
            f"{self._name}-nat",
            project=self._args.project_id,
            region=self._args.region,
            router=router.name,
            nat_ip_allocate_option="MANUAL_ONLY",
            nat_ips=[address.self_link for address in addresses.values()],
            source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
            subnetworks=[
                gcp.compute.RouterNatSubnetworkArgs(name=subnet.self_link, source_ip_ranges_to_nats=["ALL_IP_RANGES"])
                for subnet in subnets
            ],
            # A node's pods share its ports, and most connections go to the same few brokers. Growing with the need
            # and keeping a port for one destination exclude each other.
            enable_dynamic_port_allocation=True,
            enable_endpoint_independent_mapping=False,
            min_ports_per_vm=128,
            max_ports_per_vm=8192,
            log_config=gcp.compute.RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
            opts=self.child(),
        )
        return {key: address.address for key, address in addresses.items()}

    def _managed_services(self) -> tuple[Output[str], Output[str]]:
        """Peer with Google's network of managed services, and exchange routes with it.

        Without the exchange the databases have no way back to AWS, whose routes are learnt and not subnets of ours.
        """
        allocated = gcp.compute.GlobalAddress(
            f"{self._name}-managed-services",
            project=self._args.project_id,
            network=self.network_id,
            purpose="VPC_PEERING",
            address_type="INTERNAL",
            address=str(self._args.managed_services.network_address),
            prefix_length=self._args.managed_services.prefixlen,
            opts=self.child(),
        )
        connection = gcp.servicenetworking.Connection(
            f"{self._name}-managed-services",
            network=self.network_id,
            service=SERVICE_NETWORKING,
            reserved_peering_ranges=[allocated.name],
            # Google keeps a deleted database's hold on the connection for days, in which neither the connection nor
            # the VPC could be deleted, and remembers the connection when the VPC is made again.
            deletion_policy="REMOVE_PEERING",
            update_on_creation_fail=True,
            opts=self.child(),
        )
        gcp.compute.NetworkPeeringRoutesConfig(
            f"{self._name}-managed-services",
            project=self._args.project_id,
            network=self.network_name,
            peering=connection.peering,
            import_custom_routes=True,
            export_custom_routes=True,
            opts=self.child(),
        )
        return allocated.name, connection.peering

    def _private_endpoints(self) -> None:
        PrivateGoogleAccess(
            f"{self._name}-google-apis",
            PrivateGoogleAccessArgs(project_id=self._args.project_id, network_id=self.network_id),
            self.child(),
        )
