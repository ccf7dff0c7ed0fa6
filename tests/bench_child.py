"""One measured process of `tests.bench`: `record DIRECTORY STACK`, or `floor` with the record's answer as its input."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from tests.bench import SDKS, used


def record(directory: str, stack: str) -> dict[str, Any]:
    """Record a program; tells what its floor has to load and to register beside the figures."""
    from sandbox.program import Program
    from sandbox.recorder import record as recorded

    graph = recorded(Program(Path(directory), stack))
    figures = {"resources": len(graph)} | used()

    from sandbox import schema

    bare: list[dict[str, Any]] = []
    for resource in graph:
        known = schema.resource(resource.type)
        outputs = [each.python_name for each in known.outputs.values()] if known else []
        bare.append({"type": resource.type, "name": resource.name, "custom": resource.custom, "outputs": outputs})
    modules = sorted(name for name in sys.modules if name.split(".")[0] in SDKS and sys.modules[name])
    return figures | {"modules": modules, "bare": bare}


def floor(modules: list[str], bare: list[dict[str, Any]]) -> dict[str, Any]:
    """Import the modules and register resources of the same types, without inputs, on the SDK's own mocks."""
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
    def register() -> None:
        for each in bare:
            if each["custom"]:
                pulumi.CustomResource(each["type"], each["name"], dict.fromkeys(each["outputs"]))
            else:
                pulumi.ComponentResource(each["type"], each["name"])

    register()
    return {"resources": len(bare)} | used()


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    figures = record(*rest) if verb == "record" else floor(**json.load(sys.stdin))
    sys.stdout.write(json.dumps(figures))
