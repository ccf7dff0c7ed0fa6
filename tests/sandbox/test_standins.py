"""The stand-in providers, asked directly over the engine's protocol.

This shows what they answer, not what the engine makes of it; `test_engine.py` does that where the Pulumi CLI is.
"""

import json
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.graph import Graph, Options, Resource
from sandbox.standins import PACKAGES, Fault, StandIns, unordered
from sandbox.standins.values import UNKNOWN_STRING, decode, encode, is_secret, plain, secret

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ROLE = "aws:iam/role:Role"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
PASSWORD = "random:index/randomPassword:RandomPassword"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:test::standins::{token}::{name}"


class Client:
    """The engine's side of the protocol, for one provider instance of each package."""

    def __init__(self, standins: StandIns) -> None:
        self._stubs: dict[str, Any] = {}
        for package, port in standins.ports.items():
            channel = grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)])
            self._stubs[package] = provider_pb2_grpc.ResourceProviderStub(channel)
            self.configure(package, {"region": "eu-west-1"} if package == "aws" else {})

    def configure(self, package: str, inputs: dict[str, Any], name: str = "default") -> None:
        owner = urn(f"pulumi:providers:{package}", name)
        self._stubs[package].Configure(provider_pb2.ConfigureRequest(urn=owner, args=encode(inputs)))

    def of(self, token: str) -> Any:
        return self._stubs[token.partition(":")[0]]

    def check(self, token: str, news: dict[str, Any]) -> dict[str, str]:
        request = provider_pb2.CheckRequest(urn=urn(token, "x"), type=token, name="x", news=encode(news))
        return {failure.property: failure.reason for failure in self.of(token).Check(request).failures}

    def create(
        self, token: str, name: str, inputs: dict[str, Any], preview: bool = False
    ) -> tuple[str, dict[str, Any]]:
        request = provider_pb2.CreateRequest(
            urn=urn(token, name), type=token, name=name, properties=encode(inputs), preview=preview
        )
        response = self.of(token).Create(request)
        return response.id, decode(response.properties)

    def update(
        self, token: str, name: str, made: str, olds: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
    ) -> Any:
        request = provider_pb2.UpdateRequest(
            urn=urn(token, name),
            type=token,
            name=name,
            id=made,
            olds=encode(olds),
            old_inputs=encode(old),
            news=encode(new),
        )
        return decode(self.of(token).Update(request).properties)

    def diff(self, token: str, made: str, old: dict[str, Any], new: dict[str, Any], outputs: dict[str, Any]) -> Any:
        return self.of(token).Diff(
            provider_pb2.DiffRequest(
                urn=urn(token, "x"), type=token, id=made, old_inputs=encode(old), news=encode(new), olds=encode(outputs)
            )
        )

    def read(
        self, token: str, name: str, made: str, inputs: dict[str, Any], state: dict[str, Any] | None = None
    ) -> Any:
        request = provider_pb2.ReadRequest(
            urn=urn(token, name), type=token, name=name, id=made, inputs=encode(inputs), properties=encode(state or {})
        )
        return self.of(token).Read(request)

    def delete(self, token: str, name: str, made: str) -> None:
        self.of(token).Delete(provider_pb2.DeleteRequest(urn=urn(token, name), type=token, name=name, id=made))


@pytest.fixture
def standins(tmp_path: Path) -> Iterator[StandIns]:
    with StandIns(tmp_path) as running:
        yield running


@pytest.fixture
def client(standins: StandIns) -> Client:
    return Client(standins)


def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error: Any = caught.value
    return error.code(), error.details()


def test_every_package_is_served_on_a_port_of_its_own(standins: StandIns, client: Client) -> None:
    assert set(standins.ports) == set(PACKAGES)
    assert len(set(standins.ports.values())) == len(PACKAGES)
    pairs = standins.environment["PULUMI_DEBUG_PROVIDERS"].split(",")
    assert pairs == [f"{package}:{port}" for package, port in standins.ports.items()]
    for package in PACKAGES:
        version = client.of(package).GetPluginInfo(empty_pb2.Empty()).version
        assert version.count(".") == 2, f"{package} must answer with the version of its SDK, as the engine compares it"
        described = client.of(package).GetSchema(provider_pb2.GetSchemaRequest())
        assert json.loads(described.schema)["name"] == package


