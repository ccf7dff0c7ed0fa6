"""Who may connect: real tokens against the function's own code, its keys fetched over HTTP.

That API Gateway asks the function, and believes it, is not proven here.
"""

import base64
import hashlib
import hmac
import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from functions.websocket_authorizer import handler as function
from functions.websocket_authorizer import signing_keys
from functions.websocket_authorizer.public_key import SHA256_IN_DER, PublicKey
from functions.websocket_authorizer.signing_keys import KeysUnavailableError, SigningKeys
from tests.functions.websocket_authorizer.google_keys import PROJECT, USER, KeyServer, Signer, claims

ROUTE = "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/live/$connect"
START = 1_800_000_000.0


@pytest.fixture(scope="session")
def google() -> Signer:
    return Signer("key-1")


@pytest.fixture(scope="session")
def successor() -> Signer:
    return Signer("key-2")


@pytest.fixture(scope="session")
def stranger() -> Signer:
    """A key of the same name that is not Google's."""
    return Signer("key-1")


@pytest.fixture
def server(google: Signer) -> Iterator[KeyServer]:
    with KeyServer().running() as running:
        running.publish(google)
        yield running


class Gateway:
    """Asks the function as API Gateway does, and remembers the tokens that no log may show."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    def connect(self, token: str | None, route: str = ROUTE) -> dict[str, Any]:
        """The function's answer, or what it raises."""
        parameters = None if token is None else {"token": token}
        if token is not None:
            self.tokens.append(token)
        return function.handler({"type": "REQUEST", "methodArn": route, "queryStringParameters": parameters}, None)

    def refuses(self, token: str | None, route: str = ROUTE) -> None:
        """Whether the client gets a 401."""
        with pytest.raises(function.UnauthorizedError) as raised:
            self.connect(token, route)
        assert str(raised.value) == "Unauthorized", "API Gateway answers anything else with 500"
        shown = "".join(traceback.format_exception(raised.value))
        assert not token or len(token) < 8 or token not in shown, "Lambda logs what is raised"


@pytest.fixture
def gateway(server: KeyServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Gateway]:
    monkeypatch.setenv("PROJECT_ID", PROJECT)
    monkeypatch.setenv("KEYS_URL", server.url)
    function._verifier.cache_clear()
    caplog.set_level(logging.DEBUG)
    made = Gateway()
    yield made
    function._verifier.cache_clear()
    parts = {part for token in made.tokens for part in token.split(".") if len(part) > 20}
    assert [part for part in parts if part in caplog.text] == [], "a token in a log opens connections to who reads it"


def now() -> float:
    return time.time()


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


# Who is admitted, and to what.


def test_a_user_who_is_signed_in_may_connect_and_nothing_else(gateway: Gateway, google: Signer) -> None:
    assert gateway.connect(google.token(claims(now()))) == {
        "principalId": USER,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": ROUTE}],
        },
    }


@pytest.mark.parametrize("route", [ROUTE.replace("$connect", "$default"), ROUTE.replace("$connect", "*"), ""])
def test_a_token_opens_no_other_route(gateway: Gateway, google: Signer, route: str) -> None:
    gateway.refuses(google.token(claims(now())), route)


def test_a_clock_that_is_a_little_ahead_keeps_nobody_out(gateway: Gateway, google: Signer) -> None:
    ahead = int(now()) + 5
    assert gateway.connect(google.token(claims(now(), iat=ahead, auth_time=ahead)))["principalId"] == USER


# Who is not.


