"""What every service gets, in each cloud."""

import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from components.workloads.contract import HEALTH, ProvidedSecrets, environment, health_command, secrets

PROVIDED = ProvidedSecrets(secret_key="sk", encryption_key="ek", database_url="db", redis_url="redis")


@pytest.mark.parametrize(("cloud", "region"), [("aws", "us-east-1"), ("gcp", "us-central1")])
def test_a_service_is_told_where_it_is_and_where_the_others_are(cloud: str, region: str) -> None:
    given = environment(
        cloud="aws" if cloud == "aws" else "gcp",
        region=region,
        own={"LOG_LEVEL": "info"},
        calls={"backend-api": "https://backend-api.internal"},
    )
    assert given == {
        "CLOUD_PROVIDER": cloud,
        "REGION": region,
        "BACKEND_API_URL": "https://backend-api.internal",
        "LOG_LEVEL": "info",
    }


def test_every_service_gets_the_same_secrets_by_reference() -> None:
    assert secrets(provided=PROVIDED, own={"slack-token": "st"}) == {
        "SECRET_KEY": "sk",
        "ENCRYPTION_KEY": "ek",
        "DATABASE_URL": "db",
        "REDIS_URL": "redis",
        "SLACK_TOKEN": "st",
    }


def test_a_service_without_database_or_cache_gets_no_address_of_one() -> None:
    bare = ProvidedSecrets(secret_key="sk", encryption_key="ek", database_url=None, redis_url=None)
    assert set(secrets(provided=bare, own={})) == {"SECRET_KEY", "ENCRYPTION_KEY"}


def test_a_secret_that_everybody_gets_may_be_named_again() -> None:
    assert secrets(provided=PROVIDED, own={"SECRET_KEY": "another"})["SECRET_KEY"] == "sk"


@pytest.mark.parametrize("name", ["REGION", "CLOUD_PROVIDER", "BACKEND_API_URL"])
def test_no_value_is_lost_to_another_of_the_same_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: set twice"):
        environment(cloud="aws", region="us-east-1", own={name: "x"}, calls={"backend-api": "https://x"})


@pytest.mark.parametrize("name", ["SECRET_KEY", "ENCRYPTION_KEY", "DATABASE_URL", "REDIS_URL"])
def test_no_secret_is_given_as_a_plain_variable(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: the platform gives it as a secret"):
        environment(cloud="aws", region="us-east-1", own={name: "x"}, calls={})


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
