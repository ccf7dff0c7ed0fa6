"""Both clouds on the loopback interface, as far as an event on its way from Google Cloud to AWS meets them.

AWS is moto's server, before which faults can be put. The HTTP API is a server that checks tokens by the documented
rules of API Gateway's JWT authorizer and runs the function's own handler. Pub/Sub is a client that signs tokens and
repeats by the documented rules of push subscriptions. None of them proves that a cloud behaves so.
"""

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import boto3
import jwt
import requests
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ISSUER = "https://accounts.google.com"
REGION = "us-east-1"
ACKNOWLEDGED = {102, 200, 201, 202, 204}


class Aws:
    """Moto's server, with the calls of PutEvents counted, and answered by a fault while there are any."""

    def __init__(self) -> None:
        self.faults: list[tuple[int, dict[str, Any]]] = []
        self.calls: list[list[dict[str, Any]]] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.url = ""

    def fail(self, status: int, answer: dict[str, Any], *, times: int = 1) -> None:
        """Answer the next calls of PutEvents like this."""
        self.faults += [(status, answer)] * times

    def not_taken(self, code: str, message: str, *, times: int = 1) -> None:
        """Answer 200 to the next calls of PutEvents, and take no event."""
        entry = {"ErrorCode": code, "ErrorMessage": message}
        self.fail(200, {"FailedEntryCount": 1, "Entries": [entry]}, times=times)

    def client(self, service: str) -> Any:
        """A client of this server."""
        return _client(service, self.url)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_X_AMZ_TARGET", "").endswith(".PutEvents"):
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(length)
            self.calls.append(json.loads(body)["Entries"])
            environ["wsgi.input"] = BytesIO(body)
            if self.faults:
                status, answer = self.faults.pop(0)
                start_response(f"{status} Fault", [("Content-Type", "application/x-amz-json-1.1")])
                return [json.dumps(answer).encode()]
        return self._moto(environ, start_response)

    @contextmanager
    def running(self) -> Generator["Aws"]:
        """The server, until the block ends."""
        server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{server.server_port}"
        with _served(server):
            yield self

    def reset(self) -> None:
        """Forget everything."""
        requests.post(f"{self.url}/moto-api/reset", timeout=10).raise_for_status()
        self.faults.clear()
        self.calls.clear()


@cache
def _client(service: str, url: str) -> Any:
    config = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=url, region_name=REGION, config=config, **keys)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name it overrides
        """Nothing on the screen."""


@contextmanager
def _served(server: Any) -> Generator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Signer:
    """Whoever signs tokens: Google, or somebody who would like to be taken for it."""

    key_id: str = "key-1"
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def token(self, claims: Mapping[str, Any], *, algorithm: str = "RS256") -> str:
        """A signed token of these claims."""
        return jwt.encode(dict(claims), self.key, algorithm=algorithm, headers={"kid": self.key_id})

    def keys(self) -> dict[str, Any]:
        """The public keys by id, as the issuer's JWKS gives them."""
        return {self.key_id: self.key.public_key()}


def claims_of(email: str, subject: str, audience: str) -> dict[str, Any]:
    """The claims that Google puts into a token of a service account."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": audience,
        "azp": subject,
        "sub": subject,
        "email": email,
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
    }


class UnauthorizedError(Exception):
    """What the authorizer answers with 401."""


def authorized(header: str | None, *, keys: Mapping[str, Any], issuer: str, audiences: Iterable[str]) -> dict[str, str]:
    """The claims of a token, all as text; what API Gateway's JWT authorizer checks, in its order.

    The algorithm is one of RSA's, the key is the one of that id among the issuer's, the signature fits, `iss`, `aud`,
    `exp`, `nbf` and `iat` hold.
    """
    if not header:
        raise UnauthorizedError("no token")
    try:
        token = header.removeprefix("Bearer ")
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256", "RS384", "RS512"],
            audience=list(audiences),
            issuer=issuer,
            options={"require": ["exp", "iss", "aud"], "verify_iat": True},
        )
    except (jwt.PyJWTError, KeyError) as error:
        raise UnauthorizedError(repr(error)) from error
    return {name: json.dumps(value) if isinstance(value, bool) else str(value) for name, value in claims.items()}


class Gateway:
    """An HTTP API with one route, the authorizer of `authorized`, and a function behind it."""

    def __init__(self, handler: Callable[[dict[str, Any], object], dict[str, Any]], keys: Mapping[str, Any]) -> None:
        self.url = ""
        self.audience = ""
        self.invoked = 0
        self._handler, self._keys = handler, keys

    def answer(self, method: str, path: str, authorization: str | None, body: str) -> int:
        """The status of one request."""
        if (method, path) != ("POST", "/events"):
            return 404
        try:
            claims = authorized(authorization, keys=self._keys, issuer=ISSUER, audiences=[self.audience])
        except UnauthorizedError:
            return 401
        self.invoked += 1
        request = {
            "version": "2.0",
            "routeKey": "POST /events",
            "rawPath": path,
            "requestContext": {"authorizer": {"jwt": {"claims": claims, "scopes": None}}, "stage": "$default"},
            "body": body,
            "isBase64Encoded": False,
        }
        try:
            return int(self._handler(request, SimpleNamespace(aws_request_id=str(uuid.uuid4())))["statusCode"])
        except Exception:
            # What an HTTP API answers when the function fails.
            return 500

    @contextmanager
    def running(self) -> Generator["Gateway"]:
        """The server, until the block ends."""
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                status = gateway.answer(self.command, self.path, self.headers.get("Authorization"), body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET = do_PUT = _serve  # noqa: N815 - the names that the server looks for

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it overrides
                """Nothing on the screen."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/events"
        self.audience = self.url
        with _served(server):
            yield self


@dataclass
class Message:
    """A published message."""

    data: bytes
    ordering_key: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4().int)[:16])


class Subscription:
    """A push subscription: messages of one ordering key one after the other, each until it is acknowledged or given up.

    The time between attempts is left out.
    """

    def __init__(self, url: str, token: Callable[[], str], attempts: int) -> None:
        self.statuses: list[tuple[str, int]] = []
        self.dead_letters: list[Message] = []
        self._url, self._token, self._attempts = url, token, attempts

    def deliver(self, messages: Iterable[Message]) -> None:
        """Push until nothing is left."""
        waiting = [(message, 1) for message in messages]
        while waiting:
            blocked: set[str] = set()
            left: list[tuple[Message, int]] = []
            for message, attempt in waiting:
                if message.ordering_key and message.ordering_key in blocked:
                    left.append((message, attempt))
                elif self.push(message, attempt) not in ACKNOWLEDGED:
                    if attempt >= self._attempts:
                        self.dead_letters.append(message)
                    else:
                        left.append((message, attempt + 1))
                        blocked.add(message.ordering_key)
            waiting = left

    def push(self, message: Message, attempt: int) -> int:
        """One attempt, and what was answered."""
        wrapped = {
            "message": {
                "data": base64.b64encode(message.data).decode(),
                "messageId": message.id,
                "message_id": message.id,
                "publishTime": "2026-11-20T09:30:00.123Z",
                "publish_time": "2026-11-20T09:30:00.123Z",
                **({"orderingKey": message.ordering_key} if message.ordering_key else {}),
            },
            "subscription": "projects/elson-test/subscriptions/to-aws",
            "deliveryAttempt": attempt,
        }
        headers = {"Authorization": f"Bearer {self._token()}"}
        status = requests.post(self._url, json=wrapped, headers=headers, timeout=30).status_code
        self.statuses.append((message.id, status))
        return status
