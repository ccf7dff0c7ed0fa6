"""Plausible outputs of any resource type, from the types that its SDK class declares.

Every output that a provider always returns gets a value of its declared type; what the SDK marks optional stays
absent unless an input gives it, as it does in the cloud. Names of properties say what kind of value is meant (an ARN,
an address, a time); the few that need arithmetic on the inputs stand in `sandbox.meanings`.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from sandbox import schema
from sandbox.annotations import Anything, ListOf, MapOf, Object, OneOf, Property, Scalar, Type
from sandbox.facts import NAMES, Context, Facts, pem, zone_id
from sandbox.graph import UNKNOWN
from sandbox.identifiers import aws_arn, aws_id, aws_prefix, execution_arn, google_id, google_self_link
from sandbox.meanings import MEANINGS

_DEPTH = 4  # Kubernetes types nest without end
_PORTS = {"postgres": 5432, "aurora-postgresql": 5432, "mysql": 3306, "mariadb": 3306, "redis": 6379, "valkey": 6379}
_MOMENT = "2025-01-01T00:00:00Z"


def synthesise(
    resource_type: str, name: str, inputs: Mapping[str, Any], context: Context
) -> tuple[str, dict[str, Any]]:
    """The id and the outputs (by wire name) that the cloud could give this resource; the same every time."""
    facts = Facts(resource_type, name, inputs, context)
    found = schema.resource(resource_type)
    special = MEANINGS[resource_type](facts) if resource_type in MEANINGS else {}
    identifier = str(special.get("id") or _id(facts, special))
    outputs: dict[str, Any] = {key: value for key, value in inputs.items() if value is not None}
    facts_id = {"id": identifier, **special}
    maker = _Maker(facts, facts_id)
    for prop in found.outputs.values() if found else ():
        if prop.name in special:
            outputs[prop.name] = special[prop.name]
        elif prop.name not in outputs and _always_there(facts, prop):
            outputs[prop.name] = maker.property(prop, found is not None and prop.name in found.inputs)
    if facts.package == "kubernetes":
        outputs["metadata"] = _metadata(facts)
    return identifier, outputs


def foreseen(given: Any, made: Any) -> Any:
    """What a preview can say of an output: the input it repeats, and `UNKNOWN` for all that the cloud will add."""
    if not isinstance(given, Mapping) or not isinstance(made, Mapping):
        return given
    inputs = cast("Mapping[str, Any]", given)
    return {key: foreseen(inputs.get(key, UNKNOWN), value) for key, value in cast("Mapping[str, Any]", made).items()}


def _always_there(facts: Facts, prop: Property) -> bool:
    """The SDK calls an output optional when the provider does not compute it; Kubernetes adds only the status."""
    return prop.name == "status" if facts.package == "kubernetes" else prop.required


def _id(facts: Facts, special: Mapping[str, Any]) -> str:
    if facts.package == "aws":
        return aws_id(facts, special)
    if facts.package == "gcp":
        return google_id(facts)
    if facts.package == "kubernetes":
        meta = _metadata(facts)
        return f"{meta['namespace']}/{meta['name']}" if "namespace" in meta else str(meta["name"])
    if facts.package == "vault":
        path = "/".join(filter(None, (facts.text(k) for k in ("mount", "backend", "path", "name"))))
        return path or facts.logical_name
    return facts.uuid("id") if facts.package == "pulumi" else facts.physical_name


def _metadata(facts: Facts) -> dict[str, Any]:
    given: Any = facts.inputs.get("metadata")
    meta: dict[str, Any] = dict(cast("Mapping[str, Any]", given)) if isinstance(given, Mapping) else {}
    found = schema.resource(facts.token)
    if facts.kind not in _CLUSTER_WIDE and found is not None:
        meta.setdefault("namespace", "default")
    meta.setdefault("name", f"{facts.logical_name}-{facts.hex(8, 'name')}")
    meta |= {"uid": facts.uuid("uid"), "resourceVersion": facts.digits(6), "generation": 1}
    return {**meta, "creationTimestamp": _MOMENT}


_CLUSTER_WIDE = frozenset(
    [
        "APIService",
        "ClusterRole",
        "ClusterRoleBinding",
        "CSIDriver",
        "CustomResourceDefinition",
        "IngressClass",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ]
)


class _Maker:
    """Makes values of declared types; `path` keeps values of one resource apart, `key` says what is meant."""

    def __init__(self, facts: Facts, own: Mapping[str, Any]) -> None:
        self.facts = facts
        self.own = own

    def property(self, prop: Property, settable: bool) -> Any:
        """A top-level output; where the program could have set it and did not, what stands for the cloud's default."""
        if settable and isinstance(prop.type, ListOf | MapOf):
            return [] if isinstance(prop.type, ListOf) else {}
        if settable and isinstance(prop.type, Object):
            return self._object(prop.type, prop.name, 0, required_only=True)
        if settable and (default := _documented_default(prop)) is not None:
            return default
        return self.value(prop.type, prop.name, prop.name)

    def value(self, kind: Type, key: str, path: str, depth: int = 0) -> Any:
        if isinstance(kind, OneOf):
            return self.value(kind.options[0], key, path, depth)
        if isinstance(kind, ListOf):
            return self._list(kind, key, path, depth)
        if isinstance(kind, MapOf):
            return self._map(key)
        if isinstance(kind, Object):
            return self._object(kind, path, depth)
        if isinstance(kind, Anything) or kind.kind == "asset":
            return None
        return self._scalar(kind, key, path, depth)

    def _object(self, kind: Object, path: str, depth: int, required_only: bool = False) -> dict[str, Any]:
        wanted = kind.properties.values() if depth < _DEPTH else ()
        return {
            prop.name: self.value(prop.type, prop.name, f"{path}.{prop.name}", depth + 1)
            for prop in wanted
            if prop.required or not required_only
        }

    def _list(self, kind: ListOf, key: str, path: str, depth: int) -> list[Any]:
        if depth >= _DEPTH:
            return []
        count = 4 if key == "nameServers" else 1
        singular = re.sub(r"(?<=[a-z])ses$", "s", key) if key.endswith("ses") else key.removesuffix("s")
        return [self.value(kind.element, singular, f"{path}[{n}]", depth) for n in range(count)]

    def _map(self, key: str) -> dict[str, Any]:
        """Tags and labels as the provider merges them; other maps have no keys that anyone could know."""
        provider = self.facts.context.provider
        if key == "tagsAll":
            return {**_map_of(provider.get("defaultTags"), "tags"), **_map_of(self.facts.inputs, "tags")}
        if key in ("effectiveLabels", "pulumiLabels"):
            return {**_map_of(provider, "defaultLabels"), **_map_of(self.facts.inputs, "labels")}
        return {}

    def _scalar(self, kind: Scalar, key: str, path: str, depth: int) -> Any:
        if kind.kind == "boolean":
            return False
        if kind.kind in ("integer", "number"):
            return self._number(key)
        if depth == 0 and key in self.own:
            return self.own[key]
        return self._named(key, path, depth)

    def _number(self, key: str) -> int:
        if key == "port":
            return _PORTS.get(self.facts.text("engine"), 443)
        if key.lower().endswith("asn"):
            return 64512
        if key.lower().endswith(("number", "projectid")):
            return int(self.facts.project_number)
        return 1

    def _named(self, key: str, path: str, depth: int) -> str:
        facts = self.facts
        own = self._own(key) if depth == 0 else None
        if own is not None:
            return own
        make = _kind_of(key)
        return make(facts, path) if make else f"{facts.logical_name}-{_kebab(key)}"

    def _own(self, key: str) -> str | None:
        """Values that identify the resource itself."""
        facts, identifier = self.facts, str(self.own["id"])
        if key in NAMES:
            return facts.physical_name
        if key == "arn":
            return aws_arn(facts, identifier)
        if key == "executionArn":
            return execution_arn(facts, identifier)
        if key == "selfLink":
            return google_self_link(facts, identifier)
        if key in ("project", "region", "location"):
            return facts.google_project if key == "project" else facts.region
        if key.lower() == f"{facts.kind.lower()}id":
            return facts.text(key) or (facts.digits(19) if facts.package == "gcp" else identifier)
        return None