def test_the_handshake_and_the_configuration_promise_the_same(client: Client) -> None:
    handshake = client.of("aws").Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    configured = client.of("aws").Configure(provider_pb2.ConfigureRequest(urn=urn("pulumi:providers:aws", "p")))
    assert handshake.accept_secrets, "a secret sent without its wrapper could not be kept one"
    assert configured.acceptSecrets
    assert configured.supportsPreview
    assert (handshake.accept_resources, handshake.accept_outputs) == (
        configured.acceptResources,
        configured.acceptOutputs,
    )


def test_check_names_the_path_of_every_problem(client: Client) -> None:
    failures = client.check(SUBNET, {"cidrBlok": "10.0.0.0/24", "mapPublicIpOnLaunch": "maybe", "tags": {"a": "b"}})
    assert set(failures) == {"cidrBlok", "mapPublicIpOnLaunch", "vpcId"}
    assert "cidrBlock" in failures["cidrBlok"], "a misspelt property is told the right spelling"


def test_check_looks_into_secrets_and_lets_unknown_values_pass(client: Client) -> None:
    assert client.check(SUBNET, {"vpcId": UNKNOWN_STRING, "cidrBlock": secret("10.0.0.0/24")}) == {}
    assert set(client.check(SUBNET, {"vpcId": secret({"a": "b"})})) == {"vpcId"}


def test_check_gives_the_inputs_back_with_their_secrets(client: Client) -> None:
    news = {"description": secret("hush"), "path": "/"}
    request = provider_pb2.CheckRequest(urn=urn(ROLE, "x"), type=ROLE, news=encode({**news, "assumeRolePolicy": TRUST}))
    assert decode(client.of(ROLE).Check(request).inputs)["description"] == secret("hush")


def test_a_type_that_the_sdk_lacks_is_refused_but_a_custom_kubernetes_resource_is_not(client: Client) -> None:
    assert "no type" in client.check("aws:ec2/vcp:Vcp", {})[""]
    assert client.check("kubernetes:example.com/v1:Widget", {"spec": {"any": "thing"}}) == {}


def test_a_file_fits_where_a_file_is_wanted(client: Client) -> None:
    signature = "4dabf18193072939515e22adb298388d"
    archive = {signature: "0def7320c3a5731c473e5ecbe6d01bc7", "hash": "abc", "path": "function.zip"}
    arn = "arn:aws:iam::111122223333:role/outside"
    assert client.check("aws:lambda/function:Function", {"code": archive, "role": arn}) == {}


def test_a_provider_checks_its_own_inputs(client: Client) -> None:
    token = "pulumi:providers:aws"
    news = {"regoin": "eu-west-1", "allowedAccountIds": '["111122223333"]', "version": "7.0.0"}
    request = provider_pb2.CheckRequest(urn=urn(token, "aws"), type=token, news=encode(news))
    assert [failure.property for failure in client.of("aws").CheckConfig(request).failures] == ["regoin"]


def test_a_preview_knows_the_inputs_and_nothing_else(standins: StandIns, client: Client) -> None:
    made, outputs = client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}, preview=True)
    assert made == ""
    assert outputs["cidrBlock"] == "10.0.0.0/16"
    assert outputs["tags"] == {"a": "b"}
    assert outputs["arn"] == UNKNOWN_STRING
    assert len(standins) == 0, "a preview creates nothing"


def test_the_same_program_gets_the_same_ids_and_the_region_of_its_provider(tmp_path: Path) -> None:
    made: list[tuple[str, dict[str, Any]]] = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        with StandIns(tmp_path / place) as standins:
            made.append(Client(standins).create(VPC, "main", {"cidrBlock": "10.0.0.0/16"}))
    assert made[0] == made[1]
    assert made[0][1]["arn"].startswith("arn:aws:ec2:eu-west-1:")


def test_two_instances_of_a_provider_keep_their_own_region(standins: StandIns, client: Client) -> None:
    other = Client(standins)
    other.configure("aws", {"region": "us-west-2"}, "recovery")
    _, here = client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    _, there = other.create(VPC, "copy", {"cidrBlock": "10.1.0.0/16"})
    assert (here["region"], there["region"]) == ("eu-west-1", "us-west-2")


