"""The side of the engine that a recorded program talks to: it answers registrations and writes them down."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse

from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import alias_pb2, engine_pb2, resource_pb2, source_pb2

from sandbox import schema, wire
from sandbox.facts import Context
from sandbox.graph import UNKNOWN, Options, Resource
from sandbox.synthesis import foreseen, synthesise

STACK = "pulumi:pulumi:Stack"
_PROVIDER = "pulumi:providers:"
_OWN = f"{Path(__file__).resolve().parent.as_posix()}/"


class RefusedError(Exception):
    """The program asked for something that a rehearsal does not give; `source` is where, if known."""

    def __init__(self, message: str, source: str | None = None, resource: str | None = None) -> None:
        super().__init__(message)
        self.source = source
        self.resource = resource


class Monitor(mocks.MockMonitor):
    """Records every registration; gives made-up outputs, or unknown ones as a first preview does.

    Lookups are refused, and so are reads of existing resources unless allowed. A second registration of a URN is an
    error, as on the engine and unlike under the SDK's own mocks.
    """

    def __init__(
        self,
        project: str,
        stack: str,
        directory: Path,
        *,
        known: bool,
        disabled: Iterable[str] = (),
        reads: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(cast("mocks.Mocks", None))
        self.recorded: dict[str, Resource] = {}
        self.registered: dict[str, tuple[dict[str, Any], frozenset[str]]] = {}
        self.problems: list[str] = []
        self._project, self._stack = project, stack
        self._root = f"urn:pulumi:{stack}::{project}::{STACK}::{project}-{stack}"
        self._prefix = directory.as_posix().rstrip("/") + "/"
        self.known = known
        self._reads, self._progress = reads, progress
        self._disabled = frozenset(disabled)
        self._contexts: dict[str, Context] = {}

    @property
    def project_and_stack(self) -> tuple[str, str]:
        """The names that URNs carry."""
        return self._project, self._stack

    @property
    def exports(self) -> tuple[dict[str, Any], frozenset[str]]:
        """What the program exported, and the paths of it that are secret."""
        return self.registered.get(self._root, ({}, frozenset()))

    # The names of the methods are the protocol's.

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: N802
        """Record a resource and answer with its id and outputs."""
        urn = self._urn(request.parent, request.type, request.name)
        if request.type == STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        source = self._source(request.stackTrace, request.sourcePosition)
        if urn in self.recorded:
            first = self.recorded[urn].source
            message = f"Duplicate resource URN '{urn}'; try giving it a unique name"
            raise RefusedError(f"{message} (first registered at {first})" if first else message, source, request.name)
        secrets: set[str] = set()
        inputs = wire.decode(request.object, secrets)
        answer = resource_pb2.RegisterResourceResponse(urn=urn)
        answer.object.CopyFrom(request.object)
        identifier, outputs = None, dict(inputs)
        if request.custom:
            inputs = self._checked(request, urn, source, inputs)
            identifier, outputs = self._answered(request, inputs, answer)
        options = self._options(request)
        self._record(request, urn, inputs, outputs, secrets, options, identifier, source)
        return answer

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:  # noqa: N802
        """Record what a component, or the program as a whole, gives out."""
        secrets: set[str] = set()
        outputs = wire.decode(request.outputs, secrets)
        self.registered[request.urn] = (outputs, frozenset(secrets))
        return empty_pb2.Empty()

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:  # noqa: N802
        """Refuse a lookup."""
        source = self._source(request.stackTrace, request.sourcePosition)
        raise RefusedError(f"lookup of {request.tok} refused: the program must run without a cloud to ask", source)

    def Call(self, request: Any) -> Any:  # noqa: N802
        """Refuse a method of a resource."""
        raise RefusedError(f"call of {request.tok} refused: the program must run without a cloud to ask")

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:  # noqa: N802
        """Refuse to read what exists outside of the program, or answer with made-up outputs where reads are allowed."""
        source = self._source(request.stackTrace, request.sourcePosition)
        if not self._reads:
            message = f"read of {request.type} {request.id!r} refused: the program must run without a cloud to ask"
            raise RefusedError(message, source, request.name)
        inputs = wire.decode(request.properties, set())
        _, outputs = synthesise(request.type, request.name, inputs, self._context(request.provider))
        urn = self._urn(request.parent, request.type, request.name)
        answer = resource_pb2.ReadResourceResponse(urn=urn)
        for key, value in outputs.items() if self.known else ():
            wire.write(answer.properties.fields[key], value)
        return answer

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802
        """Say that transforms do not run here, so that nobody relies on a graph without them."""
        self.problems.append("stack transforms run on the engine only; the recorded graph is without them")
        return super().RegisterStackTransform(request)

    def _answered(
        self, request: resource_pb2.RegisterResourceRequest, inputs: dict[str, Any], answer: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Fill in id and outputs; returns them as plain values."""
        context = self._context(request.provider)
        identifier, outputs = synthesise(request.type, request.name, inputs, context)
        if request.importId:
            identifier = request.importId
        if not self.known:
            outputs = {key: foreseen(inputs.get(key, UNKNOWN), value) for key, value in outputs.items()}
        fields = answer.object.fields
        for key, value in outputs.items():
            if key not in inputs or inputs[key] != value:
                wire.write(fields[key], value)
        for key in request.additionalSecretOutputs:
            if key in fields:
                wire.conceal(fields[key])
        answer.id = identifier if self.known else ""
        return identifier if self.known else UNKNOWN, outputs

    def _checked(
        self, request: resource_pb2.RegisterResourceRequest, urn: str, source: str | None, inputs: dict[str, Any]
    ) -> dict[str, Any]:
        """The inputs, a provider's decoded; takes note of what the engine or the provider would refuse."""
        package = request.type.partition(":")[0]
        place = f"{source}: {urn}" if source else urn
        if not request.provider and package != "pulumi" and self._disabled & {"*", package}:
            self.problems.append(
                f"{place}: default provider for '{package}' disabled; name a provider, or a parent with one"
            )
        found = schema.resource(request.type)
        if found is None:
            return inputs
        inputs = found.decoded(inputs)
        self.problems += [f"{place}: {problem.path}: {problem.message}" for problem in found.problems(inputs)]
        if request.type.startswith(_PROVIDER):
            self._contexts[urn] = Context(self._project, self._stack, inputs)
        return inputs

    def _record(
        self,
        request: resource_pb2.RegisterResourceRequest,
        urn: str,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        secrets: set[str],
        options: Options,
        identifier: Any,
        source: str | None,
    ) -> None:
        self.recorded[urn] = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=request.parent if request.parent and request.parent != self._root else None,
            provider=request.provider.rpartition("::")[0] or None,
            id=identifier,
            inputs=inputs,
            outputs=outputs,
            registered=None,
            secret_inputs=frozenset(secrets),
            secret_outputs=frozenset(request.additionalSecretOutputs),
            secret_registered=frozenset(),
            dependencies=frozenset(request.dependencies),
            property_dependencies={key: frozenset(d.urns) for key, d in request.propertyDependencies.items()},
            options=options,
            source=source,
        )
        if self._progress:
            self._progress(len(self.recorded))

    def _options(self, request: resource_pb2.RegisterResourceRequest) -> Options:
        limits = request.customTimeouts
        timeouts = {name: text for name in ("create", "update", "delete") if (text := str(getattr(limits, name)))}
        return Options(
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            delete_before_replace=request.deleteBeforeReplace,
            ignore_changes=tuple(request.ignoreChanges),
            replace_on_changes=tuple(request.replaceOnChanges),
            aliases=tuple(dict.fromkeys(self._aliases(request))),
            deleted_with=request.deletedWith or None,
            import_id=request.importId or None,
            additional_secret_outputs=tuple(request.additionalSecretOutputs),
            custom_timeouts=timeouts,
        )

    def _aliases(self, request: resource_pb2.RegisterResourceRequest) -> Iterable[str]:
        """Full URNs of the resource's own aliases, and of those that it has because its parent has some."""
        parent = self.recorded.get(request.parent)
        former = parent.options.aliases if parent else ()
        yield from request.aliasURNs
        for alias in request.aliases:
            if alias.WhichOneof("alias") == "urn":
                yield alias.urn
                continue
            yield self._aliased(request, alias.spec, request.parent)
            if not (alias.spec.parentUrn or alias.spec.noParent):
                yield from (self._aliased(request, alias.spec, urn) for urn in former)
        for urn in former:
            name, old = request.name, urn.rpartition("::")[2]
            if parent and name.startswith(parent.name):
                name = old + name[len(parent.name) :]
            yield self._urn(urn, request.type, name)

    def _aliased(self, request: Any, spec: alias_pb2.Alias.Spec, parent: str) -> str:
        above = "" if spec.noParent else spec.parentUrn or parent
        urn = self._urn(above, spec.type or request.type, spec.name or request.name)
        kind_and_name = urn.split("::", 2)[2]
        return f"urn:pulumi:{spec.stack or self._stack}::{spec.project or self._project}::{kind_and_name}"

    def _urn(self, parent: str, kind: str, name: str) -> str:
        """As the engine makes it: the types of all ancestors but the stack's before the resource's own."""
        above = parent.split("::", 3)[2] if parent and parent != self._root else ""
        qualified = f"{above}${kind}" if above else kind
        return f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"

    def _context(self, provider: str) -> Context:
        return self._contexts.get(provider.rpartition("::")[0]) or Context(self._project, self._stack)

    def _source(self, trace: source_pb2.StackTrace, position: source_pb2.SourcePosition) -> str | None:
        """The innermost line of the program itself, relative to its directory."""
        for place in (position, *(frame.pc for frame in trace.frames)):
            uri = place.uri
            if uri.startswith("file://") and "site-packages" not in uri:
                path = unquote(urlparse(uri).path)
                if path.startswith(self._prefix) and not path.startswith(_OWN):
                    return f"{path[len(self._prefix) :]}:{place.line}"
        return None


class Log(mocks.MockEngine):
    """Keeps what the program says to the engine's log at the level of a warning and above."""

    def __init__(self) -> None:
        super().__init__(None)
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802 - the protocol's name
        """Receive a line."""
        kept = {engine_pb2.WARNING: self.warnings, engine_pb2.ERROR: self.errors}.get(request.severity)
        if kept is not None:
            name = request.urn.rpartition("::")[2]
            kept.append(f"{name}: {request.message}" if name else request.message)
