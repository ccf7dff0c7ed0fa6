"""What every service gets, in each cloud."""

import subprocess
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import PurePath
from threading import Thread

import pytest

from components.workloads.contract import (
    AUTHORITIES_PATH,
    HEALTH,
    SECRET,
    Connection,
    ProvidedSecrets,
    environment,
    health_command,
    secrets,
)

PROVIDED = ProvidedSecrets(
    secret_key="sk",
    encryption_key="ek",
    database=Connection(url="db", authorities="db-ca"),
    cache=Connection(url="redis", authorities="redis-ca"),
)


@pytest.mark.parametrize(("cloud", "region"), [("aws", "us-east-1"), ("gcp", "us-central1")])
def test_a_service_is_told_where_it_is_and_where_the_others_are(cloud: str, region: str) -> None:
    given = environment(
        cloud="aws" if cloud == "aws" else "gcp",
        region=region,
        own={"LOG_LEVEL": "info"},
        calls={"backend-api": "https://backend-api.internal"},
        platform={"EVENT_BUS_NAME": "trading-events"},
    )
    assert given == {
        "CLOUD_PROVIDER": cloud,
        "REGION": region,
        "BACKEND_API_URL": "https://backend-api.internal",
        "EVENT_BUS_NAME": "trading-events",
        "LOG_LEVEL": "info",
    }


def test_every_service_gets_the_same_secrets_by_reference() -> None:
    assert secrets(provided=PROVIDED, own={"slack-token": "st"}) == {
        "SECRET_KEY": "sk",
        "ENCRYPTION_KEY": "ek",
        "DATABASE_URL": "db",
        "DATABASE_AUTHORITIES": "db-ca",
        "REDIS_URL": "redis",
        "REDIS_AUTHORITIES": "redis-ca",
        "SLACK_TOKEN": "st",
    }


def test_a_service_without_database_or_cache_gets_no_address_of_one() -> None:
    bare = ProvidedSecrets(secret_key="sk", encryption_key="ek", database=None, cache=None)
    assert set(secrets(provided=bare, own={})) == {"SECRET_KEY", "ENCRYPTION_KEY"}


def test_a_cache_whose_authority_every_client_knows_comes_without_certificates() -> None:
    known = replace(PROVIDED, cache=Connection(url="redis", authorities=None))
    assert "REDIS_AUTHORITIES" not in secrets(provided=known, own={})


def test_the_certificates_of_the_database_go_where_a_container_can_write() -> None:
    assert PurePath(AUTHORITIES_PATH).parts[:2] == ("/", "tmp"), "on Fargate, the rest of the image is read-only"


def test_a_secret_that_everybody_gets_may_be_named_again() -> None:
    assert secrets(provided=PROVIDED, own={"SECRET_KEY": "another"})["SECRET_KEY"] == "sk"


@pytest.mark.parametrize("name", ["REGION", "CLOUD_PROVIDER", "BACKEND_API_URL", "EVENT_BUS_NAME"])
def test_no_value_is_lost_to_another_of_the_same_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: set twice"):
        environment(
            cloud="aws",
            region="us-east-1",
            own={name: "x"},
            calls={"backend-api": "https://x"},
            platform={"EVENT_BUS_NAME": "trading-events"},
        )


@pytest.mark.parametrize("name", SECRET)
def test_no_secret_is_given_as_a_plain_variable(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: the platform gives it as a secret"):
        environment(cloud="aws", region="us-east-1", own={name: "x"}, calls={}, platform={})


def test_two_secrets_that_become_one_variable_are_refused() -> None:
    with pytest.raises(ValueError, match="SLACK_TOKEN: set twice"):
        secrets(provided=PROVIDED, own={"slack-token": "a", "slack_token": "b"})


def test_a_service_answers_on_these_paths_unless_it_says_otherwise() -> None:
    assert (HEALTH.startup, HEALTH.ready, HEALTH.live) == ("/health", "/health/ready", "/health/live")


class _Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == HEALTH.live else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


@pytest.mark.parametrize(("path", "status"), [("/health/live", 0), ("/health/ready", 1)])
def test_the_health_command_succeeds_when_the_service_answers_and_fails_when_it_does_not(
    path: str, status: int
) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Service)
    Thread(target=server.serve_forever, daemon=True).start()
    kind, command = health_command(server.server_port, path)
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=30, check=False)  # noqa: S603
    server.shutdown()
    server.server_close()
    assert (kind, done.returncode) == ("CMD-SHELL", status), "ECS takes 1 for unhealthy, and reserves the rest"
