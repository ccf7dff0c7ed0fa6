"""What recording an environment costs, beside the least it could cost: `make bench`.

The floor of a recording is a process that imports the same SDK modules and registers as many resources of the same
types, bare of inputs, on the SDK's own mocks. Figures are processor seconds and peak memory of whole processes, so that
a busy machine shows less.
"""

import argparse
import copy
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ("development", "staging", "production")
FACTORS = (1, 2, 4)
SDKS = ("pulumi", "pulumi_aws", "pulumi_gcp", "pulumi_kubernetes", "pulumi_random", "pulumi_vault")


def main() -> None:
    """Print the figures of each environment, then how they grow with the number of services."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure, of which the least counts")
    runs = parser.parse_args().runs
    console = Console()
    console.print(_environments(runs))
    console.print(_growth(runs))


def _environments(runs: int) -> Table:
    table = Table(title="Recording against its floor (least processor seconds, peak MiB)")
    for column in ("environment", "resources", "seconds", "floor", "ratio", "MiB", "floor", "ratio"):
        table.add_column(column, justify="left" if column == "environment" else "right")
    for environment in ENVIRONMENTS:
        recorded = _least("record", str(ROOT), environment, runs=runs)
        floor = _least("floor", runs=runs, given={key: recorded[key] for key in ("modules", "bare")})
        table.add_row(
            environment,
            str(recorded["resources"]),
            *(f"{each:.2f}" for each in (recorded["seconds"], floor["seconds"])),
            f"{recorded['seconds'] / floor['seconds']:.2f}",
            *(f"{each:.0f}" for each in (recorded["mib"], floor["mib"])),
            f"{recorded['mib'] / floor['mib']:.2f}",
        )
    return table


def _growth(runs: int) -> Table:
    table = Table(title="Growth of staging with its services")
    for column in ("services", "resources", "seconds", "milliseconds a further resource"):
        table.add_column(column, justify="right")
    before: dict[str, Any] | None = None
    for factor in FACTORS:
        with tempfile.TemporaryDirectory() as directory:
            services = _program_with_more_services(Path(directory), "staging", factor)
            found = _least("record", directory, "staging", runs=runs)
        further = ""
        if before is not None:
            seconds = found["seconds"] - before["seconds"]
            further = f"{1000 * seconds / (found['resources'] - before['resources']):.1f}"
        table.add_row(str(services), str(found["resources"]), f"{found['seconds']:.2f}", further)
        before = found
    return table


def _program_with_more_services(directory: Path, stack: str, factor: int) -> int:
    """This program with each service there `factor` times; returns how many there are."""
    for path in ROOT.iterdir():
        if path.name not in (f"Pulumi.{stack}.yaml", ".git"):
            (directory / path.name).symlink_to(path)
    content = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    services = content["config"]["platform:services"]
    for number, service in enumerate([*services.values()] * (factor - 1)):
        another = copy.deepcopy(service)
        if another.get("hostname"):
            another["hostname"] = f"copy-{number}"
        services[f"copy-{number}"] = another
    (directory / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return len(services)


def _least(*arguments: str, runs: int, given: dict[str, Any] | None = None) -> dict[str, Any]:
    """The least of several runs: whatever else the machine does only adds to a figure."""
    measured = [_measured(arguments, given) for _ in range(runs)]
    return measured[0] | {key: min(each[key] for each in measured) for key in ("seconds", "mib")}


def _measured(arguments: tuple[str, ...], given: dict[str, Any] | None) -> dict[str, Any]:
    """One figure in a process of its own, which reads `given` as JSON."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench_child", *arguments]
    result = subprocess.run(  # noqa: S603 - ourselves
        command, cwd=ROOT, input=json.dumps(given), capture_output=True, text=True, check=True
    )
    return json.loads(result.stdout.splitlines()[-1])


def used() -> dict[str, float]:
    """Processor seconds and peak memory of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": usage.ru_utime + usage.ru_stime, "mib": usage.ru_maxrss / 1024}


if __name__ == "__main__":
    main()
