"""Google's three endpoints on the loopback interface, as far as a rotation meets them.

They check what they are sent by the documented rules: the AWS role's signature is computed again from the credentials
that the test knows. That Google answers so is not proven.
"""

import base64
import json
import re
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-east-1"
PROJECT = "elson-test"
PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/elson-aws-ab12/providers/aws-111122223333"
ACCOUNT = "secret-rotation@elson-test.iam.gserviceaccount.com"
CREDENTIALS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI", "session-token-of-the-role")
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
FEDERATED, OWN = "federated-token", "service-account-token"

Refusal = tuple[int, str]
DISABLED: Refusal = (400, "FAILED_PRECONDITION")
MISSING: Refusal = (404, "NOT_FOUND")


class RefusedError(Exception):
    """What the request is answered with instead."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal[1])
        self.refusal = refusal


class GoogleCloud:
    """Token exchange, service account credentials and Secret Manager of one project."""

    def __init__(self) -> None:
        self.versions: dict[str, list[str]] = {}
        self.disabled: set[tuple[str, int]] = set()
        self.lag = 0
        """How many versions `latest` is behind."""
        self.refusals: dict[str, list[Refusal]] = {}
        """What the next requests whose path has this in it are answered with."""
        self.lose_answers = 0
        """How many versions are yet to be added without the caller hearing of it."""
        self.paths: list[str] = []
        self.received: list[bytes] = []
        self.url = ""

    def environment(self) -> dict[str, str]:
        """What a function is told so that it comes here."""
        return {
            "GOOGLE_PROJECT_ID": PROJECT,
            "GOOGLE_PROVIDER_NAME": PROVIDER,
            "GOOGLE_SERVICE_ACCOUNT": ACCOUNT,
            "GOOGLE_TOKEN_EXCHANGE_URL": self.url,
            "GOOGLE_CREDENTIALS_URL": self.url,
            "GOOGLE_SECRET_MANAGER_URL": self.url,
        }

    def refuse(self, path: str, code: int, status: str, *, times: int = 1) -> None:
        """Refuse the next requests whose path has this in it."""
        self.refusals.setdefault(path, []).extend([(code, status)] * times)

    @contextmanager
    def running(self) -> Generator["GoogleCloud"]:
        """The server, until the block ends."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
        """The answer to a request; None if it gets lost. Raises RefusedError."""
        self.paths.append(path)
        self.received.append(body)
        for part, refusals in self.refusals.items():
            if part in path and refusals:
                raise RefusedError(refusals.pop(0))
        if path == "/v1/token":
            return self._federated(parse_qs(body.decode(), strict_parsing=True))
        if path == f"/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken":
            _require(headers, FEDERATED)
            assert json.loads(body) == {"scope": [SCOPE], "lifetime": "300s"}
            return {"accessToken": OWN, "expireTime": "2030-01-01T00:00:00Z"}
        _require(headers, OWN)
        if added := re.fullmatch(rf"/v1/projects/{PROJECT}/secrets/([^/]+):addVersion", path):
            return self._added(added[1], json.loads(body)["payload"]["data"])
        read = re.fullmatch(rf"/v1/projects/{PROJECT}/secrets/([^/]+)/versions/([^/]+):access", path)
        assert read, f"{path} is no request that a rotation makes"
        return self._read(read[1], read[2])

    def _federated(self, form: dict[str, list[str]]) -> dict[str, Any]:
        audience = f"//iam.googleapis.com/{PROVIDER}"
        subject = form.pop("subject_token")[0]
        assert form == {
            "grant_type": ["urn:ietf:params:oauth:grant-type:token-exchange"],
            "audience": [audience],
            "scope": [SCOPE],
            "requested_token_type": ["urn:ietf:params:oauth:token-type:access_token"],
            "subject_token_type": ["urn:ietf:params:aws:token-type:aws4_request"],
        }
        _require_signature(json.loads(unquote(subject)), audience)
        return {"access_token": FEDERATED, "token_type": "Bearer", "expires_in": 3600}

    def _added(self, secret: str, data: str) -> dict[str, Any] | None:
        if secret not in self.versions:
            raise RefusedError(MISSING)
        self.versions[secret].append(base64.b64decode(data, validate=True).decode())
        if self.lose_answers:
            self.lose_answers -= 1
            return None
        return {"name": _name(secret, len(self.versions[secret])), "state": "ENABLED"}

    def _read(self, secret: str, which: str) -> dict[str, Any]:
        versions = self.versions.get(secret, [])
        number = max(len(versions) - self.lag, min(len(versions), 1)) if which == "latest" else int(which)
        if not 1 <= number <= len(versions):
            raise RefusedError(MISSING)
        if (secret, number) in self.disabled:
            raise RefusedError(DISABLED)
        data = base64.b64encode(versions[number - 1].encode()).decode()
        return {"name": _name(secret, number), "payload": {"data": data}}


def _name(secret: str, number: int) -> str:
    return f"projects/123456789012/secrets/{secret}/versions/{number}"


def _require(headers: Mapping[str, str], token: str) -> None:
    if headers.get("Authorization") != f"Bearer {token}":
        raise RefusedError((401, "UNAUTHENTICATED"))


def _require_signature(request: Mapping[str, Any], audience: str) -> None:
    """Do as AWS does when Google sends the request: sign it again, and compare."""
    headers = {each["key"].lower(): each["value"] for each in request["headers"]}
    signature = headers.pop("authorization")
    signed = re.search(r"SignedHeaders=([^,]+)", signature)
    assert signed
    assert set(signed[1].split(";")) == {"host", "x-amz-date", "x-amz-security-token", "x-goog-cloud-target-resource"}
    assert headers["x-goog-cloud-target-resource"] == audience
    assert (request["method"], headers["host"]) == ("POST", f"sts.{REGION}.amazonaws.com")
    assert parse_qs(urlsplit(request["url"]).query) == {"Action": ["GetCallerIdentity"], "Version": ["2011-06-15"]}
    again = AWSRequest(method="POST", url=request["url"], headers=headers)
    again.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(CREDENTIALS, "sts", REGION)
    expected = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    if not signature.endswith(f"Signature={expected}"):
        raise RefusedError((400, "invalid_grant"))


def _handler(cloud: GoogleCloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond(b"")

        def do_POST(self) -> None:
            self._respond(self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name is given
            """Nothing: what goes wrong is seen by the caller."""

        def _respond(self, body: bytes) -> None:
            try:
                answer = cloud.answer(self.path, dict(self.headers), body)
            except RefusedError as error:
                self._send(error.refusal[0], _refusal(self.path, error.refusal, body))
            else:
                if answer is not None:
                    self._send(200, answer)

        def _send(self, code: int, answer: Mapping[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def _refusal(path: str, refusal: Refusal, body: bytes) -> dict[str, Any]:
    """In the two formats that Google has, each repeating what it was sent, which it is free to do."""
    code, status = refusal
    message = f"refused: {body.decode()}"
    if path == "/v1/token":
        return {"error": status, "error_description": message}
    return {"error": {"code": code, "status": status, "message": message}}
