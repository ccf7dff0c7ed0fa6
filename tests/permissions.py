"""What the policies of a recorded graph allow, in sentences that name the resources of that graph.

`secretsmanager:GetSecretValue on jwt-secret-aws, secret-key-aws if kms:CallerAccount is account`
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

from sandbox.graph import Graph, Resource

ANYONE = "anyone"
ANYTHING = "anything"
GOOGLE_ROLES = "roles/"

Statement = Mapping[str, Any]

_VERBS = {
    "StringEquals": "is",
    "ArnEquals": "is",
    "Bool": "is",
    "StringLike": "is like",
    "ArnLike": "is like",
    "StringNotEquals": "is not",
    "ArnNotEquals": "is not",
    "ForAllValues:StringEquals": "is nothing but",
    "ForAnyValue:StringEquals": "is among others",
}
_UNKNOWN_SUFFIX = "-??????"
"""How a policy names a secret that is not there yet: Secrets Manager puts six characters behind its name."""


@dataclass(frozen=True)
class Document:
    """One IAM policy document of AWS, and where it stands."""

    resource: Resource
    """The resource that carries it."""
    place: str
    """The input that holds it: `policy`, `assumeRolePolicy`."""
    text: str
    """The document in JSON."""

    @property
    def where(self) -> str:
        """`secretPolicy jwt-secret-aws`, for messages and tables."""
        return f"{self.resource.type.rpartition(':')[2]} {self.resource.name}"

    @property
    def statements(self) -> list[Statement]:
        """Its statements."""
        return json.loads(self.text)["Statement"]


def documents(graph: Graph, *types: str) -> list[Document]:
    """Every policy document of the graph, or those of some types of resources, however deep in their inputs."""
    resources = graph.of_type(*types) if types else [r for r in graph if r.custom and r.package == "aws"]
    return [
        Document(resource, place, text)
        for resource in resources
        for name, value in resource.inputs.items()
        for place, text in _texts(name, value)
        if '"Statement"' in text
    ]


def role_documents(graph: Graph, role: Resource) -> list[Document]:
    """The policies that say what a role may do."""
    kinds = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
    own = [d for d in documents(graph, "aws:iam/role:Role") if d.resource is role and d.place != "assumeRolePolicy"]
    attached = [d for d in documents(graph, *kinds) if d.resource.get("role") in (role.id, role.get("name"))]
    return own + attached


def allowed(document: Document) -> list[Statement]:
    """The statements that allow something."""
    return [statement for statement in document.statements if statement["Effect"] == "Allow"]


def listed(value: Any) -> list[str]:
    """One text, or several, as a list: IAM takes both."""
    return [value] if isinstance(value, str) else list(value or ())


def may(statement: Statement, action: str, arn: str) -> bool:
    """Whether a statement speaks of this action on this resource."""
    return any(fnmatchcase(action.lower(), each.lower()) for each in listed(statement.get("Action"))) and any(
        fnmatchcase(arn, each) for each in listed(statement.get("Resource"))
    )


def principals(statement: Statement) -> list[str]:
    """Whom a statement of a resource's policy speaks of; none in the policy of a role."""
    given = statement.get("Principal", {})
    if isinstance(given, str):
        return [ANYONE if given == "*" else given]
    return [ANYONE if each == "*" else each for kind in given.values() for each in listed(kind)]


def trusted(graph: Graph, role: Resource) -> str:
    """Who assumes a role, and under which conditions."""
    found = [d for d in documents(graph, "aws:iam/role:Role") if d.resource is role and d.place == "assumeRolePolicy"]
    return "; ".join(
        f"{', '.join(named(graph, each, role) for each in principals(statement))}{_conditions(graph, statement, role)}"
        for document in found
        for statement in allowed(document)
    )


def sentence(graph: Graph, statement: Statement, by: Resource) -> str:
    """What a statement allows: actions, resources, conditions."""
    actions = ", ".join(sorted(listed(statement["Action"])))
    things = ", ".join(
        sorted({each for pattern in listed(statement["Resource"]) for each in _named(graph, pattern, by)})
    )
    return f"{actions} on {things}{_conditions(graph, statement, by)}"


def named(graph: Graph, value: str, by: Resource) -> str:
    """An ARN by the name of its resource in the graph; any other text without the account."""
    return ", ".join(_named(graph, value, by))


