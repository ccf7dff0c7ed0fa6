"""What a program registered, as a graph that answers questions."""

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, cast


class Unknown:
    """A value that the cloud will decide; there is one of it, `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "[unknown]"

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
SECRET: Final = "[secret]"  # noqa: S105 - the word that stands where a secret is held back


@dataclass(frozen=True, slots=True)
class Options:
    """The resource options of one registration, inherited ones included, as they went over the wire."""

    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """URNs this resource also answers to."""
    deleted_with: str | None = None
    import_id: str | None = None
    additional_secret_outputs: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One registration: what went in, what came out, and where in the program it was written."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str | None
    provider: str | None
    id: str | None
    inputs: Mapping[str, Any]
    """By wire name; secrets unwrapped, what is not known yet is `UNKNOWN`."""
    outputs: Mapping[str, Any]
    """The inputs and what the provider adds to them."""
    registered: Mapping[str, Any] | None
    """What a component gave to `register_outputs`; None when it never called it."""
    secret_inputs: frozenset[str]
    """Paths held in a secret wrapper, such as `containers[0].envs[1].value`."""
    secret_outputs: frozenset[str]
    """Names of outputs that are secret though no input made them so."""
    secret_registered: frozenset[str]
    """Paths held in a secret wrapper in `registered`."""
    dependencies: frozenset[str]
    property_dependencies: Mapping[str, frozenset[str]]
    options: Options
    source: str | None
    """Where the program wrote it, relative to its directory: `components/network/aws.py:123`."""

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The output of this wire name, or the default."""
        return self.outputs.get(name, default)

    @property
    def package(self) -> str:
        """The package of the type: `aws`; for a provider, the package that it serves."""
        parts = self.type.split(":")
        return parts[2] if self.type.startswith("pulumi:providers:") else parts[0]

    def __repr__(self) -> str:
        return f"<{self.type} {self.name}>"


# Outputs that name one resource and nothing else; a value under one of these is an answer, others only when unique.
_IDENTITIES: Final = [
    "arn",
    "selfLink",
    "selfLinkUniqueId",
    "selfLinkWithId",
    "email",
    "member",
    "endpoint",
    "address",
    "dnsName",
    "uniqueId",
    "keyId",
]


_NAMES: Final = ("name", "bucket", "identifier", "clusterIdentifier", "replicationGroupId")