CLAIMS: dict[str, dict[str, Any]] = {
    "of another project": {"iss": "https://securetoken.google.com/other", "aud": "other"},
    "for another audience": {"aud": "other"},
    "for several audiences": {"aud": [PROJECT, "other"]},
    "for no audience": {"aud": None},
    "of another issuer": {"iss": "https://accounts.google.com"},
    "of another project as issuer": {"iss": f"https://securetoken.google.com/{PROJECT}-2"},
    "of no issuer": {"iss": None},
    "without a user": {"sub": None},
    "of an empty user": {"sub": ""},
    "of a user that is a number": {"sub": 7},
    "of a user with a line break": {"sub": "a\r\nConnectionPrincipal: b"},
    "of a user with a quote": {"sub": 'a","principal":"b'},
    "of a user that is too long": {"sub": "a" * 129},
    "without an end": {"exp": None},
    "without a beginning": {"iat": None},
    "without a sign-in": {"auth_time": None},
}
TIMES: dict[str, Callable[[float], dict[str, Any]]] = {
    "that ended": lambda at: {"exp": int(at) - 1},
    "that ends this moment": lambda at: {"exp": int(at)},
    "that was issued in the future": lambda at: {"iat": int(at) + 60},
    "of a sign-in in the future": lambda at: {"auth_time": int(at) + 60},
    "whose end is a text": lambda at: {"exp": str(int(at) + 3600)},
    "whose end is true": lambda _: {"exp": True},
    "that never ends": lambda _: {"exp": float("inf")},
    "whose end is no number": lambda _: {"exp": float("nan")},
}


@pytest.mark.parametrize("changes", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_token_is_refused(gateway: Gateway, google: Signer, changes: dict[str, Any]) -> None:
    gateway.refuses(google.token(claims(now(), **changes)))


@pytest.mark.parametrize("changes", TIMES.values(), ids=TIMES.keys())
def test_a_token_is_refused_by_its_times(
    gateway: Gateway, google: Signer, changes: Callable[[float], dict[str, Any]]
) -> None:
    at = now()
    message = f"{encoded({'alg': 'RS256', 'kid': 'key-1'})}.{encoded({**claims(at), **changes(at)})}"
    gateway.refuses(f"{message}.{encoded(signature_of(google, message.encode()))}")


def signature_of(signer: Signer, message: bytes) -> bytes:
    return RSAAlgorithm(RSAAlgorithm.SHA256).sign(message, signer.key)


def test_another_key_of_the_same_name_opens_nothing(gateway: Gateway, stranger: Signer) -> None:
    gateway.refuses(stranger.token(claims(now())))


def test_a_key_that_comes_with_the_token_opens_nothing(gateway: Gateway, stranger: Signer, server: KeyServer) -> None:
    gateway.refuses(stranger.token(claims(now()), jwk=stranger.published(), jku=server.url, x5u=server.url))


def test_a_signature_of_other_claims_opens_nothing(gateway: Gateway, google: Signer) -> None:
    header, _, signature = google.token(claims(now())).split(".")
    gateway.refuses(f"{header}.{encoded(claims(now(), sub='somebody-else'))}.{signature}")


@pytest.mark.parametrize("change", [0, 128, 255])
def test_a_signature_that_differs_in_one_bit_opens_nothing(gateway: Gateway, google: Signer, change: int) -> None:
    header, body, signature = google.token(claims(now())).split(".")
    broken = bytearray(base64.urlsafe_b64decode(f"{signature}=="))
    broken[change] ^= 1
    gateway.refuses(f"{header}.{body}.{encoded(bytes(broken))}")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_opens_nothing(gateway: Gateway, google: Signer, algorithm: str) -> None:
    _, body, signature = google.token(claims(now())).split(".")
    header = encoded({"alg": algorithm, "kid": "key-1", "typ": "JWT"})
    gateway.refuses(f"{header}.{body}.")
    gateway.refuses(f"{header}.{body}.{signature}")


def test_the_public_key_is_no_password(gateway: Gateway, google: Signer) -> None:
    public = google.key.public_key()
    for form in (
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        json.dumps(google.published()).encode(),
    ):
        message = f"{encoded({'alg': 'HS256', 'kid': 'key-1', 'typ': 'JWT'})}.{encoded(claims(now()))}"
        signature = hmac.digest(form, message.encode(), hashlib.sha256)
        gateway.refuses(f"{message}.{encoded(signature)}")


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_google_s_own_key_counts_with_one_algorithm_only(gateway: Gateway, google: Signer, algorithm: str) -> None:
    gateway.refuses(jwt.encode(claims(now()), google.key, algorithm=algorithm, headers={"kid": "key-1"}))


@pytest.mark.parametrize("header", [{"crit": ["b64"], "b64": False}, {"kid": None}, {"kid": ""}, {"kid": 1}])
def test_a_header_that_asks_for_something_else_opens_nothing(
    gateway: Gateway, google: Signer, header: dict[str, Any]
) -> None:
    message = f"{encoded({'alg': 'RS256', 'kid': 'key-1', **header})}.{encoded(claims(now()))}"
    gateway.refuses(f"{message}.{encoded(signature_of(google, message.encode()))}")


@pytest.mark.parametrize("token", [None, "", ".", "..", "a.b", "a.b.c", "a.b.c.d", "[[", "é.é.é", "a" * 100_000])
def test_what_is_no_token_opens_nothing(gateway: Gateway, token: str | None) -> None:
    gateway.refuses(token)


@pytest.mark.parametrize("part", [b"[]", b"null", b"1", b'"text"', b"\xff", b"{", b"[" * 5000, b"9" * 5000])
def test_parts_that_are_no_json_objects_open_nothing(gateway: Gateway, google: Signer, part: bytes) -> None:
    gateway.refuses(f"{encoded(part)}.{encoded(claims(now()))}.AAAA")
    message = f"{encoded({'alg': 'RS256', 'kid': 'key-1'})}.{encoded(part)}"
    gateway.refuses(f"{message}.{encoded(signature_of(google, message.encode()))}")


@pytest.mark.parametrize("spelt", ["{}=", "{}==", "{}\n", " {}", "{}!"])
def test_a_token_has_one_spelling(gateway: Gateway, google: Signer, spelt: str) -> None:
    gateway.refuses(spelt.format(google.token(claims(now()))))


@hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(
    st.one_of(
        st.text(),
        st.builds(".".join, st.lists(st.text("ABCDEFGabcdefg0123_-"), min_size=3, max_size=3)),
        st.builds(
            lambda header, body: f"{encoded(header)}.{encoded(body)}.AAAA",
            st.dictionaries(st.sampled_from(["alg", "kid", "crit"]), st.sampled_from(["RS256", "key-1", None, 1, []])),
            st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists),
        ),
    )
)
def test_whatever_is_sent_is_refused_and_never_fails(gateway: Gateway, token: str) -> None:
    gateway.refuses(token)


