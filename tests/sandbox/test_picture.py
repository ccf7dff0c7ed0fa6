"""What a picture shows of a small shop, and that nothing on its page covers anything else."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from sandbox.__main__ import main
from sandbox.graph import Graph
from sandbox.picture import Scene, Words, WordsError, draw, read
from sandbox.picture.layout import Layout
from sandbox.picture.routes import routes
from sandbox.picture.text import fitted, width, wrapped
from sandbox.recorder import record_components
from tests.sandbox.pages import SVG, page, untidy

LB = "aws:lb/loadBalancer:LoadBalancer"
RECORD = "aws:route53/record:Record"
WORDS: dict[str, Any] = {
    "clouds": {"aws": "Amazon"},
    "cards": {
        "shop:names:Names": {"layer": "names", "says": "DNS"},
        "shop:edge:Edge": {"layer": "edge", "says": "Load balancer"},
        "shop:app:App": {"layer": "services", "says": "Containers"},
        "shop:data:Orders": {"layer": "data", "says": "Database"},
        "shop:data:Archive": {"layer": "beside", "says": "Bucket"},
        "shop:events:Bus": {"layer": "events", "says": "Events"},
    },
    "parts": {
        LB: {},
        RECORD: {},
        "aws:ecs/service:Service": {},
        "aws:rds/instance:Instance": {"says": "RDS", "counted": True},
        "aws:cloudwatch/eventBus:EventBus": {"says": "EventBridge"},
        "aws:s3/bucket:Bucket": {},
    },
    "fixtures": {"aws:ec2/natGateway:NatGateway": {"says": "NAT", "counted": True}},
    "aside": {"shop:keys:Key": "Keys"},
    "hidden": ["shop:net:Net"],
    "addresses": [RECORD],
    "ways": [
        {"kind": "requests", "by": RECORD, "head": ["aliases", "records"], "among": ["edge"]},
        {
            "kind": "failover",
            "by": RECORD,
            "where": {"failoverRoutingPolicies.0.type": "SECONDARY"},
            "head": ["aliases", "records"],
            "among": ["edge"],
        },
        {"kind": "replication", "by": "aws:rds/instance:Instance", "tail": ["replicateSourceDb"]},
        {"kind": "events", "by": "aws:iam/rolePolicy:RolePolicy", "head": ["policy"], "among": ["events"]},
    ],
}
ZONES = ("a", "b")


class Part(pulumi.ComponentResource):
    """A component of the shop."""

    def __init__(self, token: str, name: str, provider: aws.Provider) -> None:
        super().__init__(f"shop:{token}", name, None, pulumi.ResourceOptions(providers=[provider]))
        self.own = pulumi.ResourceOptions(parent=self)


class Net:
    """A network with three roles of subnets in two zones, where each party admits the one before it."""

    def __init__(self, provider: aws.Provider, region: str, prefix: str) -> None:
        name = f"net-{region}"
        self.part = Part("net:Net", name, provider)
        own = self.part.own
        self.vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block=f"{prefix}.0.0/16", opts=own)
        gateway = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=self.vpc.id, opts=own)
        self.subnets: dict[str, list[pulumi.Output[str]]] = {}
        for number, (role, zone) in enumerate((role, zone) for role in ("public", "app", "data") for zone in ZONES):
            subnet = aws.ec2.Subnet(
                f"{name}-{role}-{region}{zone}",
                vpc_id=self.vpc.id,
                cidr_block=f"{prefix}.{number}.0/24",
                availability_zone=f"{region}{zone}",
                opts=own,
            )
            table = aws.ec2.RouteTable(f"{name}-{role}-{zone}", vpc_id=self.vpc.id, opts=own)
            aws.ec2.RouteTableAssociation(
                f"{name}-{role}-{zone}", subnet_id=subnet.id, route_table_id=table.id, opts=own
            )
            if role == "public":
                aws.ec2.Route(
                    f"{name}-{zone}-out",
                    route_table_id=table.id,
                    destination_cidr_block="0.0.0.0/0",
                    gateway_id=gateway.id,
                    opts=own,
                )
                address = aws.ec2.Eip(f"{name}-nat-{zone}", domain="vpc", opts=own)
                aws.ec2.NatGateway(f"{name}-nat-{zone}", subnet_id=subnet.id, allocation_id=address.id, opts=own)
            self.subnets.setdefault(role, []).append(subnet.id)
        self.groups = {
            party: aws.ec2.SecurityGroup(f"{name}-{party}", vpc_id=self.vpc.id, opts=own).id
            for party in ("edge", "app", "data")
        }
        self.admit(f"{name}-customers", "edge", 443, cidr_ipv4="0.0.0.0/0")
        for source, destination, port in (("edge", "app", 8000), ("app", "data", 5432)):
            self.admit(f"{name}-{source}", destination, port, referenced_security_group_id=self.groups[source])
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{source}",
                security_group_id=self.groups[source],
                referenced_security_group_id=self.groups[destination],
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=own,
            )

        # What may call everything on the internet reaches what answers the internet, which is no way of the shop's own.
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-app-out",
            security_group_id=self.groups["app"],
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=own,
        )

    def admit(self, name: str, party: str, port: int, **peer: Any) -> None:
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=self.groups[party],
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self.part.own,
            **peer,
        )


def shop(extra: Callable[[aws.Provider, Net], None] | None = None) -> Graph:
    """A shop in two regions: orders are copied to the second, where a load balancer waits."""

    def build() -> None:
        east = aws.Provider("east", region="us-east-1")
        west = aws.Provider("west", region="us-west-2")
        net, far = Net(east, "us-east-1", "10.0"), Net(west, "us-west-2", "10.1")
        Part("keys:Key", "key-orders", east)
        Part("keys:Key", "key-cards", east)
        bus = aws.cloudwatch.EventBus("bus", opts=Part("events:Bus", "bus", east).own)
        edge, waiting = balancer("edge", east, net), balancer("edge-west", west, far)
        app(east, net, bus)
        orders(east, west, net, far)
        aws.s3.Bucket("archive", opts=Part("data:Archive", "archive", east).own)
        names(east, edge, waiting)
        if extra:
            extra(east, net)

    return record_components(build, project="shop", stack="main")


def balancer(name: str, provider: aws.Provider, net: Net) -> aws.lb.LoadBalancer:
    own = Part("edge:Edge", name, provider).own
    made = aws.lb.LoadBalancer(
        name, subnets=net.subnets["public"], security_groups=[net.groups["edge"]], internal=False, opts=own
    )
    aws.lb.Listener(
        name,
        load_balancer_arn=made.arn,
        port=443,
        protocol="HTTPS",
        default_actions=[aws.lb.ListenerDefaultActionArgs(type="fixed-response")],
        opts=own,
    )
    return made


def app(provider: aws.Provider, net: Net, bus: aws.cloudwatch.EventBus, name: str = "app") -> None:
    own = Part("app:App", name, provider).own
    for colour in ("blue", "green"):
        aws.ecs.Service(
            f"{name}-{colour}",
            network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
                subnets=net.subnets["app"], security_groups=[net.groups["app"]]
            ),
            opts=own,
        )
    role = aws.iam.Role(name, assume_role_policy="{}", opts=own)
    aws.iam.RolePolicy(name, role=role.name, policy=bus.arn.apply(lambda arn: f'{{"Resource": "{arn}"}}'), opts=own)


def orders(east: aws.Provider, west: aws.Provider, net: Net, far: Net) -> None:
    part = Part("data:Orders", "orders", east)
    there = pulumi.ResourceOptions(parent=part, provider=west)
    homes = {
        region: aws.rds.SubnetGroup(f"orders-{region}", subnet_ids=where.subnets["data"], opts=own)
        for region, where, own in (("east", net, part.own), ("west", far, there))
    }
    writer = aws.rds.Instance(
        "orders",
        instance_class="db.t4g.medium",
        db_subnet_group_name=homes["east"].name,
        vpc_security_group_ids=[net.groups["data"]],
        opts=part.own,
    )
    for name, where, own in (("orders-reader", None, part.own), ("orders-west", homes["west"], there)):
        aws.rds.Instance(
            name,
            instance_class="db.t4g.medium",
            replicate_source_db=writer.arn,
            db_subnet_group_name=where.name if where else None,
            vpc_security_group_ids=[far.groups["data"]] if where else None,
            opts=own,
        )


def names(provider: aws.Provider, first: aws.lb.LoadBalancer, second: aws.lb.LoadBalancer) -> None:
    own = Part("names:Names", "names", provider).own
    # A name that always leads to the first place, beside the one that customers use.
    place = aws.route53.RecordAliasArgs(name=first.dns_name, zone_id=first.zone_id, evaluate_target_health=True)
    aws.route53.Record("names-place", zone_id="Z1", name="shop.east.example.com", type="A", aliases=[place], opts=own)
    for kind, target in (("PRIMARY", first), ("SECONDARY", second)):
        aws.route53.Record(
            f"names-{kind}",
            zone_id="Z1",
            name="shop.example.com",
            type="A",
            set_identifier=kind,
            failover_routing_policies=[aws.route53.RecordFailoverRoutingPolicyArgs(type=kind)],
            aliases=[
                aws.route53.RecordAliasArgs(name=target.dns_name, zone_id=target.zone_id, evaluate_target_health=True)
            ],
            opts=own,
        )


def words(**changes: Any) -> Words:
    return Words.model_validate({**WORDS, **changes})


@cache
def graph() -> Graph:
    return shop()


@cache
def scene() -> Scene:
    return read(graph(), words())


def ways(found: Scene) -> dict[tuple[str, str, str, str], set[int]]:
    """Kind, tail, head and region of the head, with the ports."""
    return {
        (arrow.kind, arrow.tail.title if arrow.tail else "", arrow.head.title, arrow.head.region.name): set(arrow.ports)
        for arrow in found.arrows
    }


def test_a_component_is_a_card_in_each_region_that_holds_a_part_of_it() -> None:
    found = {(box.title, box.region.name): (box.layer, box.tier and box.tier.role, box.parts) for box in scene().boxes}
    assert found == {
        ("names", "us-east-1"): ("names", None, []),
        ("edge", "us-east-1"): ("edge", "public", []),
        ("edge-west", "us-west-2"): ("edge", "public", []),
        ("app", "us-east-1"): ("services", "app", []),
        ("orders", "us-east-1"): ("data", "data", ["RDS \N{MULTIPLICATION SIGN}2"]),
        ("orders", "us-west-2"): ("data", "data", ["RDS"]),
        ("bus", "us-east-1"): ("events", None, ["EventBridge"]),
        ("archive", "us-east-1"): ("beside", None, []),
    }


def test_the_ways_are_those_that_the_networks_let_through_and_resources_tell_of() -> None:
    assert ways(scene()) == {
        ("requests", "names", "edge", "us-east-1"): {443},
        ("failover", "names", "edge-west", "us-west-2"): {443},
        ("requests", "edge", "app", "us-east-1"): {8000},
        ("requests", "app", "orders", "us-east-1"): {5432},
        ("replication", "orders", "orders", "us-west-2"): set(),
        ("events", "app", "bus", "us-east-1"): set(),
    }


def test_a_way_that_the_firewall_shuts_is_not_drawn() -> None:
    shut = graph().named("net-us-east-1-app", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    left = {urn: resource for urn, resource in graph().resources.items() if resource is not shut}
    found = ways(read(replace(graph(), resources=left), words()))
    assert ("requests", "app", "orders", "us-east-1") not in found
    assert ("requests", "edge", "app", "us-east-1") in found


def test_what_has_a_name_of_its_own_beside_the_customers_one_stands_by() -> None:
    waiting = graph().named("names-SECONDARY", RECORD)
    inputs = {key: value for key, value in waiting.inputs.items() if key != "failoverRoutingPolicies"}
    own = replace(
        waiting, inputs={**inputs, "name": "shop.west.example.com"}, outputs={"name": "shop.west.example.com"}
    )
    found = read(replace(graph(), resources={**graph().resources, waiting.urn: own}), words())
    assert ways(found)["failover", "names", "edge-west", "us-west-2"] == {443}
    assert [list(box.names) for box in found.boxes if box.layer == "names"] == [["shop.example.com"]]


def test_an_address_leads_to_who_published_it_and_a_name_to_what_its_records_point_at() -> None:
    check = "aws:route53/healthCheck:HealthCheck"
    told = [*WORDS["ways"], {"kind": "requests", "by": check, "head": ["fqdn"], "among": ["edge"]}]
    found = ways(read(shop(lambda east, _net: pages(east)), words(ways=told)))
    assert ("requests", "more-names", "pages", "us-east-1") in found
    assert {key for key in found if key[1] == "checker"} == {
        ("requests", "checker", "edge", "us-east-1"),
        ("requests", "checker", "edge-west", "us-west-2"),
    }


def pages(east: aws.Provider) -> None:
    """A site at an address that no resource of the graph has, and something that asks the shop by its name."""
    site, address = Part("edge:Edge", "pages", east), "198.51.100.7"
    aws.s3.Bucket("pages", opts=site.own)
    site.register_outputs({"address": address})
    own = Part("names:Names", "more-names", east).own
    aws.route53.Record("pages", zone_id="Z1", name="pages.example.com", type="A", records=[address], opts=own)
    own = Part("app:App", "checker", east).own
    aws.route53.HealthCheck("checker", type="HTTPS", fqdn="shop.example.com", opts=own)


def test_subnets_are_told_by_role_with_their_zones_and_what_the_network_has_there() -> None:
    home = next(network for network in scene().networks if network.region.name == "us-east-1")
    assert (home.name, home.cidr) == ("net-us-east-1", "10.0.0.0/16")
    assert {tier.role: (list(tier.ranges), list(tier.fixtures)) for tier in home.tiers} == {
        "public": ([("a", "10.0.0.0/24"), ("b", "10.0.1.0/24")], ["NAT \N{MULTIPLICATION SIGN}2"]),
        "app": ([("a", "10.0.2.0/24"), ("b", "10.0.3.0/24")], []),
        "data": ([("a", "10.0.4.0/24"), ("b", "10.0.5.0/24")], []),
    }


def test_the_region_that_holds_most_is_the_primary_one_and_widest() -> None:
    assert (scene().primary.name, [region.name for region in scene().regions]) == (
        "us-east-1",
        ["us-west-2", "us-east-1"],
    )
    widths = {column.region.name: column.place.width for column in Layout(scene()).columns}
    assert widths["us-east-1"] > widths["us-west-2"]


def test_what_many_use_is_listed_without_the_word_that_all_names_share() -> None:
    assert [(aside.heading, list(aside.names)) for aside in scene().asides] == [("Keys", ["cards", "orders"])]


def test_a_component_that_the_words_do_not_know_stops_the_picture_with_its_type() -> None:
    strange = shop(lambda east, _net: robot(east))
    with pytest.raises(WordsError, match="shop:toys:Robot"):
        read(strange, words())


def robot(east: aws.Provider) -> None:
    Part("toys:Robot", "robot", east)


def test_what_another_card_of_its_name_stands_for_is_not_drawn() -> None:
    def routes(east: aws.Provider, _net: Net) -> None:
        for name in ("app", "pods"):
            aws.lb.TargetGroup(name, target_type="ip", opts=Part("app:Routes", name, east).own)

    drawn = {"layer": "services", "says": "Pods", "unless": ["shop:app:App"]}
    found = read(shop(routes), words(cards={**WORDS["cards"], "shop:app:Routes": drawn}))
    told = [(box.title, box.says) for box in found.boxes if box.layer == "services"]
    assert told == [("app", "Containers"), ("pods", "Pods")]


def test_words_with_a_mistake_are_refused_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "picture.toml"
    path.write_text('[clouds]\naws = "Amazon"\n[carts]\n', encoding="utf-8")
    with pytest.raises(WordsError, match=r"picture\.toml"):
        Words.read(path)


def test_the_same_graph_gives_the_same_picture_and_size_or_image_change_nothing() -> None:
    changed = {
        urn: replace(resource, inputs={**resource.inputs, "instanceClass": "db.r8g.xlarge", "tags": {"a": "b"}})
        for urn, resource in graph().resources.items()
    }
    drawn = draw(scene())
    assert draw(read(shop(), words())) == drawn, "two recordings of one program"
    assert draw(read(replace(graph(), resources=changed), words())) == drawn


# The page


def test_nothing_on_the_page_covers_anything_else() -> None:
    assert untidy(scene()) == []


def test_many_services_with_long_names_stay_tidy() -> None:
    def more(east: aws.Provider, net: Net) -> None:
        bus = aws.cloudwatch.EventBus("more", opts=Part("events:Bus", "more", east).own)
        for number in range(7):
            app(east, net, bus, f"a-service-with-a-name-of-32-chars-{number}"[:32] + str(number))

    assert untidy(read(shop(more), words())) == []


def test_what_is_in_no_network_is_drawn_below() -> None:
    found = read(shop(lambda east, _net: lonely(east)), words())
    layout = Layout(found)
    lamp = next(box for box in found.boxes if box.title == "lamp")
    frame = layout.column(lamp.region).frame
    assert lamp.tier is None
    assert frame is not None
    assert layout.cards[lamp.key].y > frame.bottom
    assert untidy(found) == []


def lonely(east: aws.Provider) -> None:
    aws.rds.Instance("lamp", instance_class="db.t4g.micro", opts=Part("data:Orders", "lamp", east).own)


def test_a_row_is_level_in_every_region_so_that_what_joins_it_is_straight() -> None:
    layout = Layout(scene())
    heights = {layout.cards[box.key].y for box in scene().boxes if box.title == "orders"}
    (copies,) = [route for route in routes(layout) if route.kind == "replication"]
    assert len(heights) == 1
    assert len({y for _x, y in copies.points}) == 1


def test_who_is_asked_in_the_same_subnets_stands_below_who_asks() -> None:
    def inner(east: aws.Provider, net: Net) -> None:
        aws.lb.LoadBalancer(
            "inner",
            subnets=net.subnets["app"],
            security_groups=[net.groups["data"]],
            internal=True,
            opts=Part("edge:Edge", "inner", east).own,
        )

    found = read(shop(inner), words())
    layout, boxes = Layout(found), {box.title: box for box in found.boxes}
    above, below = layout.cards[boxes["app"].key], layout.cards[boxes["inner"].key]
    assert ("requests", "app", "inner", "us-east-1") in ways(found)
    assert [route for route in routes(layout) if route.points[0][1] == above.bottom and route.points[-1][1] < below.y]
    assert untidy(found) == []


def test_the_picture_brings_its_colours_for_light_and_dark_and_nothing_from_elsewhere() -> None:
    drawn = draw(scene())
    assert "prefers-color-scheme: dark" in drawn
    assert re.findall(r"(?:href|url)\(?=?[\"']?https?:", drawn) == [], "shown offline, and by hosts that block the rest"
    used = {item.attrib["class"] for item in page(scene()).iter() if "class" in item.attrib}
    styled = set(re.findall(r"\.([a-z-]+)\{", drawn))
    assert {word for names in used for word in names.split()} <= styled


def test_who_cannot_see_it_is_told_in_words() -> None:
    description = page(scene()).findtext(f"{SVG}desc") or ""
    assert "edge to app in us-east-1 (requests)" in description


# Text


def test_text_is_fitted_by_size_first_and_cut_last() -> None:
    assert fitted("name", 100, (13, 10)) == ("name", 13)
    room = width("a longer name", 10)
    assert fitted("a longer name", room, (13, 10)) == ("a longer name", 10)
    cut, size = fitted("a longer name", room - 8, (13, 10))
    assert (cut.endswith("…"), size) == (True, 10)
    assert width(cut, 10) <= room - 8


def test_lines_break_between_words_and_lose_none() -> None:
    said = ["alpha", "beta", "gamma", "delta"]
    lines = wrapped(said, width("alpha, beta,", 10), 10)
    assert [word for line in lines for word in line.replace(",", "").split()] == said
    assert all(width(line, 10) <= width("alpha, beta,", 10) for line in lines)


# The command


def test_the_command_draws_a_stack_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = Path(__file__).parent / "programs" / "picture"
    output = tmp_path / "small.svg"
    arguments: Mapping[str, str] = {
        "--stack": "small",
        "--directory": str(directory),
        "--words": str(directory / "picture.toml"),
        "--output": str(output),
    }
    assert main(["picture", *(item for pair in arguments.items() for item in pair)]) == 0
    assert capsys.readouterr().out == f"{output}\n"
    assert "shelf" in {item.text for item in ET.fromstring(output.read_text()).iter(f"{SVG}text")}  # noqa: S314
    missing = {**arguments, "--words": str(directory / "nothing.toml")}
    assert main(["picture", *(item for pair in missing.items() for item in pair)]) == 1
    assert "nothing.toml" in capsys.readouterr().err
