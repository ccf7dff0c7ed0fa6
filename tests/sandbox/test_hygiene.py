"""A secret outside of its wrapper is found wherever it shows, and in whatever coding."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest

from sandbox.graph import Graph
from sandbox.hygiene import EXPORTS, Leak, forms, leaks
from sandbox.program import Program
from sandbox.recorder import record, record_components

VAULTED = Path(__file__).parent / "programs" / "vaulted"
PASSWORD = "result of pw"


def with_password(use: Callable[[pulumi.Output[str]], object]) -> Graph:
    """A password whose secrecy `use` may lose: it is given the bare value, as a careless program would take it."""

    def build() -> None:
        made = random.RandomPassword("pw", length=24, override_special='"%+/')
        use(pulumi.Output.unsecret(made.result))

    return record_components(build)


def places(graph: Graph) -> set[tuple[str, str]]:
    return {(leak.resource, leak.property) for leak in leaks(graph)}


@pytest.mark.parametrize("known", [True, False])
def test_a_program_that_keeps_its_secrets_wrapped_has_no_leak(known: bool) -> None:
    assert leaks(record(Program(VAULTED, "one"), known=known)) == []


def test_a_password_in_an_input_is_a_leak_that_names_resource_property_and_secret() -> None:
    graph = with_password(lambda pw: aws.ecs.TaskDefinition("t", family="f", container_definitions=pw))
    assert leaks(graph) == [Leak("t", "containerDefinitions", PASSWORD)]


def test_a_password_in_an_input_that_the_sdk_wraps_by_itself_is_none() -> None:
    assert leaks(with_password(lambda pw: aws.ssm.Parameter("p", type="String", value=pw))) == []


@pytest.mark.parametrize(
    "coded",
    [
        lambda pw: pw,
        lambda pw: f"postgres://user:{quote(pw, safe='')}@host/db",
        lambda pw: json.dumps({"password": pw}),
        lambda pw: json.dumps([json.dumps({"password": pw})]),
        lambda pw: base64.b64encode(pw.encode()).decode(),
        lambda pw: base64.b64encode(f"user:{pw}".encode()).decode(),
        lambda pw: base64.b64encode(f"user:x:{pw}\n".encode()).decode(),
        lambda pw: base64.urlsafe_b64encode(f"a{pw}zz".encode()).decode(),
    ],
    ids=["plain", "url", "json", "json in json", "base64", "base64 after 5", "base64 after 7", "url-safe base64"],
)
def test_no_coding_hides_it(coded: Callable[[str], str]) -> None:
    graph = with_password(lambda pw: aws.ec2.Vpc("v", tags={"note": pw.apply(coded)}))
    assert places(graph) == {("v", "tags.note")}


def test_nested_properties_keys_assets_and_names_are_searched() -> None:
    def use(pw: pulumi.Output[str]) -> None:
        aws.ec2.Vpc("v", tags=pw.apply(lambda text: {text: "x"}))
        aws.s3.BucketObjectv2("o", bucket="b", source=pw.apply(pulumi.StringAsset))

    graph = with_password(use)
    assert {(r, p.partition(".")[0]) for r, p in places(graph)} == {("v", "tags"), ("o", "source")}


def test_exports_and_registered_outputs_are_searched() -> None:
    def use(pw: pulumi.Output[str]) -> None:
        component = pulumi.ComponentResource("t:t:T", "house", None)
        component.register_outputs({"open": pw, "closed": pulumi.Output.secret(pw)})
        pulumi.export("open", {"nested": [pw]})
        pulumi.export("closed", pulumi.Output.secret(pw))

    assert places(with_password(use)) == {("house", "open"), (EXPORTS, "open.nested[0]")}


def test_a_pre_shared_key_is_as_secret_as_a_password() -> None:
    def build() -> None:
        vpn = aws.ec2.VpnConnection("vpn", customer_gateway_id="cgw-1", type="ipsec.1")
        aws.ec2.Vpc("v", tags={"note": pulumi.Output.unsecret(vpn.tunnel1_preshared_key)})

    assert leaks(record_components(build)) == [Leak("v", "tags.note", "tunnel1PresharedKey of vpn")]


@pytest.mark.parametrize("known", [True, False])
def test_a_secret_of_the_configuration_is_traced_in_both_passes(tmp_path: Path, known: bool) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (tmp_path / "Pulumi.test.yaml").write_text("config: {'small:token': {secure: abc}}\n")
    (tmp_path / "__main__.py").write_text(
        "import pulumi, pulumi_aws as aws\naws.ec2.Vpc('v', tags={'t': pulumi.Config().require('token')})\n"
    )
    assert leaks(record(Program(tmp_path, "test"), known=known)) == [Leak("v", "tags.t", "small:token")]


def test_characters_that_codings_write_in_two_ways_are_known_in_both() -> None:
    assert {"a%20b%2Fc", "a+b%2Fc"} <= forms("a b/c")
    assert {"fn5+Pz8/Pj4+", "fn5-Pz8_Pj4-"} <= forms("~~~???>>>")


def test_the_forms_of_a_short_secret_are_not_so_short_that_they_turn_up_by_chance() -> None:
    assert min(map(len, forms("abcdef"))) >= 6