# The signature itself, made with the private key so that nothing but its encoding is wrong.

MESSAGE = b"header.claims"
DIGEST = hashlib.sha256(MESSAGE).digest()
WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20"
SHA1_IN_DER = bytes.fromhex("3021300906052b0e03021a05000414")
ENCODINGS: dict[str, bytes] = {
    "short padding and something behind": b"\x00\x01" + b"\xff" * 8 + b"\x00" + SHA256_IN_DER + DIGEST + b"\x00" * 194,
    "something between padding and digest": b"\x00\x01"
    + b"\xff" * 100
    + b"\x00" * 102
    + b"\x00"
    + SHA256_IN_DER
    + DIGEST,
    "the padding of encryption": b"\x00\x02" + b"\xff" * 202 + b"\x00" + SHA256_IN_DER + DIGEST,
    "padding that is not all ones": b"\x00\x01\xfe" + b"\xff" * 201 + b"\x00" + SHA256_IN_DER + DIGEST,
    "no end of the padding": b"\x00\x01" + b"\xff" * 203 + SHA256_IN_DER + DIGEST,
    "a digest without its parameters": b"\x00\x01" + b"\xff" * 204 + b"\x00" + WITHOUT_NULL + DIGEST,
    "a weaker digest": b"\x00\x01" + b"\xff" * 218 + b"\x00" + SHA1_IN_DER + hashlib.sha1(MESSAGE).digest(),  # noqa: S324
    "a digest alone": b"\x00\x01" + b"\xff" * 221 + b"\x00" + DIGEST,
}