def test_a_chosen_name_is_taken_once_in_a_region_and_free_in_another(client: Client) -> None:
    group = "aws:cloudwatch/logGroup:LogGroup"
    client.create(group, "one", {"name": "/shared"})
    client.create(group, "elsewhere", {"name": "/shared", "region": "us-west-2"})
    code, message = refusal(lambda: client.create(group, "two", {"name": "/shared"}))
    assert code is grpc.StatusCode.ALREADY_EXISTS
    assert "one" in message, "the refusal says who has the name"


def test_one_name_under_two_parents_makes_two_resources(client: Client) -> None:
    made: set[str] = set()
    for parent in ("shop:a:A", "shop:b:B"):
        inputs = encode({"cidrBlock": "10.0.0.0/16"})
        owner = urn(f"{parent}${VPC}", "main")
        request = provider_pb2.CreateRequest(urn=owner, type=VPC, name="main", properties=inputs)
        made.add(client.of(VPC).Create(request).id)
    assert len(made) == 2, "an id that nobody chose gives way"


def test_a_replacement_is_another_thing_than_what_it_replaces(standins: StandIns, client: Client) -> None:
    old, _ = client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    new, _ = client.create(VPC, "main", {"cidrBlock": "10.1.0.0/16"})
    assert old != new
    client.delete(VPC, "main", old)
    assert [held.id for held in standins.cloud.store] == [new]


def test_a_replaced_password_differs_and_the_old_one_is_what_goes(standins: StandIns, client: Client) -> None:
    old, before = client.create(PASSWORD, "db", {"length": 20, "keepers": {"n": "1"}})
    new, after = client.create(PASSWORD, "db", {"length": 20, "keepers": {"n": "2"}})
    assert plain(before["result"]) != plain(after["result"])
    assert (old, new) == ("none", "none")
    client.delete(PASSWORD, "db", old)
    assert plain(standins.held(urn(PASSWORD, "db")).outputs["result"]) == plain(after["result"])


def test_secrets_stay_in_their_wrappers(client: Client) -> None:
    _, outputs = client.create(PASSWORD, "db", {"length": 20})
    assert is_secret(outputs["result"]), "what the provider declares secret is secret without the engine's help"
    token = "aws:secretsmanager/secretVersion:SecretVersion"
    made, outputs = client.create(token, "v", {"secretId": "outside", "secretString": secret("hush-hush")})
    assert outputs["secretString"] == secret("hush-hush")
    read = client.read(token, "v", made, {"secretId": "outside", "secretString": secret("hush-hush")})
    assert decode(read.properties)["secretString"] == secret("hush-hush")
    assert decode(read.inputs)["secretString"] == secret("hush-hush")


def test_a_secret_that_an_output_repeats_is_secret_there_too(client: Client) -> None:
    _, outputs = client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16", "tags": {"owner": secret("hush-hush")}})
    repeated = {key for key, value in outputs.items() if "hush-hush" in json.dumps(plain(value))}
    assert repeated == {"tags", "tagsAll"}
    assert all("hush-hush" not in json.dumps(_shown(outputs[key])) for key in repeated)


