"""Which strings name which resources, so that a stand-in can miss what a cloud would miss.

A value computed from another resource's output makes the engine wait by itself. A name written twice does not: the
engine creates both at once, and the cloud refuses the one that comes too early. Only a whole string counts, and a bare
word only under a key that says what it names (`role`, `dbSubnetGroupName`): elsewhere the same word may be a label.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final, cast

from sandbox.graph import Graph, Resource
from sandbox.standins.store import Held
from sandbox.standins.values import plain, strings

# What the provider answers with, and what the program may have chosen itself.
_COMPUTED: Final = ("arn", "selfLink", "email", "member")
_CHOSEN: Final = ("name", "path")
_UNMISTAKABLE: Final = re.compile(r"arn:|projects/|https://|[^@\s]+@[^@\s]+\.|.*-[0-9a-f]{8,}$")
_LOGIN: Final = "username"
"""Who logs in to some server; a user of another server may have the same name."""
_LONGEST: Final = 300  # A document is never a name, and policies and templates would fill the index.


@dataclass(frozen=True, slots=True)
class Owner:
    """The resource that a string names; the scope tells the clusters of two Kubernetes providers apart."""

    urn: str
    type: str
    scope: str


@dataclass(frozen=True, slots=True)
class Mention:
    """An input that names another resource."""

    path: str
    value: str
    owner: Owner

    def __str__(self) -> str:
        kind, _, name = self.owner.urn.rpartition("::")
        return f"{self.path} names {self.value!r}, which is {name} ({kind.rpartition('$')[2].rpartition('::')[2]})"


class References:
    """What names what, by exact value."""

    def __init__(self, owners: Iterable[tuple[str, Owner]] = ()) -> None:
        self._owners: dict[str, set[Owner]] = defaultdict(set)
        for value, owner in owners:
            self._owners[value].add(owner)

    def add(self, owner: Owner, id: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:  # noqa: A002
        """Take note of every string that names this resource."""
        for value in identities(id, inputs, outputs):
            self._owners[value].add(owner)

    def mentions(self, type: str, urn: str, scope: str, inputs: Any) -> Iterator[Mention]:  # noqa: A002
        """What the inputs of a resource name, other than the resource itself; several owners may share a value."""
        for path, value in strings(plain(inputs)):
            for owner in self._owners.get(value, ()) if len(value) <= _LONGEST else ():
                if owner.urn != urn and _means(path, value, type, scope, owner):
                    yield Mention(path, value, owner)


def expected(graph: Graph) -> References:
    """What the resources of a recorded program will be called once they exist."""
    references = References()
    for resource in graph:
        if resource.custom and isinstance(resource.id, str):
            references.add(_owner(resource), resource.id, resource.inputs, resource.outputs)
    return references


def unordered(graph: Graph) -> list[tuple[Resource, Mention]]:
    """Resources that name another one by a written-out value and yet do not wait for it: created too early, by luck."""
    references, found = expected(graph), list[tuple[Resource, Mention]]()
    waits: dict[str, frozenset[str]] = {}
    for resource in graph:
        # Registration order is a topological order, so what stands before is complete.
        direct = frozenset({*resource.dependencies, resource.provider or "", resource.parent or ""})
        waits[resource.urn] = direct.union(*(waits.get(urn, ()) for urn in direct))
        named = references.mentions(resource.type, resource.urn, resource.provider or "", dict(resource.inputs))
        for mentions in _by_place(named):
            if resource.custom and not any(mention.owner.urn in waits[resource.urn] for mention in mentions):
                found.append((resource, mentions[0]))
    return found


def missing(mentions: Iterable[Mention], living: Set[str]) -> Mention | None:
    """The first mention of something of which nothing lives."""
    for place in _by_place(mentions):
        if not any(mention.owner.urn in living for mention in place):
            return place[0]
    return None


def identities(id: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> set[str]:  # noqa: A002
    """Every string that names a resource of this id, these inputs and these outputs."""
    metadata = plain(outputs.get("metadata"))
    named = [id, *(plain(outputs.get(key)) for key in _CHOSEN)]
    # An input of that name, as a binding's `member`, names someone else.
    named += [plain(outputs.get(key)) for key in _COMPUTED if key not in inputs]
    if isinstance(metadata, dict):
        named.append(cast("dict[str, Any]", metadata).get("name"))
    return {value for value in named if isinstance(value, str) and 2 < len(value) <= _LONGEST}


def owner_of(held: Held) -> Owner:
    """The owner that a living resource is."""
    return Owner(held.urn, held.type, held.scope)


def _owner(resource: Resource) -> Owner:
    return Owner(resource.urn, resource.type, resource.provider or "")


def _by_place(mentions: Iterable[Mention]) -> list[list[Mention]]:
    places: dict[tuple[str, str], list[Mention]] = defaultdict(list)
    for mention in mentions:
        places[mention.path, mention.value].append(mention)
    return list(places.values())


def _means(path: str, value: str, type: str, scope: str, owner: Owner) -> bool:  # noqa: A002 - the protocol's word
    """Whether a value at this path stands for that owner."""
    if type.startswith("kubernetes:"):
        # The API server takes a workload before its secrets and accounts; only the namespace must be there.
        kind = owner.type == "kubernetes:core/v1:Namespace"
        return kind and path == "metadata.namespace" and scope.partition("|")[0] == owner.scope.partition("|")[0]
    if owner.type.startswith("kubernetes:"):
        return False
    if _UNMISTAKABLE.match(value):
        return True
    key = re.sub(r"\[[^]]*\]", "", path).rpartition(".")[2]
    if key == _LOGIN:
        return False
    key = key.lower()
    key = re.sub(r"(name|id|arn)?s?$", "", key)
    own, named = (token.rpartition(":")[2].lower() for token in (type, owner.type))
    if own in key or type.partition(":")[0] != owner.type.partition(":")[0]:
        return False  # `secretId` of a Secret is its own name, and the clouds do not know each other's
    return len(key) > 3 and (key in named or named in key)
