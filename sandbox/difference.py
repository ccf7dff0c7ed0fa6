"""What separates two recordings: resources added, changed, replaced and deleted, and which of them hold state."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

from sandbox import schema
from sandbox.graph import SECRET, Graph, Resource, masked

STATEFUL_TYPES: Final = frozenset(
    {
        # Databases, caches, search
        "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster",
        "aws:rds/globalCluster:GlobalCluster",
        "aws:dynamodb/table:Table",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
        "aws:opensearch/domain:Domain",
        "gcp:sql/databaseInstance:DatabaseInstance",
        "gcp:sql/database:Database",
        "gcp:redis/instance:Instance",
        "gcp:redis/cluster:Cluster",
        "gcp:memorystore/instance:Instance",
        "gcp:bigquery/dataset:Dataset",
        "gcp:bigquery/table:Table",
        "gcp:firestore/database:Database",
        # Keys and secrets: what they encrypted or opened is lost with them
        "aws:kms/key:Key",
        "aws:kms/replicaKey:ReplicaKey",
        "aws:secretsmanager/secret:Secret",
        "gcp:kms/keyRing:KeyRing",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:secretmanager/secret:Secret",
        "vault:index/mount:Mount",
        # Objects, files, disks, backups, images, logs that are evidence
        "aws:s3/bucket:Bucket",
        "aws:ebs/volume:Volume",
        "aws:efs/fileSystem:FileSystem",
        "aws:backup/vault:Vault",
        "aws:ecr/repository:Repository",
        "aws:cloudtrail/trail:Trail",
        "gcp:storage/bucket:Bucket",
        "gcp:compute/disk:Disk",
        "gcp:filestore/instance:Instance",
        "gcp:backupdisasterrecovery/backupVault:BackupVault",
        "gcp:artifactregistry/repository:Repository",
        "kubernetes:core/v1:PersistentVolumeClaim",
        # Streams, topics and queues that keep what passed
        "aws:kinesis/stream:Stream",
        "aws:msk/cluster:Cluster",
        "aws:cloudwatch/eventBus:EventBus",
        "aws:cloudwatch/eventArchive:EventArchive",
        "aws:sqs/queue:Queue",
        "gcp:pubsub/topic:Topic",
        "gcp:pubsub/subscription:Subscription",
        # Names and identities that the world outside holds on to
        "aws:route53/zone:Zone",
        "aws:cognito/userPool:UserPool",
        "gcp:dns/managedZone:ManagedZone",
        "gcp:identityplatform/config:Config",
        # Foundations that everything else lives in
        "aws:ec2/vpc:Vpc",
        "aws:eks/cluster:Cluster",
        "gcp:compute/network:Network",
        "gcp:container/cluster:Cluster",
        "kubernetes:core/v1:Namespace",
    }
)
"""Types whose loss costs data, or all that was built on them."""


@dataclass(frozen=True)
class PropertyChange:
    """One property path before and after; None where it is absent, `[secret]` where it is secret."""

    path: str
    before: Any
    after: Any
    replaces: bool = False


@dataclass(frozen=True)
class Change:
    """A resource of both recordings whose inputs differ."""

    before: Resource
    after: Resource
    properties: Sequence[PropertyChange]

    @property
    def resource(self) -> Resource:
        """The resource as it is now."""
        return self.after

    @property
    def paths(self) -> list[str]:
        """The property paths that differ."""
        return [change.path for change in self.properties]


@dataclass(frozen=True)
class Difference:
    """What going from one recording to the other would do; every resource stands in one list."""

    added: Sequence[Resource]
    changed: Sequence[Change]
    """Updated in place."""
    replaced: Sequence[Change]
    following: Sequence[Change]
    """Replaced because an input that forces it comes from a resource that is replaced."""
    deleted: Sequence[Resource]

    @cached_property
    def stateful(self) -> list[Resource]:
        """Resources with state that would be lost: replaced, directly or in consequence, or deleted for good.

        Those that the program protects are among them, whatever their type.
        """
        lost = [change.before for change in (*self.replaced, *self.following)]
        lost += [resource for resource in self.deleted if not resource.options.retain_on_delete]
        return [resource for resource in lost if resource.type in STATEFUL_TYPES or resource.options.protect]

    def __bool__(self) -> bool:
        return any((self.added, self.changed, self.replaced, self.following, self.deleted))


def difference(before: Graph, after: Graph) -> Difference:
    """Compare the inputs of two recordings; what only follows from another change is not counted again.

    Resources are the same when their URNs agree, or an alias of the later one names the earlier; stacks of different
    names are compared as if they bore the same.
    """
    return _Comparison(before, after).result()


class _Comparison:
    def __init__(self, before: Graph, after: Graph) -> None:
        self.before, self.after = before, after
        self.earlier = {_key(resource.urn, before.stack): resource for resource in before}
        self.pairs = {resource.urn: found for resource in after if (found := self._earlier(resource))}
        """URN of the later resource to the earlier one."""
        self.compared: tuple[Resource | None, Resource | None] = None, None
        self.later = {found.urn: urn for urn, found in self.pairs.items()}

    def result(self) -> Difference:
        changes = [change for urn in self.pairs if (change := self._change(self.after.resources[urn]))]
        replaced = [c for c in changes if any(p.replaces for p in c.properties)]
        following = self._following({c.after.urn for c in replaced})
        done = {c.after.urn for c in (*replaced, *following)}
        return Difference(
            added=[r for r in self.after if r.urn not in self.pairs],
            changed=[c for c in changes if c.after.urn not in done],
            replaced=replaced,
            following=following,
            deleted=[r for r in self.before if r.urn not in self.later],
        )

    def _earlier(self, resource: Resource) -> Resource | None:
        urns = (resource.urn, *resource.options.aliases)
        keys = (_key(urn, self.after.stack) for urn in urns)
        return next((self.earlier[key] for key in keys if key in self.earlier), None)

    def _change(self, after: Resource) -> Change | None:
        before = self.pairs[after.urn]
        self.compared = before, after
        found = list(self._differences(before.inputs, after.inputs, ""))
        ignored = [_pattern(path) for path in after.options.ignore_changes]
        kept = [d for d in found if not any(pattern.match(d[0]) for pattern in ignored)]
        secrets = before.secret_inputs, after.secret_inputs
        properties = [self._described(after, path, old, new, *secrets) for path, old, new in kept]
        if not self._same_provider(before, after):
            properties.append(PropertyChange("provider", before.provider, after.provider, replaces=True))
        return Change(before, after, properties) if properties else None

    def _described(self, after: Resource, path: str, old: Any, new: Any, *secrets: frozenset[str]) -> PropertyChange:
        if any(_covers(secret, path) for held in secrets for secret in held):
            old, new = (SECRET if value is not None else None for value in (old, new))
        inner = [frozenset(held) for held in secrets]
        return PropertyChange(path, masked(old, inner[0], path), masked(new, inner[1], path), _replaces(after, path))

    def _same_provider(self, before: Resource, after: Resource) -> bool:
        match = self.pairs.get(after.provider or "")
        return before.provider == (match.urn if match else after.provider)

    def _following(self, replaced: set[str]) -> list[Change]:
        """Resources that are replaced since one that they name in a decisive input is; found in dependency order."""
        found: list[Change] = []
        gone = set(replaced)
        for resource in self.after:
            if resource.urn in gone or resource.urn not in self.pairs:
                continue
            causes = [
                (name, self.after.resources[urn])
                for name, urns in resource.property_dependencies.items()
                if _replaces(resource, name)
                for urn in sorted(urns & gone)
            ]
            if causes:
                gone.add(resource.urn)
                properties = [
                    PropertyChange(name, masked(r.id, frozenset()), "known after replacement", replaces=True)
                    for name, r in causes
                ]
                found.append(Change(self.pairs[resource.urn], resource, properties))
        return found

    def _differences(self, old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            befores, afters = cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", new)
            for key in dict.fromkeys((*befores, *afters)):
                here = f"{path}.{key}" if path else key
                yield from self._differences(befores.get(key), afters.get(key), here)
        elif isinstance(old, list) and isinstance(new, list):
            olds, news = cast("list[Any]", old), cast("list[Any]", new)
            for number in range(max(len(olds), len(news))):
                a, b = (items[number] if number < len(items) else None for items in (olds, news))
                yield from self._differences(a, b, f"{path}[{number}]")
        elif old != new and not self._same(old, new):
            documents = _document(old), _document(new)
            if None in documents:
                yield path, old, new
            else:
                yield from self._differences(*documents, path)

    def _same(self, old: Any, new: Any) -> bool:
        """Whether two strings say the same of the same resources, whatever ids these have in either recording."""
        if not (isinstance(old, str) and isinstance(new, str)):
            return _plain(old) == _plain(new)
        pieces = _SEPARATORS.split(old), _SEPARATORS.split(new)
        return len(pieces[0]) == len(pieces[1]) and all(
            a == b or self._same_resource(a, b) for a, b in zip(*pieces, strict=True)
        )

    def _same_resource(self, old: str, new: str) -> bool:
        before = self.before.referred(old, self.compared[0])
        after = self.after.referred(new, self.compared[1])
        if before is None or after is None or self.pairs.get(after.urn) is not before:
            return False
        return {k for k, v in before.outputs.items() if v == old} == {k for k, v in after.outputs.items() if v == new}


_SEPARATORS: Final = re.compile(r"([\s\",;|()\[\]{}]+)")


def _document(value: Any) -> Any:
    """The list or object that a text holds as JSON, such as a policy; None for any other value."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _plain(value: Any) -> Any:
    """Assets compare by what they hold."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, Any]", value).items()}
    return _plain(vars(value)) if hasattr(value, "__dict__") else value


def _key(urn: str, stack: str) -> str:
    """The URN without the stack, which may also stand at the head of the logical name."""
    _, _, project_and_rest = urn.partition("::")
    head, _, name = project_and_rest.rpartition("::")
    if name == stack or name.startswith(f"{stack}-"):
        name = f"<stack>{name[len(stack) :]}"
    return f"{head}::{name}"


def _replaces(resource: Resource, path: str) -> bool:
    if any(_pattern(wanted).match(path) for wanted in resource.options.replace_on_changes):
        return True
    found = schema.resource(resource.type)
    return found is not None and found.replaces(path)


def _covers(prefix: str, path: str) -> bool:
    return path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))


def _pattern(path: str) -> re.Pattern[str]:
    """A property path with wildcards (`tags[*]`, `containers[0].image`, `*`), matching it and all below."""
    dotted = re.sub(r"\[\"?([^]\"]+)\"?\]", lambda m: f"[{m[1]}]" if m[1].isdigit() else f".{m[1]}", path)
    escaped = re.escape(dotted).replace(r"\.\*", r"(?:\.[^.\[]+|\[\d+\])").replace(r"\*", r"[^.\[]+")
    return re.compile(f"{escaped}(?:$|[.\\[])")