def _shown(value: Any) -> Any:
    """A value as someone without the key sees it."""
    if is_secret(value):
        return "[secret]"
    return {key: _shown(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    ("new", "kinds", "replaces"),
    [
        ({"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}, {}, []),
        ({"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24", "tags": {"a.b/c": "d"}}, {"tags": "ADD"}, []),
        ({"vpcId": "vpc-1", "cidrBlock": "10.0.9.0/24"}, {"cidrBlock": "UPDATE_REPLACE"}, ["cidrBlock"]),
        ({"vpcId": "vpc-1"}, {"cidrBlock": "DELETE_REPLACE"}, ["cidrBlock"]),
        ({"vpcId": UNKNOWN_STRING, "cidrBlock": "10.0.0.0/24"}, {"vpcId": "UPDATE_REPLACE"}, ["vpcId"]),
    ],
)
def test_a_diff_tells_an_update_from_a_replacement(
    client: Client, new: dict[str, Any], kinds: dict[str, str], replaces: list[str]
) -> None:
    old = {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}
    diff = client.diff(SUBNET, "subnet-1", old, new, {**old, "arn": "computed", "tagsAll": {}})
    found = {path: provider_pb2.PropertyDiff.Kind.Name(entry.kind) for path, entry in diff.detailedDiff.items()}
    assert found == kinds
    assert list(diff.replaces) == replaces
    assert diff.changes == (diff.DIFF_SOME if kinds else diff.DIFF_NONE)


def test_paths_of_a_diff_are_in_the_notation_of_the_engine(client: Client) -> None:
    old, new = {"tags": {"a.b/c": "1", "n": "1"}}, {"tags": {"a.b/c": "2", "n": "2"}}
    assert set(client.diff(VPC, "vpc-1", old, new, old).detailedDiff) == {'tags["a.b/c"]', "tags.n"}


def test_a_resource_whose_name_was_chosen_goes_before_its_replacement_comes(client: Client) -> None:
    old = {"name": "web", "vpcId": "vpc-1"}
    new = {**old, "vpcId": "vpc-2"}
    token = "aws:ec2/securityGroup:SecurityGroup"
    assert client.diff(token, "sg-1", old, new, {**old}).deleteBeforeReplace
    unnamed = client.diff(token, "sg-1", {"vpcId": "vpc-1"}, {"vpcId": "vpc-2"}, {"name": "web-1234567"})
    assert not unnamed.deleteBeforeReplace, "two made-up names do not collide"
    assert not client.diff(token, "sg-1", old, {**new, "name": "web2"}, {**old}).deleteBeforeReplace


def test_an_update_keeps_what_was_computed_and_drops_what_was_withdrawn(client: Client) -> None:
    old = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}, "enableDnsHostnames": True}
    made, outputs = client.create(VPC, "main", old)
    new = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "c"}}
    changed = client.update(VPC, "main", made, outputs, old, new)
    assert changed["arn"] == outputs["arn"]
    assert changed["tags"] == {"a": "c"}
    assert changed.get("enableDnsHostnames") is not True


def test_planted_drift_is_read_back_as_state_and_as_input(standins: StandIns, client: Client) -> None:
    inputs = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}
    made, _ = client.create(VPC, "main", inputs)
    standins.plant(urn(VPC, "main"), "tags", {"a": "changed by hand"})
    read = client.read(VPC, "main", made, inputs)
    assert decode(read.properties)["tags"] == {"a": "changed by hand"}
    assert decode(read.inputs) == {**inputs, "tags": {"a": "changed by hand"}}


def test_drift_of_a_secret_is_secret(standins: StandIns, client: Client) -> None:
    token = "aws:secretsmanager/secretVersion:SecretVersion"
    inputs = {"secretId": "outside", "secretString": secret("hush-hush")}
    made, _ = client.create(token, "v", inputs)
    standins.plant(made, "secretString", "changed by hand")
    read = client.read(token, "v", made, inputs)
    assert decode(read.properties)["secretString"] == secret("changed by hand")
    assert decode(read.inputs)["secretString"] == secret("changed by hand")


def test_what_vanished_reads_as_gone(standins: StandIns, client: Client) -> None:
    made, _ = client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    standins.vanish(made)
    assert client.read(VPC, "main", made, {}).id == ""
    client.delete(VPC, "main", made)  # what is gone may be deleted


def test_an_unknown_urn_cannot_be_planted(standins: StandIns) -> None:
    with pytest.raises(LookupError, match="names 0 living"):
        standins.plant("urn:pulumi:nothing", "tags", {})


def test_the_cloud_outlives_the_stand_ins(standins: StandIns, client: Client) -> None:
    inputs = {"cidrBlock": "10.0.0.0/16"}
    made, outputs = client.create(VPC, "main", inputs)
    standins.plant(made, "tags", {"by": "hand"})
    standins.restart()
    assert decode(Client(standins).read(VPC, "main", made, inputs).properties) == {**outputs, "tags": {"by": "hand"}}


def test_lookups_are_refused(client: Client) -> None:
    request = provider_pb2.InvokeRequest(tok="aws:index/getRegion:getRegion")
    code, message = refusal(lambda: client.of("aws").Invoke(request))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "aws:index/getRegion:getRegion" in message


