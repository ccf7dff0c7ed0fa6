"""A service that the tests of its runtimes share, with every weight a release passes through."""

from dataclasses import replace

from components.workloads.service import HealthPaths, Release, Replicas, Scaling, ServiceSpec

STEPS = (0, 10, 25, 50, 100, 0)
"""The weights of green in a release that is rolled back at its end."""

SPEC = ServiceSpec(
    name="backend-api",
    protocol="http",
    port=8000,
    cpu=2,
    memory_gib=4,
    replicas=Replicas(min=2, max=10, standby=1),
    health=HealthPaths(startup="/health", ready="/health/ready", live="/health/live"),
    scaling=Scaling(
        cpu_out_percent=70,
        cpu_in_percent=30,
        memory_percent=80,
        out_after_minutes=5,
        in_after_minutes=15,
        cooldown_minutes=5,
    ),
    release=Release(
        images={"blue": "images.example/api@sha256:b", "green": "images.example/api@sha256:a"}, green_percent=0
    ),
    environment={"LOG_LEVEL": "info", "CLOUD_PROVIDER": "gcp"},
    secrets={
        "DATABASE_URL": "projects/elson-test/secrets/postgres-main-url",
        "SECRET_KEY": "projects/elson-test/secrets/secret-key",
    },
    graceful_stop_seconds=30,
)


def with_weight(spec: ServiceSpec, green_percent: int) -> ServiceSpec:
    """The same service, further on in its release."""
    return replace(spec, release=replace(spec.release, green_percent=green_percent))
