"""Made-up outputs: of the declared types, plausible, the same every time, and consistent with the inputs."""

import ipaddress
import re
from typing import Any

import pytest

from sandbox import schema
from sandbox.facts import Context
from sandbox.graph import UNKNOWN
from sandbox.meanings import MEANINGS
from sandbox.synthesis import foreseen, synthesise

AWS = Context("shop", "test", {"allowedAccountIds": ["111122223333"], "region": "eu-west-1"})
GOOGLE = Context("shop", "test", {"project": "shop-test", "region": "europe-west1"})


def outputs(token: str, name: str = "thing", /, context: Context = AWS, **inputs: Any) -> dict[str, object]:
    identifier, made = synthesise(token, name, inputs, context)
    return {"id": identifier, **made}


@pytest.mark.parametrize(
    "token",
    [
        *MEANINGS,
        "aws:ec2/vpc:Vpc",
        "aws:wafv2/webAcl:WebAcl",
        "aws:ecs/service:Service",
        "gcp:compute/network:Network",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:cloudrunv2/job:Job",
        "vault:kv/secretV2:SecretV2",
        "vault:appRole/authBackendRole:AuthBackendRole",
    ],
)
def test_every_output_is_of_its_declared_type(token: str) -> None:
    found = schema.resource(token)
    assert found is not None
    made = outputs(token)
    wrong = [n for n, prop in found.outputs.items() if n in made and not schema.fits(made[n], prop.type, lenient=False)]
    # What the program leaves out of an object it must give, nobody can make up: these inputs are empty.
    assert set(wrong) <= {"vpcConfig", "masterAuth"}, "a program computes with them as with the cloud's"
    if not token.startswith("kubernetes:"):
        always = {name for name, prop in found.outputs.items() if prop.required}
        assert always <= set(made), "an output that the provider always returns must not be None"


def test_it_is_the_same_every_time_and_another_for_another_resource_or_stack() -> None:
    elsewhere = Context("shop", "production", AWS.provider)
    vpcs = [outputs("aws:ec2/vpc:Vpc", "a"), outputs("aws:ec2/vpc:Vpc", "a"), outputs("aws:ec2/vpc:Vpc", "b")]
    assert vpcs[0] == vpcs[1]
    assert len({vpcs[0]["id"], vpcs[2]["id"], outputs("aws:ec2/vpc:Vpc", "a", context=elsewhere)["id"]}) == 3


@pytest.mark.parametrize(
    ("token", "inputs", "arn"),
    [
        ("aws:ec2/vpc:Vpc", {}, r"arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-[0-9a-f]{17}"),
        ("aws:kinesis/stream:Stream", {"name": "events"}, r"arn:aws:kinesis:eu-west-1:111122223333:stream/events"),
        (
            "aws:kinesis/streamConsumer:StreamConsumer",
            {"name": "google", "streamArn": "arn:aws:kinesis:eu-west-1:111122223333:stream/events"},
            r"arn:aws:kinesis:eu-west-1:111122223333:stream/events/consumer/google:\d{10}",
        ),
        ("aws:iam/role:Role", {"name": "r"}, r"arn:aws:iam::111122223333:role/r"),
        (
            "aws:route53/resolverEndpoint:ResolverEndpoint",
            {"direction": "OUTBOUND"},
            r"arn:aws:route53resolver:eu-west-1:111122223333:resolver-endpoint/rslvr-out-[0-9a-f]{17}",
        ),
        ("aws:iam/policy:Policy", {"name": "p"}, r"arn:aws:iam::111122223333:policy/p"),
        ("aws:s3/bucket:Bucket", {"bucket": "b"}, r"arn:aws:s3:::b"),
        ("aws:rds/instance:Instance", {"identifier": "d"}, r"arn:aws:rds:eu-west-1:111122223333:db:d"),
        ("aws:sns/topic:Topic", {"name": "t", "region": "us-east-1"}, r"arn:aws:sns:us-east-1:111122223333:t"),
        (
            "aws:secretsmanager/secret:Secret",
            {"name": "s"},
            r"arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-\w{6}",
        ),
        ("aws:kms/key:Key", {}, r"arn:aws:kms:eu-west-1:111122223333:key/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("aws:kms/key:Key", {"multiRegion": True}, r"arn:aws:kms:eu-west-1:111122223333:key/mrk-[0-9a-f]{32}"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "/l"}, r"arn:aws:logs:eu-west-1:111122223333:log-group:/l"),
        ("aws:ec2/vpc:Vpc", {"region": "cn-north-1"}, r"arn:aws-cn:ec2:cn-north-1:111122223333:vpc/vpc-[0-9a-f]{17}"),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {"name": "l", "loadBalancerType": "network"},
            r"arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/l/[0-9a-f]{16}",
        ),
    ],
)
def test_an_arn_names_partition_service_region_and_account(token: str, inputs: dict[str, Any], arn: str) -> None:
    assert re.fullmatch(arn, str(outputs(token, **inputs)["arn"]))