def test_a_fault_hits_the_nth_call_it_covers_and_no_other(standins: StandIns, client: Client) -> None:
    standins.faults(Fault(nth=2))
    client.create(VPC, "web-0", {"cidrBlock": "10.9.0.0/16"})
    standins.faults(Fault(type="aws:ec2/*", name="web-*", nth=2, message="no capacity"))  # counts from here
    client.create(VPC, "web-a", {"cidrBlock": "10.0.0.0/16"})
    client.create(VPC, "db", {"cidrBlock": "10.1.0.0/16"})
    code, message = refusal(lambda: client.create(VPC, "web-b", {"cidrBlock": "10.2.0.0/16"}))
    assert (code, message) == (grpc.StatusCode.UNKNOWN, "no capacity")
    client.create(VPC, "web-c", {"cidrBlock": "10.3.0.0/16"})
    assert sorted(held.urn.rpartition("::")[2] for held in standins.cloud.store) == ["db", "web-0", "web-a", "web-c"]


def test_a_throttled_delete_leaves_the_resource(standins: StandIns, client: Client) -> None:
    made, _ = client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    standins.faults(Fault(method="delete", kind="throttle"))
    assert refusal(lambda: client.delete(VPC, "main", made))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(standins) == 1
    client.delete(VPC, "main", made)
    assert len(standins) == 0


def test_a_partial_creation_hands_over_what_there_is(standins: StandIns, client: Client) -> None:
    standins.faults(Fault(kind="partial", message="never became healthy"))
    with pytest.raises(grpc.RpcError) as caught:
        client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    error: Any = caught.value
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    detail = provider_pb2.ErrorResourceInitFailed()
    status_pb2.Status.FromString(packed).details[0].Unpack(detail)
    assert list(detail.reasons) == ["never became healthy"]
    assert detail.id == standins.held(urn(VPC, "main")).id, "the engine must learn the id, or it would create a second"
    assert decode(detail.properties)["cidrBlock"] == "10.0.0.0/16"


def test_a_crash_loses_the_answer_and_not_the_resource(standins: StandIns, client: Client) -> None:
    standins.faults(Fault(kind="crash"))
    code, _ = refusal(lambda: client.create(ROLE, "app", {"name": "app", "assumeRolePolicy": TRUST}))
    assert code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    standins.restart()
    again = Client(standins)
    code, _ = refusal(lambda: again.create(ROLE, "app", {"name": "app", "assumeRolePolicy": TRUST}))
    assert code is grpc.StatusCode.ALREADY_EXISTS, "the name was taken by the creation nobody heard of"


def test_latency_delays_what_it_names_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("sandbox.standins.faults.time.sleep", waited.append)
    with StandIns(tmp_path, latency={"aws:iam/*": 4.0, "aws:*": 2.0}) as standins:
        client = Client(standins)
        client.create(ROLE, "app", {"assumeRolePolicy": TRUST})
        client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
        client.create(PASSWORD, "db", {"length": 20})
    assert waited == [4.0, 2.0]


def resource(token: str, name: str, inputs: dict[str, Any], waits: Set[str] = frozenset()) -> Resource:
    return Resource(
        urn=urn(token, name),
        type=token,
        name=name,
        custom=True,
        parent=None,
        provider=None,
        id=inputs["name"],
        inputs=inputs,
        outputs=inputs,
        registered=None,
        secret_inputs=frozenset(),
        secret_outputs=frozenset(),
        secret_registered=frozenset(),
        dependencies=frozenset(waits),
        property_dependencies={},
        options=Options(),
        source=None,
    )


def program(profile_waits: Set[str]) -> Graph:
    role = resource(ROLE, "role", {"name": "app", "assumeRolePolicy": TRUST})
    profile = resource(PROFILE, "profile", {"name": "app-profile", "role": "app"}, profile_waits)
    return Graph("test", "standins", {each.urn: each for each in (role, profile)})


def test_a_name_of_something_that_does_not_exist_yet_is_refused(standins: StandIns, client: Client) -> None:
    standins.expect(program(frozenset()))
    code, message = refusal(lambda: client.create(PROFILE, "profile", {"name": "app-profile", "role": "app"}))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert message.startswith("role names 'app', which is role (aws:iam/role:Role): it does not exist yet")
    client.create(ROLE, "role", {"name": "app", "assumeRolePolicy": TRUST})
    client.create(PROFILE, "profile", {"name": "app-profile", "role": "app"})


def test_a_name_from_outside_the_program_is_nobody_s_business(standins: StandIns, client: Client) -> None:
    standins.expect(program(frozenset()))
    client.create(PROFILE, "profile", {"name": "app-profile", "role": "made-elsewhere"})


