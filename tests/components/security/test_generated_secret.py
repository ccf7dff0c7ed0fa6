"""What a generated secret promises; how random it is, is the random provider's."""

import pytest

from components.security.generated_secret import GeneratedSecret, GeneratedSecretArgs
from sandbox.graph import Graph
from sandbox.recorder import record_components


def generated(args: GeneratedSecretArgs) -> Graph:
    return record_components(lambda: GeneratedSecret("jwt", args))


@pytest.mark.parametrize("args", [GeneratedSecretArgs(kind="token"), GeneratedSecretArgs(kind="encryption_key")])
def test_the_value_is_a_secret_from_its_source(args: GeneratedSecretArgs) -> None:
    component = generated(args).named("jwt", "platform:security:GeneratedSecret")
    assert component.secret_registered == {"value"}, "whatever is made of it would be readable in the state"


def test_a_token_is_long_enough_and_needs_no_escaping() -> None:
    (token,) = generated(GeneratedSecretArgs(kind="token")).of_type("random:index/randomPassword:RandomPassword")
    assert (token["length"], token["special"]) == (64, False)


def test_a_raised_generation_gives_another_token() -> None:
    (token,) = generated(GeneratedSecretArgs(kind="token", generation=2)).of_type(
        "random:index/randomPassword:RandomPassword"
    )
    assert token["keepers"] == {"generation": "2"}, "the keepers decide when a value is generated anew"


def test_an_encryption_key_has_32_bytes_and_is_never_replaced() -> None:
    (key,) = generated(GeneratedSecretArgs(kind="encryption_key")).of_type("random:index/randomBytes:RandomBytes")
    assert key["length"] == 32
    assert key.options.protect
    assert "keepers" not in key.inputs, "what the old key encrypted would be unreadable"


def test_another_generation_of_an_encryption_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cannot be generated anew: .* re-encrypt"):
        GeneratedSecretArgs(kind="encryption_key", generation=2)