def raised(signer: Signer, held: bytes) -> bytes:
    """What the private key makes of this encoding."""
    modulus, private = signer.numbers()
    return pow(int.from_bytes(held, "big"), private, modulus).to_bytes(256, "big")


def test_the_signature_of_the_exact_encoding_fits(google: Signer) -> None:
    exact = b"\x00\x01" + b"\xff" * 202 + b"\x00" + SHA256_IN_DER + DIGEST
    assert raised(google, exact) == signature_of(google, MESSAGE)
    assert PublicKey.of(google.published()).signed(MESSAGE, raised(google, exact))


@pytest.mark.parametrize("held", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_signature_of_anything_else_does_not_fit(google: Signer, held: bytes) -> None:
    assert len(held) == 256
    assert not PublicKey.of(google.published()).signed(MESSAGE, raised(google, held))


def test_a_signature_has_the_length_of_the_key_and_is_below_its_modulus(google: Signer) -> None:
    key, signature = PublicKey.of(google.published()), signature_of(google, MESSAGE)
    above = int.from_bytes(signature, "big") + key.modulus
    assert key.signed(MESSAGE, signature)
    for other in (b"", signature[1:], signature[:-1], b"\x00" + signature, above.to_bytes(257, "big")):
        assert not key.signed(MESSAGE, other), "one signature would have several spellings"


def test_a_signature_above_the_modulus_does_not_fit_even_if_it_has_the_length() -> None:
    while True:
        signer = Signer("low")
        key, signature = PublicKey.of(signer.published()), signature_of(signer, MESSAGE)
        above = int.from_bytes(signature, "big") + key.modulus
        if above < 2**2048:
            break
    assert pow(above, 65537, key.modulus) == pow(above - key.modulus, 65537, key.modulus)
    assert not key.signed(MESSAGE, above.to_bytes(256, "big"))


@pytest.mark.parametrize("bits", [2048, 3072, 4096, 2056])
def test_keys_of_every_usual_size_count(bits: int) -> None:
    signer = Signer("key", bits)
    assert PublicKey.of(signer.published()).signed(MESSAGE, signature_of(signer, MESSAGE))


@pytest.mark.parametrize(("bits", "exponent"), [(1024, 65537), (2048, 3)])
def test_weak_keys_are_no_keys(bits: int, exponent: int) -> None:
    with pytest.raises(ValueError, match="usual size and exponent"):
        PublicKey.of(Signer("weak", bits, exponent).published())


@pytest.mark.parametrize(
    "change", [{"kty": "EC"}, {"kty": None}, {"alg": "RS512"}, {"alg": "HS256"}, {"use": "enc"}, {"n": ""}, {"e": 3}]
)
def test_what_does_not_sign_with_rs256_is_no_key(google: Signer, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"RS256|base64url"):
        PublicKey.of({**google.published(), **change})


# How long keys are kept.


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(server: KeyServer, clock: Clock) -> SigningKeys:
    return SigningKeys(server.url, clock)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Cache-Control": "public, max-age=21600, must-revalidate, no-transform"}, 21_600),
        ({"Cache-Control": "max-age=21600", "Age": "600"}, 21_000),
        ({"Cache-Control": "s-maxage=9999, MAX-AGE=120"}, 120),
        ({"Cache-Control": "max-age=99999999"}, signing_keys.LONGEST_SECONDS),
        ({"Cache-Control": "no-store"}, signing_keys.UNTOLD_SECONDS),
        ({"Age": "x"}, signing_keys.UNTOLD_SECONDS),
        ({"Cache-Control": "max-age=0"}, signing_keys.RENEWAL_SECONDS),
        ({"Cache-Control": "max-age=100", "Age": "9000"}, signing_keys.RENEWAL_SECONDS),
    ],
)
def test_keys_are_kept_for_as_long_as_the_answer_says(
    server: KeyServer, google: Signer, keys: SigningKeys, clock: Clock, headers: dict[str, str], seconds: int
) -> None:
    server.publish(google, **headers)
    for _ in range(3):
        assert keys.key("key-1") is not None
    clock.pass_by(seconds - 1)
    assert keys.key("key-1") is not None
    assert server.requests == 1
    clock.pass_by(1)
    assert keys.key("key-1") is not None
    assert server.requests == 2


