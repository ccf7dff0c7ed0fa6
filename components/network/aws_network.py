"""The AWS half of the network: a VPC of one region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.network import resolver_addresses, subnets
from components.network.private_endpoints import PrivateEndpoints, PrivateEndpointsArgs
from components.ordering import after

NatPlacement = Literal["per_zone", "single"]


@dataclass(frozen=True, kw_only=True)
class AwsNetworkArgs:
    """What an AwsNetwork needs to know."""

    account_id: str
    """The account that owns the VPC, 12 digits."""
    region: str
    """The region of the provider, such as `us-east-1`."""
    zones: Sequence[str]
    """Availability zones by name, such as `us-east-1a`."""
    cidr: IPv4Network
    """The range of the VPC, /16 to /18."""
    nat: NatPlacement
    """`per_zone` survives the loss of a zone; `single` costs a third and does not."""
    interface_endpoints: Sequence[str]
    """AWS services reached privately, as in their endpoint names: `ecr.api`, `secretsmanager`, `kms` ..."""
    flow_log_retention_days: int
    """Days that flow logs are kept in CloudWatch Logs; one of the periods CloudWatch accepts."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key of the same region that encrypts the flow logs."""


class AwsNetwork(Component):
    """A VPC with public, private, database and transit subnets in every zone.

    Owns the subnets, route tables, NAT gateways, endpoints and flow logs. Guarantees that database and transit subnets
    have no route to the internet, that nothing gets a public address by itself, and that the default security group,
    which a forgotten argument falls back to, lets nothing through. Leaves out the routes to the other cloud, which
    belong to the link, and the security groups of the platform's parts, which belong to the access rules.
    """

    vpc_id: Output[str]
    """The VPC."""
    public_subnet_ids: Mapping[str, Output[str]]
    """Subnets for load balancers, by zone."""
    private_subnet_ids: Mapping[str, Output[str]]
    """Subnets for workloads, by zone."""
    database_subnet_ids: Mapping[str, Output[str]]
    """Subnets for managed databases and caches, by zone."""
    transit_subnet_ids: Mapping[str, Output[str]]
    """Subnets for Transit Gateway attachments, by zone."""
    private_route_table_ids: Mapping[str, Output[str]]
    """Route tables of the private subnets, by zone."""
    database_route_table_ids: Mapping[str, Output[str]]
    """Route tables of the database subnets, by zone."""
    nat_addresses: Mapping[str, Output[str]]
    """Public addresses that outgoing traffic comes from, by the zone of the NAT gateway."""

    def __init__(self, name: str, args: AwsNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:AwsNetwork", name, None, opts)
        self._name, self._args = name, args
        self._plan = subnets.plan(args.cidr, args.zones)

        vpc = self._vpc()
        self.vpc_id = vpc.id
        self._close_defaults(vpc)
        internet = self._internet_gateway()
        self.public_subnet_ids = self._public_subnets(internet)
        gateways = self._nat_gateways(internet)
        self.nat_addresses = {zone: gateway.public_ip for zone, gateway in gateways.items()}
        self.private_subnet_ids, self.private_route_table_ids = self._private_subnets(gateways)
        self.database_subnet_ids, self.database_route_table_ids = self._isolated_subnets("database")
        self.transit_subnet_ids, _ = self._isolated_subnets("transit")
        self._private_endpoints()
        self._flow_logs()
        self.publish()

    def _vpc(self) -> aws.ec2.Vpc:
        return aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=str(self._args.cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": self._name},
            opts=self.child(protect=True),
        )

    def _close_defaults(self, vpc: aws.ec2.Vpc) -> None:
        """Adopt what AWS creates with the VPC: no rules in the security group, no routes in the main route table."""
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-sg",
            vpc_id=self.vpc_id,
            ingress=[],
            egress=[],
            tags={"Name": f"{self._name}-default-closed"},
            opts=self.child(),
        )
        aws.ec2.DefaultRouteTable(
            f"{self._name}-default-rt",
            default_route_table_id=vpc.default_route_table_id,
            routes=[],
            tags={"Name": f"{self._name}-default-empty"},
            opts=self.child(),
        )

    def _internet_gateway(self) -> aws.ec2.InternetGateway:
        return aws.ec2.InternetGateway(
            f"{self._name}-igw", vpc_id=self.vpc_id, tags={"Name": self._name}, opts=self.child()
        )

    def _public_subnets(self, internet: aws.ec2.InternetGateway) -> dict[str, Output[str]]:
        """One route table for all zones: every public subnet has the same single way out."""
        table = self._route_table("public")
        aws.ec2.Route(
            f"{self._name}-public-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet.id,
            opts=self.child(),
        )
        return {zone: self._subnet("public", zone, table) for zone in self._args.zones}

    def _nat_gateways(self, internet: aws.ec2.InternetGateway) -> dict[str, aws.ec2.NatGateway]:
        zones = sorted(self._args.zones)
        return {
            zone: self._nat_gateway(zone, internet) for zone in (zones if self._args.nat == "per_zone" else zones[:1])
        }

    def _nat_gateway(self, zone: str, internet: aws.ec2.InternetGateway) -> aws.ec2.NatGateway:
        tags = {"Name": f"{self._name}-nat-{zone}"}
        # Partners list these addresses in their firewalls, so an address outlives a replaced gateway.
        address = aws.ec2.Eip(f"{self._name}-nat-{zone}", domain="vpc", tags=tags, opts=self.child(protect=True))
        return aws.ec2.NatGateway(
            f"{self._name}-nat-{zone}",
            allocation_id=address.id,
            subnet_id=self.public_subnet_ids[zone],
            tags=tags,
            # AWS refuses a public NAT gateway in a VPC that has no internet gateway attached yet.
            opts=self.child(depends_on=[internet]),
        )

    def _private_subnets(
        self, gateways: Mapping[str, aws.ec2.NatGateway]
    ) -> tuple[dict[str, Output[str]], dict[str, Output[str]]]:
        """A route table a zone even with a single gateway, so that adding gateways moves routes and no subnets."""
        ids: dict[str, Output[str]] = {}
        tables: dict[str, Output[str]] = {}
        fallback = next(iter(gateways.values()))
        for zone in self._args.zones:
            table = self._route_table("private", zone)
            aws.ec2.Route(
                f"{self._name}-private-internet-{zone}",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateways.get(zone, fallback).id,
                opts=self.child(),
            )
            ids[zone] = self._beside_resolver(zone, self._subnet("private", zone, table))
            tables[zone] = table.id
        return ids, tables

    def _beside_resolver(self, zone: str, subnet_id: Output[str]) -> Output[str]:
        """The subnet, once the last addresses in it are kept for resolver endpoints.

        The other cloud asks at addresses that are fixed beforehand. A reservation takes none away that is in use, so it
        has to come before everything else in the subnet, and even where there is no link yet.
        """
        reservation = aws.ec2.SubnetCidrReservation(
            f"{self._name}-resolver-{zone}",
            subnet_id=subnet_id,
            cidr_block=str(resolver_addresses.reserved(self._plan[zone].private)),
            reservation_type="explicit",
            description="Route 53 resolver endpoints",
            opts=self.child(),
        )
        return after(subnet_id, [reservation])

    def _isolated_subnets(
        self, tier: Literal["database", "transit"]
    ) -> tuple[dict[str, Output[str]], dict[str, Output[str]]]:
        """Subnets that reach only the VPC; the link adds its own routes to the database tables."""
        ids: dict[str, Output[str]] = {}
        tables: dict[str, Output[str]] = {}
        for zone in self._args.zones:
            table = self._route_table(tier, zone)
            ids[zone], tables[zone] = self._subnet(tier, zone, table), table.id
        return ids, tables

    def _route_table(self, tier: str, zone: str | None = None) -> aws.ec2.RouteTable:
        role = f"{tier}-{zone}" if zone else tier
        return aws.ec2.RouteTable(
            f"{self._name}-{role}",
            vpc_id=self.vpc_id,
            tags={"Name": f"{self._name}-{role}"},
            opts=self.child(),
        )

    def _subnet(self, tier: str, zone: str, table: aws.ec2.RouteTable) -> Output[str]:
        subnet = aws.ec2.Subnet(
            f"{self._name}-{tier}-{zone}",
            vpc_id=self.vpc_id,
            availability_zone=zone,
            cidr_block=str(getattr(self._plan[zone], tier)),
            map_public_ip_on_launch=False,
            tags={"Name": f"{self._name}-{tier}-{zone}", "tier": tier} | _load_balancer_tags(tier),
            opts=self.child(),
        )
        aws.ec2.RouteTableAssociation(
            f"{self._name}-{tier}-{zone}", subnet_id=subnet.id, route_table_id=table.id, opts=self.child()
        )
        return subnet.id

    def _private_endpoints(self) -> None:
        PrivateEndpoints(
            f"{self._name}-endpoints",
            PrivateEndpointsArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                vpc_id=self.vpc_id,
                cidr=self._args.cidr,
                subnet_ids=self.private_subnet_ids,
                route_table_ids={
                    **{f"private-{zone}": table for zone, table in self.private_route_table_ids.items()},
                    **{f"database-{zone}": table for zone, table in self.database_route_table_ids.items()},
                },
                services=self._args.interface_endpoints,
            ),
            self.child(),
        )

    def _flow_logs(self) -> None:
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-flow-logs",
            retention_in_days=self._args.flow_log_retention_days,
            kms_key_id=self._args.logs_key_arn,
            opts=self.child(),
        )
        role = aws.iam.Role(
            f"{self._name}-flow-logs",
            description=f"VPC flow logs of {self._name} write to CloudWatch Logs",
            assume_role_policy=policy.rendered(
                policy.service_trust("vpc-flow-logs.amazonaws.com", self._args.account_id)
            ),
            opts=self.child(),
        )
        permission = aws.iam.RolePolicy(
            f"{self._name}-flow-logs",
            role=role.id,
            policy=policy.rendered(flow_log_policy(group.arn)),
            opts=self.child(),
        )
        aws.ec2.FlowLog(
            f"{self._name}-flow-logs",
            vpc_id=self.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags={"Name": self._name},
            # Flow logs are dropped, and the log marked failed, while the role may not write yet.
            opts=self.child(depends_on=[permission]),
        )


def _load_balancer_tags(tier: str) -> dict[str, str]:
    """The tags by which Kubernetes load balancer controllers find their subnets."""
    roles = {"public": "kubernetes.io/role/elb", "private": "kubernetes.io/role/internal-elb"}
    return {roles[tier]: "1"} if tier in roles else {}


def flow_log_policy(log_group_arn: pulumi.Input[str]) -> dict[str, object]:
    """Write to this one log group; the group exists, so creating groups is not allowed."""
    return policy.document(
        policy.allow(
            "WriteFlowLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            [log_group_arn, Output.concat(log_group_arn, ":*")],
        ),
        # Listing is allowed for all groups of a region or for none, whatever prefix the request names.
        policy.allow(
            "FindLogGroup",
            ["logs:DescribeLogGroups"],
            [Output.from_input(log_group_arn).apply(lambda arn: f"{arn.partition(':log-group:')[0]}:log-group:*")],
        ),
    )
