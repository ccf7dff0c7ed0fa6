"""Private ways to AWS services: which, from where, and for whom."""

import json
from functools import cache
from ipaddress import IPv4Network

import pytest

from components.network.private_endpoints import PrivateEndpoints, PrivateEndpointsArgs, s3_endpoint_policy
from sandbox.graph import Graph
from sandbox.recorder import record_components

SERVICES = ("ecr.api", "kms")


def _build() -> None:
    PrivateEndpoints(
        "ways",
        PrivateEndpointsArgs(
            account_id="123456789012",
            region="us-east-1",
            vpc_id="vpc-1",
            cidr=IPv4Network("10.0.0.0/16"),
            subnet_ids={"us-east-1a": "subnet-a", "us-east-1b": "subnet-b"},
            route_table_ids={"private-us-east-1a": "rtb-a", "database-us-east-1a": "rtb-b"},
            services=SERVICES,
        ),
    )


@cache
def recorded() -> Graph:
    return record_components(_build)


@pytest.fixture
def ways() -> Graph:
    return recorded()


def test_there_is_an_endpoint_for_every_service_named_and_one_for_s3(ways: Graph):
    found = {
        (r.inputs["serviceName"], r.inputs["vpcEndpointType"]) for r in ways.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
    }
    assert found == {
        ("com.amazonaws.us-east-1.s3", "Gateway"),
        ("com.amazonaws.us-east-1.ecr.api", "Interface"),
        ("com.amazonaws.us-east-1.kms", "Interface"),
    }


def test_interface_endpoints_take_over_the_public_names_of_their_services(ways: Graph):
    private = {r.name for r in ways.of_type("aws:ec2/vpcEndpoint:VpcEndpoint") if r.inputs.get("privateDnsEnabled")}
    assert private == {f"ways-{service}" for service in SERVICES}, "otherwise clients keep calling the public addresses"


def test_interface_endpoints_stand_in_every_zone_behind_one_security_group(ways: Graph):
    group = ways.named("ways", "aws:ec2/securityGroup:SecurityGroup").id
    found = {
        (r.name, tuple(r.inputs["subnetIds"]), tuple(r.inputs["securityGroupIds"]))
        for r in ways.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
        if r.inputs["vpcEndpointType"] == "Interface"
    }
    assert found == {(f"ways-{service}", ("subnet-a", "subnet-b"), (group,)) for service in SERVICES}


def test_endpoints_answer_to_addresses_of_the_vpc_on_https_alone(ways: Graph):
    rules = [
        (r.inputs["cidrIpv4"], r.inputs["ipProtocol"], r.inputs["fromPort"], r.inputs["toPort"])
        for r in ways.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    ]
    assert rules == [("10.0.0.0/16", "tcp", 443, 443)]
    assert ways.of_type("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") == [], (
        "endpoints open no connections"
    )


def test_s3_is_added_to_every_route_table_given(ways: Graph):
    assert ways.named("ways-s3").inputs["routeTableIds"] == ["rtb-a", "rtb-b"]


def test_s3_is_used_by_own_principals_except_for_packages_of_aws():
    statements = {s["Sid"]: s for s in s3_endpoint_policy("123456789012", "us-east-1")["Statement"]}  # type: ignore[index]
    assert statements.keys() == {"OwnPrincipals", "ImageLayersAndPackages"}
    assert statements["OwnPrincipals"]["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}, (
        "without it stolen data leaves through the endpoint to somebody else's bucket"
    )
    assert (statements["ImageLayersAndPackages"]["Action"], statements["ImageLayersAndPackages"]["Resource"]) == (
        ["s3:GetObject"],
        [
            "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*",
            "arn:aws:s3:::al2023-repos-us-east-1-de612dc2/*",
            "arn:aws:s3:::prod-registry-k8s-io-us-east-1/*",
        ],
    ), "what is not ours is read and never written"


def test_the_policy_reaches_the_endpoint(ways: Graph):
    assert json.loads(ways.named("ways-s3").inputs["policy"]) == s3_endpoint_policy("123456789012", "us-east-1")
