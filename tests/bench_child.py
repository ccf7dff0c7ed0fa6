"""One measured process of `tests.bench`: `record DIRECTORY STACK`, or `floor RESOURCES MODULE...`."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from tests.bench import SDKS, used


def record(directory: str, stack: str) -> dict[str, Any]:
    """Record a program; tells the SDK modules that it loaded beside the figures."""
    from sandbox.program import Program
    from sandbox.recorder import record as recorded

    graph = recorded(Program(Path(directory), stack))
    modules = sorted(name for name in sys.modules if name.split(".")[0] in SDKS and sys.modules[name])
    return {"resources": len(graph), "modules": modules} | used()


def floor(resources: int, modules: list[str]) -> dict[str, Any]:
    """Import the modules and register bare resources on the SDK's own mocks."""
    import pulumi

    for name in modules:
        importlib.import_module(name)

    class Mocks(pulumi.runtime.Mocks):
        def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
            raise NotImplementedError(args.token)

        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            return args.name, args.inputs

    pulumi.runtime.set_mocks(Mocks(), preview=False)

    @pulumi.runtime.test
    def bare() -> None:
        for number in range(resources):
            pulumi.CustomResource("bench:index:Bare", f"bare-{number}", {"number": number})

    bare()
    return {"resources": resources} | used()


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    sys.stdout.write(json.dumps(record(*rest) if verb == "record" else floor(int(rest[0]), rest[1:])))