def _named(graph: Graph, pattern: str, by: Resource) -> list[str]:
    if pattern == "*":
        return [ANYTHING]
    arns = resource_arns(graph)
    if pattern in arns:
        return [arns[pattern]]
    if pattern.endswith(_UNKNOWN_SUFFIX):
        return sorted(name for arn, name in arns.items() if fnmatchcase(arn, pattern)) or [pattern]
    for end in range(len(pattern) - 1, 0, -1):
        if pattern[end] in ":/" and pattern[:end] in arns:
            return [arns[pattern[:end]] + _without_account(graph, pattern[end:])]
    text = _without_account(graph, pattern)
    if text == "account" or text == "arn:aws:iam::account:root":
        return ["account"]
    owner = graph.referred(pattern, by)
    return [owner.name if owner else text.removeprefix("arn:aws:")]


def resource_arns(graph: Graph) -> dict[str, str]:
    """The name of each resource of AWS by its ARN; a secret's copy in another region has the region behind its name."""
    found: dict[str, str] = {}
    for resource in graph:
        arn = resource.get("arn") if resource.package == "aws" and resource.custom else None
        if isinstance(arn, str):
            found[arn] = resource.name
            for replica in cast("list[Mapping[str, Any]]", resource.get("replicas") or []):
                partition, service, _, rest = arn.split(":", 4)[1:]
                found[f"arn:{partition}:{service}:{replica['region']}:{rest}"] = (
                    f"{resource.name} in {replica['region']}"
                )
    return found


def google_grants(graph: Graph) -> Iterator[tuple[Resource, str, str, str]]:
    """Each grant of Google Cloud: the resource that makes it, to whom, which role, and on what."""
    for resource in graph:
        if resource.package != "gcp" or not resource.custom:
            continue
        for member in [*listed(resource.inputs.get("member")), *listed(resource.inputs.get("members"))]:
            if "role" in resource.inputs:
                thing = ", ".join(_google_things(graph, resource))
                yield resource, google_member(graph, member), resource.inputs["role"].removeprefix(GOOGLE_ROLES), thing
        for access in cast("list[Mapping[str, Any]]", resource.inputs.get("accesses") or []):
            for key, value in access.items():
                if key != "role":
                    kind = {"groupByEmail": "group:", "userByEmail": "serviceAccount:"}.get(key, f"{key}:")
                    yield resource, google_member(graph, f"{kind}{value}"), access["role"], resource.name


def google_member(graph: Graph, member: str) -> str:
    """A member by what it is in the graph: a service account, a service of Google, a role of AWS; else as it is."""
    kind, _, address = member.partition(":")
    for resource in graph.of_type("gcp:serviceaccount/account:Account"):
        if resource.get("email") == address:
            return resource.name
    for resource in graph.of_type("gcp:projects/serviceIdentity:ServiceIdentity"):
        if resource.get("email") == address:
            return resource["service"]
    role = address.rpartition("assumed-role/")[2]
    if kind == "principalSet":
        return next((f"{r.name} of AWS" for r in graph.of_type("aws:iam/role:Role") if r.get("name") == role), member)
    return member


def _google_things(graph: Graph, grant: Resource) -> Iterator[str]:
    for name, value in grant.inputs.items():
        if name not in ("role", "member", "members", "condition", "project", "location", "region"):
            owner = graph.referred(value, grant)
            yield owner.name if owner else str(value)
    if set(grant.inputs) <= {"role", "member", "members", "condition", "project"}:
        yield "the project"


def _conditions(graph: Graph, statement: Statement, by: Resource) -> str:
    parts = [
        _condition(operator, key, [named(graph, each, by) for each in listed(values)])
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return f" if {' and '.join(parts)}" if parts else ""


def _condition(operator: str, key: str, values: list[str]) -> str:
    if operator == "Null":
        return f"{key} is {'not ' if values == ['true'] else ''}given"
    return f"{key} {_VERBS.get(operator, operator)} {' or '.join(sorted(values))}"


def _without_account(graph: Graph, text: str) -> str:
    for provider in graph.of_type("pulumi:providers:aws"):
        allowed_ids: Any = provider.inputs["allowedAccountIds"]
        for account in json.loads(allowed_ids) if isinstance(allowed_ids, str) else allowed_ids:
            text = text.replace(account, "account")
    return text


def _texts(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from _texts(f"{place}.{key}", item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(cast("list[Any]", value)):
            yield from _texts(f"{place}[{number}]", item)