def test_a_key_that_google_has_just_begun_to_use_is_found(
    server: KeyServer, google: Signer, successor: Signer, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gateway.connect(google.token(claims(now())))["principalId"] == USER
    server.publish(google, successor)
    later = now() + signing_keys.RENEWAL_SECONDS
    monkeypatch.setattr(function._verifier().keys, "_clock", lambda: later)
    assert gateway.connect(successor.token(claims(now())))["principalId"] == USER
    assert gateway.connect(google.token(claims(now())))["principalId"] == USER
    assert server.requests == 2


def test_a_key_that_google_has_withdrawn_opens_nothing(
    server: KeyServer, google: Signer, successor: Signer, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gateway.connect(google.token(claims(now())))["principalId"] == USER
    server.publish(successor)
    later = now() + 21_601
    monkeypatch.setattr(function._verifier().keys, "_clock", lambda: later)
    gateway.refuses(google.token(claims(now())))


def test_unknown_keys_are_asked_for_once_a_minute(server: KeyServer, keys: SigningKeys, clock: Clock) -> None:
    for unknown in range(50):
        assert keys.key(f"unknown-{unknown}") is None
    assert server.requests == 1, "a flood of forged tokens would have Google refuse everybody"
    clock.pass_by(signing_keys.RENEWAL_SECONDS)
    assert (keys.key("unknown-1"), keys.key("unknown-2")) == (None, None)
    assert server.requests == 2
    assert keys.key("key-1") is not None


FAILURES: dict[str, dict[str, Any]] = {
    "an error": {"status": 503},
    "a page": {"body": b"<html>"},
    "no keys": {"body": b'{"keys": []}'},
    "something else": {"body": b'{"error": {}}'},
    "a list": {"body": b"[]"},
    "keys that are none": {"body": b'{"keys": ["a"]}'},
    "more than fits": {"body": b'{"keys": [' + b" " * 100_000 + b"]}"},
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_old_keys_serve_for_an_hour_while_there_are_no_newer_ones(
    server: KeyServer, keys: SigningKeys, clock: Clock, failure: dict[str, Any]
) -> None:
    assert keys.key("key-1") is not None
    vars(server).update(failure)
    clock.pass_by(21_600 + signing_keys.STALE_SECONDS - 1)
    assert keys.key("key-1") is not None
    assert server.requests == 2
    clock.pass_by(1)
    with pytest.raises(KeysUnavailableError):
        keys.key("key-1")
    assert server.requests == 2, "whoever does not answer is not asked for every connection"


def test_keys_that_are_to_be_had_again_serve_soon(
    server: KeyServer, google: Signer, keys: SigningKeys, clock: Clock
) -> None:
    server.status = 500
    for _ in range(2):
        with pytest.raises(KeysUnavailableError):
            keys.key("key-1")
    assert server.requests == 1
    server.publish(google)
    clock.pass_by(signing_keys.RETRY_SECONDS)
    assert keys.key("key-1") is not None


def test_without_keys_nobody_is_admitted_and_nobody_is_called_unauthorised(
    gateway: Gateway, server: KeyServer, google: Signer
) -> None:
    server.status = 503
    with pytest.raises(KeysUnavailableError):
        gateway.connect(google.token(claims(now())))


def test_a_signer_that_cannot_be_reached_is_one_without_keys(clock: Clock) -> None:
    with KeyServer().running() as gone:
        url = gone.url
    with pytest.raises(KeysUnavailableError):
        SigningKeys(url, clock).key("key-1")


def test_a_key_of_another_kind_keeps_no_other_from_being_used(server: KeyServer, keys: SigningKeys) -> None:
    curve = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
    server.keys = [{**curve, "kid": "key-9", "alg": "ES256", "use": "sig"}, {}, *server.keys]
    assert keys.key("key-1") is not None
    assert keys.key("key-9") is None