def test_the_same_word_as_a_label_is_no_reference(standins: StandIns, client: Client) -> None:
    standins.expect(program(frozenset()))
    client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16", "tags": {"service": "app"}})


def test_a_reference_to_what_was_deleted_is_refused(client: Client) -> None:
    made, _ = client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    client.delete(VPC, "main", made)
    _, message = refusal(lambda: client.create(SUBNET, "a", {"vpcId": made, "cidrBlock": "10.0.0.0/24"}))
    assert message.endswith("it no longer exists")


def test_nothing_is_deleted_while_something_living_names_it(standins: StandIns, client: Client) -> None:
    vpc, _ = client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    subnet, _ = client.create(SUBNET, "a", {"vpcId": vpc, "cidrBlock": "10.0.0.0/24"})
    code, message = refusal(lambda: client.delete(VPC, "main", vpc))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "still in use by" in message
    assert urn(SUBNET, "a") in message
    assert "vpcId" in message
    client.delete(SUBNET, "a", subnet)
    client.delete(VPC, "main", vpc)
    assert len(standins) == 0


def test_what_is_in_use_is_remembered_over_a_restart(standins: StandIns, client: Client) -> None:
    vpc, _ = client.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    client.create(SUBNET, "a", {"vpcId": vpc, "cidrBlock": "10.0.0.0/24"})
    standins.restart()
    assert "still in use" in refusal(lambda: Client(standins).delete(VPC, "main", vpc))[1]


def test_a_namespace_belongs_to_the_cluster_of_its_provider(standins: StandIns, client: Client) -> None:
    namespace, account = "kubernetes:core/v1:Namespace", "kubernetes:core/v1:ServiceAccount"
    other = Client(standins)
    other.configure("kubernetes", {}, "second-cluster")
    here, _ = client.create(namespace, "apps", {"metadata": {"name": "apps"}})
    client.create(account, "a", {"metadata": {"name": "a", "namespace": "apps"}})
    other.create(account, "b", {"metadata": {"name": "a", "namespace": "apps"}})
    assert "metadata.namespace" in refusal(lambda: client.delete(namespace, "apps", here))[1]
    client.delete(account, "a", "apps/a")
    client.delete(namespace, "apps", here)
    left = {held.urn.rpartition("::")[2] for held in standins.cloud.store}
    assert left == {"b"}, "what lives in the other cluster does not hold this one's namespace"


def test_a_recording_shows_a_missing_dependency_before_anything_runs() -> None:
    found = unordered(program(frozenset()))
    assert [(r.name, mention.path, mention.owner.urn) for r, mention in found] == [
        ("profile", "role", urn(ROLE, "role"))
    ]
    assert unordered(program({urn(ROLE, "role")})) == []


SECRET, REGIONAL = "gcp:secretmanager/secret:Secret", "gcp:secretmanager/regionalSecret:RegionalSecret"
GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/outside"


@pytest.mark.parametrize(
    ("why", "resources"),
    [
        (
            "the id that a resource is given is its own name, whoever else has that word",
            [
                resource(REGIONAL, "one", {"name": "token", "secretId": "token"}),
                resource(SECRET, "two", {"name": "other", "secretId": "token"}),
            ],
        ),
        (
            "whom a grant names exists outside, and another grant to the same one is not it",
            [
                resource(GRANT, "one", {"name": "grant-one", "member": "group:admins@example.com"}),
                resource(GRANT, "two", {"name": "grant-two", "member": "group:admins@example.com"}),
            ],
        ),
        (
            "a bare word of one cloud means nothing in the other",
            [
                resource("aws:secretsmanager/secret:Secret", "one", {"name": "token"}),
                resource("gcp:secretmanager/secretVersion:SecretVersion", "two", {"name": "v", "secret": "token"}),
            ],
        ),
        (
            "a resource whose id repeats one of its inputs does not wait for itself",
            [resource("aws:sqs/queuePolicy:QueuePolicy", "policy", {"name": QUEUE, "queueUrl": QUEUE})],
        ),
    ],
)
def test_what_is_no_reference(why: str, resources: list[Resource]) -> None:
    assert unordered(Graph("test", "standins", {each.urn: each for each in resources})) == [], why