# What a property is called says what it holds; the first pattern that fits decides.
_KINDS = [
    (re.compile(pattern), make)
    for pattern, make in (
        (r"(?i)arn$", lambda f, p: f"arn:aws:{f.module}:{f.region}:{f.context.account}:{_kebab(p)}/{f.hex(12, p)}"),
        (r"^(owner|ownerAccount|account|registry)(Id)?$", lambda f, _: f.context.account),
        (r"(?i)region$", lambda f, _: f.region),
        (r"(?i)prefix$", lambda _f, _p: ""),
        (r"(?i)availabilityZoneId$", lambda f, _: zone_id(f)),
        (r"(?i)(availability)?zone$", lambda f, _: f.zone),
        (r"(?i)(hosted)?zoneId$", lambda f, p: f"Z{f.hex(20, p).upper()}"),
        (r"(?i)member$", lambda f, _: f"serviceAccount:{f.physical_name}@{f.google_project}.iam.gserviceaccount.com"),
        (r"(?i)email(address)?$", lambda f, _: f"{f.physical_name}@{f.google_project}.iam.gserviceaccount.com"),
        (r"(?i)selflink", lambda f, p: f"https://www.googleapis.com/{f.module}/v1/{_kebab(p)}/{f.hex(12, p)}"),
        (r"(?i)(uniqueId|numericId|generatedId|projectNumber)$", lambda f, p: f.digits(21, p)),
        (r"(?i)ids?$", lambda f, p: f"{aws_prefix(p)}-{f.hex(17, p)}"),
        (r"(?i)ipv6(Address|Cidr|CidrBlock|CidrRange)?$", lambda f, p: f"2001:db8::{f.hex(4, p)}"),
        (r"(?i)(cidr|cidrBlock|ipRange|cidrRange)$", lambda f, p: f"10.{int(f.hex(2, p), 16)}.0.0/16"),
        (r"(?i)private.*(ip|address)|internalIp|^host$", lambda f, p: f.private_address(p)),
        (r"(?i)(dnsName|domain|domainName|hostname|fqdn)$", lambda f, p: f"{f.hex(12, p)}.{f.module}.example.net"),
        (r"(?i)(ip|address|ipAddress|natIp)$", lambda f, p: f.public_address(p)),
        (r"(?i)(ur[li]|link)$", lambda f, p: f"https://{f.hex(12, p)}.{f.module}.example.net/"),
        (r"(?i)endpoint$", lambda f, p: f"{f.hex(12, p)}.{f.module}.{f.region}.example.net"),
        (r"(?i)nameServer$", lambda f, p: f"ns-{int(f.hex(3, p), 16)}.example.net"),
        (r"(?i)(time|timestamp|date|createdAt|updatedAt)$", lambda _f, _p: _MOMENT),
        (r"(?i)(pem|certificate|cacert|cert)$", lambda f, p: pem(f, p)),
        (r"(?i)(etag|fingerprint|hash|sha256|token)$", lambda f, p: f.hex(32, p)),
        (r"(?i)(password|secret|sharedKey)$", lambda f, p: f"Generated-{f.hex(24, p)}"),
        (r"(?i)(status|state)$", lambda f, _: "READY" if f.package == "gcp" else "ACTIVE"),
        (r"(?i)(version|generation)$", lambda _f, _p: "1"),
    )
]


@functools.cache
def _kind_of(key: str) -> "Callable[[Facts, str], str] | None":
    return next((make for pattern, make in _KINDS if pattern.search(key)), None)


def _documented_default(prop: Property) -> Any:
    """The default that the documentation names, where it is of the property's type."""
    found = _DEFAULT.search(prop.doc)
    if found is None or not isinstance(prop.type, Scalar):
        return None
    text = found[1].strip('"')
    if prop.type.kind == "string":
        return text
    if prop.type.kind == "boolean":
        return {"true": True, "false": False}.get(text)
    return int(text) if re.fullmatch(r"\d+", text) else None


_DEFAULT = re.compile(r"[Dd]efaults?(?: value)?(?: is| to|:) `([^`]+)`")


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", re.sub(r"\W+", "-", name)).lower().strip("-")


def _map_of(holder: Any, key: str) -> dict[str, Any]:
    value: Any = cast("Mapping[str, Any]", holder).get(key) if isinstance(holder, Mapping) else None
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) and value is not UNKNOWN else {}