@pytest.mark.parametrize(
    ("token", "inputs", "identifier"),
    [
        ("gcp:compute/network:Network", {"name": "n"}, "projects/shop-test/global/networks/n"),
        (
            "gcp:compute/subnetwork:Subnetwork",
            {"name": "s", "region": "us-east1"},
            "projects/shop-test/regions/us-east1/subnetworks/s",
        ),
        ("gcp:compute/vPNTunnel:VPNTunnel", {"name": "t"}, "projects/shop-test/regions/europe-west1/vpnTunnels/t"),
        ("gcp:kms/keyRing:KeyRing", {"name": "k", "location": "eu"}, "projects/shop-test/locations/eu/keyRings/k"),
        (
            "gcp:kms/cryptoKey:CryptoKey",
            {"name": "c", "keyRing": "projects/shop-test/locations/eu/keyRings/k"},
            "projects/shop-test/locations/eu/keyRings/k/cryptoKeys/c",
        ),
        ("gcp:secretmanager/secret:Secret", {"secretId": "s"}, "projects/shop-test/secrets/s"),
        ("gcp:sql/databaseInstance:DatabaseInstance", {"name": "d"}, "d"),
        ("gcp:storage/bucket:Bucket", {"name": "b"}, "b"),
        (
            "gcp:dns/recordSet:RecordSet",
            {"name": "a.b.", "type": "A", "managedZone": "z"},
            "projects/shop-test/managedZones/z/rrsets/a.b./A",
        ),
        ("gcp:compute/routerNat:RouterNat", {"name": "n", "router": "r"}, "shop-test/europe-west1/r/n"),
    ],
)
def test_a_google_id_is_the_path_of_the_resource(token: str, inputs: dict[str, Any], identifier: str) -> None:
    assert outputs(token, context=GOOGLE, **inputs)["id"] == identifier


def test_a_self_link_is_the_url_of_the_id() -> None:
    made = outputs("gcp:compute/network:Network", context=GOOGLE, name="n")
    assert made["selfLink"] == f"https://www.googleapis.com/compute/v1/{made['id']}"


def test_a_service_account_is_called_after_its_account_id_and_project() -> None:
    made = outputs("gcp:serviceaccount/account:Account", context=GOOGLE, accountId="mover")
    assert made["email"] == "mover@shop-test.iam.gserviceaccount.com"
    assert made["member"] == f"serviceAccount:{made['email']}"
    assert re.fullmatch(r"\d{21}", str(made["uniqueId"]))


def test_what_a_vpc_comes_with_keeps_its_id_when_it_is_adopted() -> None:
    vpc = outputs("aws:ec2/vpc:Vpc")
    group = outputs("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", vpcId=vpc["id"])
    table = outputs("aws:ec2/defaultRouteTable:DefaultRouteTable", defaultRouteTableId=vpc["defaultRouteTableId"])
    assert (group["id"], table["id"]) == (vpc["defaultSecurityGroupId"], vpc["defaultRouteTableId"])


def test_a_name_that_is_not_given_ends_in_seven_digits_of_its_own() -> None:
    assert re.fullmatch(r"thing-[0-9a-f]{7}", str(outputs("aws:iam/role:Role")["name"]))