@dataclass(frozen=True, eq=False)
class Graph:
    """The resources of one recorded run in registration order, the exports, and the warnings of the program."""

    stack: str
    project: str
    resources: Mapping[str, Resource]
    exports: Mapping[str, Any] = field(default_factory=dict[str, Any])
    secret_exports: frozenset[str] = frozenset()
    """Paths held in a secret wrapper in `exports`."""
    warnings: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])
    """What the engine or a provider would refuse: a disabled default provider, an unknown or mistyped property."""
    sentinels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Configuration path to the stand-in of the secret written there."""
    known: bool = True
    """Whether computed outputs were known, as after an `up`, or unknown, as in a first preview."""

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())

    def __len__(self) -> int:
        return len(self.resources)

    def of_type(self, *tokens: str) -> list[Resource]:
        """The resources of exactly these types."""
        return [resource for token in tokens for resource in self._by_type.get(token, ())]

    def named(self, name: str, type: str | None = None) -> Resource:  # noqa: A002 - the word for it in this field
        """The one resource of this logical name (and type). Raises LookupError listing near names."""
        found = [r for r in self._by_name.get(name, ()) if type is None or r.type == type]
        if len(found) == 1:
            return found[0]
        if found:
            raise LookupError(f"{name!r} names {len(found)} resources: {', '.join(r.type for r in found)}")
        pool = {r.name for r in self if type is None or r.type == type}
        near = difflib.get_close_matches(name, pool, n=5, cutoff=0.4) or sorted(pool)[:5]
        kind = f" of type {type}" if type else ""
        raise LookupError(f"no resource{kind} is named {name!r}; near: {', '.join(near) or 'none'}")

    @property
    def providers(self) -> list[Resource]:
        """The explicit providers."""
        return [resource for resource in self if resource.type.startswith("pulumi:providers:")]

    @property
    def components(self) -> list[Resource]:
        """The component resources."""
        return [resource for resource in self if not resource.custom]

    def parent(self, resource: Resource) -> Resource | None:
        """The component or resource that holds this one; None at the root of the stack."""
        return self.resources.get(resource.parent) if resource.parent else None

    def ancestors(self, resource: Resource) -> list[Resource]:
        """The parent, its parent and so on up to the root."""
        chain: list[Resource] = []
        above = self.parent(resource)
        while above is not None:
            chain.append(above)
            above = self.parent(above)
        return chain

    def children(self, resource: Resource | None) -> list[Resource]:
        """What this resource holds directly; with None, what stands at the root of the stack."""
        return list(self._children.get(resource.urn if resource else "", ()))

    def descendants(self, resource: Resource) -> list[Resource]:
        """All that this resource holds, at any depth."""
        return [r for child in self.children(resource) for r in (child, *self.descendants(child))]

    def component_path(self, resource: Resource) -> str:
        """The logical names from the root down to this resource: `production/network/aws-vpc`."""
        return "/".join(r.name for r in reversed([resource, *self.ancestors(resource)]))

    def dependencies(self, resource: Resource) -> list[Resource]:
        """What this resource waits for by an explicit or a property dependency."""
        return self._sorted(resource.dependencies)

    def dependents(self, resource: Resource) -> list[Resource]:
        """What waits for this resource."""
        return list(self._dependents.get(resource.urn, ()))

    def references(self, resource: Resource) -> list[Resource]:
        """What the inputs of this resource were computed from."""
        return self._sorted({urn for urns in resource.property_dependencies.values() for urn in urns})

    def provider(self, resource: Resource) -> Resource:
        """The explicit provider of this resource. Raises LookupError when it runs on a default provider."""
        if resource.provider in self.resources:
            return self.resources[cast("str", resource.provider)]
        raise LookupError(f"{resource.urn} has no explicit provider")

    def referred(self, value: Any, by: Resource | None = None) -> Resource | None:
        """The resource that an id, ARN, self link, name or other value of its own belongs to.

        Of several (repositories of one name in two regions) it is the one that `by` depends on; else None.
        """
        owners = self._owners.get(value, ()) if isinstance(value, str) else ()
        if len(owners) > 1 and by is not None:
            owners = [owner for owner in owners if owner.urn in by.dependencies]
        return owners[0] if len(owners) == 1 else None

    def longest_chain(self, minutes: Callable[[Resource], float]) -> list[Resource]:
        """The chain of resources, each waiting for the one before it, that takes longest to provision."""
        best: dict[str, tuple[float, Resource | None]] = {}
        for resource in self:
            # Registration order is a topological order: an input can only come from what was registered before.
            waits = [d for d in self._waits_for(resource) if d.urn in best]
            before = max(waits, key=lambda r: best[r.urn][0], default=None)
            best[resource.urn] = (minutes(resource) + (best[before.urn][0] if before else 0.0), before)
        step = max(self, key=lambda r: best[r.urn][0], default=None)
        chain: list[Resource] = []
        while step is not None:
            chain.append(step)
            step = best[step.urn][1]
        return chain[::-1]

    def tree(self) -> list[tuple[Resource, list[Any]]]:
        """Nested pairs (resource, [pairs of its children]) from the root, in registration order."""

        def branch(resource: Resource) -> tuple[Resource, list[Any]]:
            return resource, [branch(child) for child in self.children(resource)]

        return [branch(root) for root in self.children(None)]

    def to_json(self) -> dict[str, Any]:
        """Plain data for machines: secrets held back, unknown values as `[unknown]`."""
        return {
            "project": self.project,
            "stack": self.stack,
            "known": self.known,
            "resources": [_resource_json(resource) for resource in self],
            "exports": masked(self.exports, self.secret_exports),
            "warnings": list(self.warnings),
            "problems": list(self.problems),
        }

    def _waits_for(self, resource: Resource) -> list[Resource]:
        """Dependencies; waiting for a component means waiting for all that it holds."""
        direct = self.dependencies(resource)
        above = [p for p in (resource.provider,) if p in self.resources]
        return [*direct, *(self.resources[urn] for urn in above if urn)]

    def _sorted(self, urns: Iterable[str]) -> list[Resource]:
        return sorted((self.resources[u] for u in urns if u in self.resources), key=lambda r: self._order[r.urn])

    @cached_property
    def _order(self) -> dict[str, int]:
        return {urn: number for number, urn in enumerate(self.resources)}

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        return _grouped(self, lambda r: r.type)

    @cached_property
    def _by_name(self) -> dict[str, list[Resource]]:
        return _grouped(self, lambda r: r.name)

    @cached_property
    def _children(self) -> dict[str, list[Resource]]:
        return _grouped(self, lambda r: r.parent if r.parent in self.resources else "")

    @cached_property
    def _dependents(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in self:
            for urn in resource.dependencies:
                found[urn].append(resource)
        return found

    @cached_property
    def _owners(self) -> dict[str, list[Resource]]:
        """Owners of each value: those that it identifies, else those that merely brought it forth."""
        sure: dict[str, list[Resource]] = defaultdict(list)
        likely: dict[str, list[Resource]] = defaultdict(list)
        for resource in self:
            if resource.custom:
                for value in _identifying(resource):
                    sure[value].append(resource)
                for value in _own(resource):
                    likely[value].append(resource)
        return {**likely, **sure}


def _identifying(resource: Resource) -> set[str]:
    """The id, and the computed outputs that name the resource; what it was given to point at another is none."""
    given = {value for value in resource.inputs.values() if isinstance(value, str)}
    computed = (resource.get(key) for key in _IDENTITIES)
    found = [resource.id, *(value for value in computed if isinstance(value, str) and value not in given)]
    return {value for value in found if isinstance(value, str) and value}


def _own(resource: Resource) -> set[str]:
    """Texts that the program did not give, and the names that it did give."""
    kind = resource.type.rpartition(":")[2].lower()
    names = {key for key in resource.inputs if key in _NAMES or key.lower() == f"{kind}id"}
    return {
        value
        for key, value in resource.outputs.items()
        if isinstance(value, str) and len(value) > 3 and (key not in resource.inputs or key in names)
    }


def masked(value: Any, secrets: frozenset[str], path: str = "") -> Any:
    """The value as plain data with every secret path replaced by `[secret]` and unknown values spelt out."""
    if path in secrets:
        return SECRET
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: masked(item, secrets, f"{path}.{key}" if path else key) for key, item in items}
    if isinstance(value, list | tuple):
        listed = cast("list[Any]", value)
        return [masked(item, secrets, f"{path}[{number}]") for number, item in enumerate(listed)]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return repr(value)


def _grouped(resources: Iterable[Resource], key: Callable[[Resource], str | None]) -> dict[str, list[Resource]]:
    groups: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        groups[key(resource) or ""].append(resource)
    return groups


def _resource_json(resource: Resource) -> dict[str, Any]:
    secrets = resource.secret_inputs | resource.secret_outputs
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "custom": resource.custom,
        "parent": resource.parent,
        "provider": resource.provider,
        "id": repr(resource.id) if isinstance(resource.id, Unknown) else resource.id,
        "inputs": masked(resource.inputs, resource.secret_inputs),
        "outputs": masked(resource.outputs, secrets),
        "registered": None if resource.registered is None else masked(resource.registered, resource.secret_registered),
        "dependencies": sorted(resource.dependencies),
        "protect": resource.options.protect,
        "source": resource.source,
    }
