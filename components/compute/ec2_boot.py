"""What an instance does when it starts: fetch what its role may read, and run one container."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.compute.permissions import SECRET_ARN_PARTS
from components.compute.task_definition import LOG_BUFFER, NOBODY, SCRATCH_MIB

RUN = "/usr/local/bin/run-service"
PICK = "import json, sys; print(json.load(sys.stdin)[sys.argv[1]], end='')"


@dataclass(frozen=True, kw_only=True)
class Boot:
    """What the instance is told; of a secret, where it is."""

    name: str
    """What the container is called."""
    region: str
    """The region of registry, secrets and log."""
    image: str
    """What it runs, by digest."""
    port: int
    """The port that it listens on."""
    environment: Mapping[str, str]
    """Plain variables."""
    secrets: Mapping[str, str]
    """References of secret variables."""
    log_group: str
    """The log group."""
    colour: str
    """What its log stream begins with."""
    stop_seconds: int
    """Seconds between the request to stop and the end."""


def user_data(boot: Boot) -> str:
    """A script for cloud-init. The service restarts with the instance and whenever it ends, with secrets read anew."""
    return "\n".join(
        [
            "#!/bin/bash",
            "set -euo pipefail",
            "dnf install --assumeyes docker",
            "systemctl enable --now docker",
            f"cat >{RUN} <<'RUN'",
            *_run_script(boot),
            "RUN",
            f"chmod 0700 {RUN}",
            "cat >/etc/systemd/system/service.service <<'UNIT'",
            *_unit(boot),
            "UNIT",
            "systemctl daemon-reload",
            "systemctl enable --now service.service",
            "",
        ]
    )


def _run_script(boot: Boot) -> list[str]:
    registry = boot.image.partition("/")[0]
    region = shlex.quote(boot.region)
    return [
        "#!/bin/bash",
        "set -euo pipefail",
        f"aws ecr get-login-password --region {region}"
        f" | docker login --username AWS --password-stdin {shlex.quote(registry)}",
        f"docker pull --quiet {shlex.quote(boot.image)}",
        "docker rm --force service 2>/dev/null || true",
        *(f"export {name}={shlex.quote(value)}" for name, value in sorted(boot.environment.items())),
        *(_export(name, reference, region) for name, reference in sorted(boot.secrets.items())),
        f"exec docker run {' '.join(_run_arguments(boot))}",
    ]


def _export(name: str, reference: str, region: str) -> str:
    """Assigned first and exported after: `export X=$(...)` would go on without a secret that could not be read."""
    parts = reference.split(":")
    arn, key = ":".join(parts[:SECRET_ARN_PARTS]), "".join(parts[SECRET_ARN_PARTS : SECRET_ARN_PARTS + 1])
    fetch = (
        f"aws secretsmanager get-secret-value --region {region} --secret-id {shlex.quote(arn)}"
        " --query SecretString --output text"
    )
    if key:
        fetch += f" | python3 -c {shlex.quote(PICK)} {shlex.quote(key)}"
    return f'{name}="$({fetch})"; export {name}'


def _run_arguments(boot: Boot) -> Sequence[str]:
    variables = sorted({*boot.environment, *boot.secrets, "PORT"})
    return [
        "--name service",
        "--read-only",
        f"--tmpfs /tmp:rw,noexec,nosuid,size={SCRATCH_MIB}m",
        f"--user {NOBODY}",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        f"--publish {boot.port}:{boot.port}",
        "--log-driver awslogs",
        f"--log-opt awslogs-region={shlex.quote(boot.region)}",
        f"--log-opt awslogs-group={shlex.quote(boot.log_group)}",
        f"--log-opt tag={shlex.quote(boot.colour + '/{{.ID}}')}",
        "--log-opt mode=non-blocking",
        f"--log-opt max-buffer-size={LOG_BUFFER}",
        # By name alone: docker takes the values from its own environment, and none stands in a command line.
        *(
            f"--env {name}" if name != "PORT" or name in boot.environment else f"--env PORT={boot.port}"
            for name in variables
        ),
        shlex.quote(boot.image),
    ]


def _unit(boot: Boot) -> list[str]:
    return [
        "[Unit]",
        f"Description={json.dumps(boot.name)}",
        "Requires=docker.service",
        "After=docker.service network-online.target",
        "Wants=network-online.target",
        "[Service]",
        f"ExecStart={RUN}",
        f"ExecStop=/usr/bin/docker stop --time {boot.stop_seconds} service",
        f"TimeoutStopSec={boot.stop_seconds + 10}",
        "Restart=always",
        "RestartSec=5",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
