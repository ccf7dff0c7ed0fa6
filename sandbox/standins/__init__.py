"""Stand-ins for the providers: gRPC servers that the engine attaches to in place of the real ones.

    with StandIns(directory) as standins:
        subprocess.run(["pulumi", "preview"], env={**os.environ, **standins.environment})

They check inputs against the installed SDKs, make up ids and outputs, and remember what exists; they reach no cloud.
"""

from collections.abc import Iterable, Mapping
from concurrent import futures
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.graph import Graph
from sandbox.standins.cloud import Cloud
from sandbox.standins.faults import Fault, Rules
from sandbox.standins.provider import StandIn
from sandbox.standins.references import expected, unordered
from sandbox.standins.store import Held

__all__ = ["PACKAGES", "Fault", "Held", "StandIns", "unordered"]

PACKAGES: Final = ("aws", "gcp", "kubernetes", "vault", "random")

# The engine runs as many operations at once as it likes, and a delayed one holds its thread.
_THREADS: Final = 64
# A chart or a bundle of custom resource definitions goes far beyond the default of 4 MiB.
_OPTIONS: Final = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]


class StandIns:
    """A server for each package, on a loopback port of its own, over one cloud kept in `directory`.

    `latency` maps type patterns (`aws:rds/*`) to seconds; the first that matches holds.
    """

    def __init__(
        self,
        directory: Path,
        *,
        packages: Iterable[str] = PACKAGES,
        faults: Iterable[Fault] = (),
        latency: Mapping[str, float] | None = None,
    ) -> None:
        self._packages = tuple(packages)
        self._file = directory / "standins.sqlite"
        self._rules = Rules(faults, latency)
        self._graph: Graph | None = None
        self._servers: dict[str, tuple[grpc.Server, int]] = {}
        self._cloud: Cloud | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def cloud(self) -> Cloud:
        """What exists. Raises RuntimeError when the stand-ins are not running."""
        if self._cloud is None:
            raise RuntimeError("the stand-ins are not running")
        return self._cloud

    @property
    def ports(self) -> dict[str, int]:
        """The loopback port of each package."""
        return {package: port for package, (_, port) in self._servers.items()}

    @property
    def environment(self) -> dict[str, str]:
        """What makes the engine attach here instead of starting (and fetching) providers."""
        return {
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in self.ports.items()),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def start(self) -> None:
        """Open the cloud and serve it."""
        self._cloud = Cloud(self._file, self._rules)
        if self._graph is not None:
            self._cloud.expect(expected(self._graph))
        for package in self._packages:
            self._servers[package] = self._serve(package, self._cloud)

    def stop(self) -> None:
        """Stop serving; the cloud stays in its file."""
        for stopped in [server.stop(grace=None) for server, _ in self._servers.values()]:
            stopped.wait()
        self._servers.clear()
        if self._cloud is not None:
            self._cloud.close()
            self._cloud = None

    def restart(self) -> None:
        """End and begin again, as after a crash, on other ports and with what the file holds."""
        self.stop()
        self.start()

    def faults(self, *faults: Fault) -> None:
        """The troubles from now on; none lifts them."""
        self._rules.replace(faults)

    def expect(self, graph: Graph) -> None:
        """Tell the stand-ins, from a recording, what the program's resources will be called."""
        self._graph = graph
        self.cloud.expect(expected(graph))

    def plant(self, urn_or_id: str, property: str, value: Any) -> None:  # noqa: A002 - the word of the field
        """Change a property behind the engine's back. Raises LookupError unless exactly one resource is meant."""
        self.cloud.plant(urn_or_id, {property: value})

    def vanish(self, urn_or_id: str) -> None:
        """Delete a resource behind the engine's back. Raises LookupError unless exactly one resource is meant."""
        self.cloud.vanish(urn_or_id)

    def held(self, urn_or_id: str) -> Held:
        """A living resource. Raises LookupError unless exactly one is meant."""
        return self.cloud.store.named(urn_or_id)

    def __len__(self) -> int:
        """How many resources live."""
        return len(self.cloud.store)

    def _serve(self, package: str, cloud: Cloud) -> tuple[grpc.Server, int]:
        server = grpc.server(futures.ThreadPoolExecutor(_THREADS, thread_name_prefix=package), options=_OPTIONS)
        standin = StandIn(package, cloud, end=lambda: server.stop(grace=None))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(standin, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        return server, port
