"""The offline plan: what a recorded program would create, what is wrong with it, and what sets it apart from another.

Numbers and verdicts only; `sandbox.plan_view` puts them on a terminal.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox import durations
from sandbox.difference import Change, Difference
from sandbox.graph import Graph, Resource, masked
from sandbox.hygiene import Leak

OK, BROKEN, STATEFUL = 0, 1, 2
"""Exit codes: nothing to object to; the program or its plan is wrong; a stateful resource would be lost."""


def short(token: str) -> str:
    """The type as the engine displays it: `aws:ec2/vpc:Vpc` -> `aws:ec2:Vpc`."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    head, slash, tail = module.rpartition("/")
    return f"{package}:{head}:{name}" if slash and tail.lower() == name.lower() else token


@dataclass(frozen=True)
class Step:
    """One resource of the longest chain, and the minutes after which its turn comes."""

    resource: Resource
    start: float
    minutes: float


@dataclass(frozen=True)
class Comparison:
    """What another commit or stack is called, and what separates it from this plan."""

    label: str
    difference: Difference


@dataclass(frozen=True)
class Plan:
    """One program and stack, recorded with its outputs known and unknown."""

    graph: Graph
    first: Graph
    """The same program when no output is known yet, as in the first preview."""
    leaks: Sequence[Leak] = ()
    against: Comparison | None = None

    @cached_property
    def problems(self) -> list[str]:
        """What the engine or a provider would refuse, in either pass."""
        return list(dict.fromkeys([*self.graph.problems, *self.first.problems]))

    @cached_property
    def warnings(self) -> list[str]:
        """What the program warned of, in either pass."""
        return list(dict.fromkeys([*self.graph.warnings, *self.first.warnings]))

    @property
    def exit_code(self) -> int:
        """`BROKEN` before `STATEFUL`: what cannot run loses nothing."""
        if self.problems or self.leaks:
            return BROKEN
        return STATEFUL if self.against and self.against.difference.stateful else OK

    @cached_property
    def counts(self) -> Mapping[str, Counter[str]]:
        """Resources per provider and type; a package with several providers has a row for each."""
        served = Counter(provider.package for provider in self.graph.providers)
        counts: dict[str, Counter[str]] = {}
        for resource in self.graph:
            if not resource.custom or resource.type.startswith("pulumi:"):
                continue
            provider = self.graph.resources.get(resource.provider or "")
            several = provider is not None and served[resource.package] > 1
            label = f"{resource.package} ({provider.name})" if provider and several else resource.package
            counts.setdefault(label, Counter())[short(resource.type)] += 1
        return dict(sorted(counts.items()))

    @cached_property
    def chain(self) -> list[Step]:
        """The resources that the deploy waits for one after the other, when nothing else holds it up."""
        steps: list[Step] = []
        start = 0.0
        for resource in self.graph.longest_chain(durations.minutes):
            if minutes := durations.minutes(resource):
                steps.append(Step(resource, start, minutes))
                start += minutes
        return steps

    @property
    def minutes(self) -> float:
        """Typical minutes of the longest chain."""
        return sum(step.minutes for step in self.chain)

    @cached_property
    def outputs(self) -> Mapping[str, tuple[Any, Any]]:
        """Each stack output before and after the cloud decided its part of it; secrets held back."""
        before = masked(self.first.exports, self.first.secret_exports)
        after = masked(self.graph.exports, self.graph.secret_exports)
        return {name: (before.get(name), after[name]) for name in sorted(after)}

    def document(self) -> dict[str, Any]:
        """The plan as plain data, complete: what `--json` prints."""
        return {
            **self.graph.to_json(),
            "problems": self.problems,
            "warnings": self.warnings,
            "leaks": [dataclasses.asdict(leak) for leak in self.leaks],
            "counts": {provider: dict(types) for provider, types in self.counts.items()},
            "longestChain": {
                "minutes": round(self.minutes, 1),
                "steps": [
                    {"urn": step.resource.urn, "start": round(step.start, 1), "minutes": step.minutes}
                    for step in self.chain
                ],
            },
            **({"against": _compared(self.against)} if self.against else {}),
            "exitCode": self.exit_code,
        }


def _compared(against: Comparison) -> dict[str, Any]:
    found = against.difference
    return {
        "label": against.label,
        "added": [resource.urn for resource in found.added],
        "changed": [_change(change) for change in found.changed],
        "replaced": [_change(change) for change in found.replaced],
        "following": [_change(change) for change in found.following],
        "deleted": [resource.urn for resource in found.deleted],
        "stateful": [resource.urn for resource in found.stateful],
    }


def _change(change: Change) -> dict[str, Any]:
    return {"urn": change.after.urn, "properties": [dataclasses.asdict(p) for p in change.properties]}