def test_the_ends_of_a_tunnel_are_the_two_hosts_of_its_range() -> None:
    made = outputs("aws:ec2/vpnConnection:VpnConnection", tunnel1InsideCidr="169.254.20.4/30")
    assert (made["tunnel1VgwInsideAddress"], made["tunnel1CgwInsideAddress"]) == ("169.254.20.5", "169.254.20.6")
    second = ipaddress.ip_network(str(made["tunnel2InsideCidr"]))
    assert second.prefixlen == 30
    assert made["tunnel2CgwInsideAddress"] == str(second[2])
    assert made["tunnel1Address"] != made["tunnel2Address"]


def test_a_gateway_for_two_tunnels_has_two_addresses() -> None:
    made = outputs("gcp:compute/haVpnGateway:HaVpnGateway", context=GOOGLE)
    interfaces = made["vpnInterfaces"]
    assert isinstance(interfaces, list)
    assert [i["id"] for i in interfaces] == [0, 1]
    assert len({i["ipAddress"] for i in interfaces}) == 2


def test_public_addresses_belong_to_nobody_and_to_one_resource_each() -> None:
    made = [str(outputs("aws:ec2/eip:Eip", f"e{number}")["publicIp"]) for number in range(40)]
    assert all(ipaddress.ip_address(address) in ipaddress.ip_network("198.18.0.0/15") for address in made)
    assert len(set(made)) == 40, "a rule for one address would be taken for a rule for another"


def test_a_certificate_is_proved_once_for_every_domain() -> None:
    made = outputs("aws:acm/certificate:Certificate", domainName="a.com", subjectAlternativeNames=["*.a.com", "b.com"])
    options = made["domainValidationOptions"]
    assert isinstance(options, list)
    assert [o["domainName"] for o in options] == ["a.com", "*.a.com", "b.com"]
    names = [o["resourceRecordName"] for o in options]
    assert names[0] == names[1] != names[2], "a wildcard and its parent share a record, so a program must not make two"


def test_a_password_has_the_length_and_the_letters_asked_for() -> None:
    made = outputs("random:index/randomPassword:RandomPassword", length=40, special=False, upper=False)
    assert re.fullmatch(r"[a-z0-9]{40}", str(made["result"]))


def test_an_endpoint_carries_the_port_of_the_engine() -> None:
    made = outputs("aws:rds/instance:Instance", identifier="d", engine="postgres")
    assert made["port"] == 5432
    assert made["endpoint"] == f"{made['address']}:5432"
    assert str(made["address"]).endswith(".eu-west-1.rds.amazonaws.com")


def test_what_the_program_gave_is_what_comes_out() -> None:
    given: dict[str, Any] = {"vpcConfig": {"subnetIds": ["subnet-1"]}, "roleArn": "arn:x"}
    made = outputs("aws:eks/cluster:Cluster", "thing", **given)
    config = made["vpcConfig"]
    assert isinstance(config, dict)
    assert config["subnetIds"] == ["subnet-1"]
    assert re.fullmatch(r"sg-[0-9a-f]{17}", str(config["clusterSecurityGroupId"]))


def test_a_preview_says_of_an_output_only_what_the_input_says() -> None:
    assert foreseen({"a": 1}, {"a": 1, "b": 2}) == {"a": 1, "b": UNKNOWN}
    assert foreseen(UNKNOWN, "vpc-1") is UNKNOWN
    assert foreseen("given", "made") == "given"


def test_the_tags_of_the_provider_are_merged_into_all_tags() -> None:
    provider = {**AWS.provider, "defaultTags": {"tags": {"owner": "a", "stage": "t"}}}
    made = outputs("aws:s3/bucket:Bucket", context=Context("shop", "test", provider), tags={"owner": "b"})
    assert made["tagsAll"] == {"owner": "b", "stage": "t"}


def test_unknown_inputs_are_no_obstacle() -> None:
    for token in MEANINGS:
        found = schema.resource(token)
        assert found is not None
        assert synthesise(token, "thing", dict.fromkeys(found.inputs, UNKNOWN), AWS)[0]
