"""The script of a machine, run by a real shell with stand-ins for docker and the AWS CLI."""

import os
import subprocess
from pathlib import Path

import pytest

from components.compute.ec2_boot import Boot, user_data

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/backend-api@sha256:abc"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:key-a1b2c3"
BROKEN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:broken"
JSON = "arn:aws:secretsmanager:us-east-1:111122223333:secret:json:url::"

AWS_CLI = f"""#!/bin/bash
case "$*" in
  *get-login-password*) echo token ;;
  *{BROKEN}*) echo refused >&2; exit 254 ;;
  *json*) echo '{{"url": "postgres://u:p@h/d"}}' ;;
  *) printf 'first line\\nsecond "line"\\n' ;;
esac
"""
DOCKER = """#!/bin/bash
if [ "$1" = run ]; then
  echo "$@" >"$RECORD/arguments"
  printf '%s' "$SECRET_KEY" >"$RECORD/secret"
  printf '%s' "$DATABASE_URL" >"$RECORD/url"
  printf '%s' "$GREETING" >"$RECORD/greeting"
else
  cat >/dev/null </dev/stdin
fi
"""


def boot(**secrets: str) -> Boot:
    return Boot(
        name="backend-api",
        region="us-east-1",
        image=IMAGE,
        port=8080,
        environment={"GREETING": "it's $HOME `date`"},
        secrets=secrets,
        log_group="backend-api-1234567",
        colour="blue",
        stop_seconds=45,
    )


def run_script(given: Boot) -> str:
    return user_data(given).partition("<<'RUN'\n")[2].partition("\nRUN\n")[0]


def run(given: Boot, folder: Path) -> subprocess.CompletedProcess[str]:
    for name, text in (("aws", AWS_CLI), ("docker", DOCKER)):
        path = folder / name
        path.write_text(text)
        path.chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "RECORD": str(folder)}
    return subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", run_script(given)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_whole_script_is_one_that_bash_accepts() -> None:
    checked = subprocess.run(
        ["/bin/bash", "-n"], input=user_data(boot(SECRET_KEY=SECRET)), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_container_gets_its_variables_exactly_as_they_are(tmp_path: Path) -> None:
    done = run(boot(SECRET_KEY=SECRET, DATABASE_URL=JSON), tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "secret").read_text() == 'first line\nsecond "line"', "keys and certificates have several lines"
    assert (tmp_path / "url").read_text() == "postgres://u:p@h/d"
    assert (tmp_path / "greeting").read_text() == "it's $HOME `date`", "a value is no program"


def test_no_secret_stands_in_a_command_line(tmp_path: Path) -> None:
    assert run(boot(SECRET_KEY=SECRET, DATABASE_URL=JSON), tmp_path).returncode == 0
    arguments = (tmp_path / "arguments").read_text()
    assert "--env SECRET_KEY" in arguments
    assert "--env PORT=8080" in arguments
    assert "first line" not in arguments, "every process on the machine sees it"
    assert "p@h" not in arguments


def test_the_container_has_no_privileges(tmp_path: Path) -> None:
    assert run(boot(SECRET_KEY=SECRET, DATABASE_URL=JSON), tmp_path).returncode == 0
    arguments = (tmp_path / "arguments").read_text()
    for option in ("--read-only", "--user 65532:65532", "--cap-drop ALL", "--security-opt no-new-privileges"):
        assert option in arguments


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_without_a_secret_nothing_starts(tmp_path: Path, name: str) -> None:
    done = run(boot(**{"SECRET_KEY": SECRET, "DATABASE_URL": JSON, name: BROKEN}), tmp_path)
    assert done.returncode != 0
    assert not (tmp_path / "arguments").exists(), "it would run with an empty key"
