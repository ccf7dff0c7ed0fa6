"""Google's token service on the loopback interface: the keys that it publishes, and tokens signed with them."""

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

PROJECT = "elson-test"
USER = "Zk3VhTq0XyN8bLmRw5sDcU7eAf12"


@dataclass
class Signer:
    """Whoever signs tokens: Google, or somebody who would like to be taken for it."""

    key_id: str
    bits: int = 2048
    exponent: int = 65537
    key: rsa.RSAPrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(self.exponent, self.bits)

    def token(self, claims: Mapping[str, Any], **header: Any) -> str:
        """A token with these claims and, beside the usual header, these."""
        return jwt.encode(dict(claims), self.key, algorithm="RS256", headers={"kid": self.key_id, **header})

    def published(self) -> dict[str, Any]:
        """The public key as Google publishes it."""
        key = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.key_id, "n": key["n"], "e": key["e"]}

    def numbers(self) -> tuple[int, int]:
        """The modulus, and the exponent that only the signer knows."""
        private = self.key.private_numbers()
        return private.public_numbers.n, private.d


def claims(now: float, **changes: Any) -> dict[str, Any]:
    """The claims of a user who has just signed in; a change to None leaves one out."""
    usual = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "auth_time": int(now),
        "user_id": USER,
        "sub": USER,
        "iat": int(now),
        "exp": int(now) + 3600,
        "email": "client@example.com",
        "email_verified": True,
        "firebase": {"identities": {"email": ["client@example.com"]}, "sign_in_provider": "password"},
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


class KeyServer:
    """The endpoint of the keys: what it answers with, and how often it was asked."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.status = 200
        self.body: bytes | None = None
        self.requests = 0
        self.url = ""

    def publish(self, *signers: Signer, **headers: str) -> None:
        """Answer with the keys of these signers, and for six hours unless the headers say otherwise."""
        self.keys = [signer.published() for signer in signers]
        self.headers = headers or {"Cache-Control": "public, max-age=21600, must-revalidate, no-transform"}
        self.status, self.body = 200, None

    @contextmanager
    def running(self) -> Generator["KeyServer"]:
        """The server, until the block ends."""
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.requests += 1
                body = json.dumps({"keys": served.keys}).encode() if served.body is None else served.body
                self.send_response(served.status)
                for name, value in served.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it overrides
                """Nothing on the screen."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
