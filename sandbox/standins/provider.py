"""One stand-in provider: what the engine asks of a provider, answered from the SDK's types and the stand-in cloud."""

# ruff: noqa: ARG002, N802 - the protocol names the methods and what they are given

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from threading import Thread
from typing import Any, Never

import grpc
import pulumi
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox import schema
from sandbox.standins import values
from sandbox.standins.changes import Change, changes, keeps_its_name
from sandbox.standins.cloud import Cloud, Refused
from sandbox.standins.faults import Fault, Method
from sandbox.standins.outputs import outputs_of
from sandbox.standins.store import Held
from sandbox.standins.values import Json

Context = grpc.ServicerContext


@dataclass
class _Peers:
    """The provider instance behind each connection: the engine opens one for each, and names it once."""

    configured: dict[str, tuple[str, Json]] = field(default_factory=dict[str, tuple[str, Json]])

    def of(self, context: Context) -> tuple[str, Json]:
        """URN and inputs of the provider instance that is asking."""
        peer = context.peer() or ""
        return self.configured.get(peer) or next(reversed(self.configured.values()), ("", {}))


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """Stands in for the provider of one package.

    It refuses what the SDK's types do not know, lookups, and what names something that does not exist. It makes up
    outputs, keeps secrets in their wrappers, and knows nothing of quotas, permissions or prices.
    """

    def __init__(self, package: str, cloud: Cloud, end: Callable[[], object] | None = None) -> None:
        self._package = package
        self._cloud = cloud
        self._end = end
        self._peers = _Peers()

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: Context
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say what this provider understands; `Configure` repeats it."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> empty_pb2.Empty:
        """The engine's address is of no use here."""
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        """Nothing here takes long enough to be cut short."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: Context) -> plugin_pb2.PluginInfo:
        """The version of the installed SDK."""
        return plugin_pb2.PluginInfo(version=metadata.version(f"pulumi-{self._package}"))

    def GetSchema(self, request: provider_pb2.GetSchemaRequest, context: Context) -> provider_pb2.GetSchemaResponse:
        """A schema without types: the SDK's classes are the schema here."""
        version = metadata.version(f"pulumi-{self._package}")
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": self._package, "version": version}))

    def Parameterize(self, request: provider_pb2.ParameterizeRequest, context: Context) -> Never:
        """None of the stand-ins takes parameters."""
        _abort(context, Refused(f"{self._package} takes no parameters", grpc.StatusCode.UNIMPLEMENTED))

    def Invoke(self, request: provider_pb2.InvokeRequest, context: Context) -> Never:
        """Refuse every lookup: a rehearsal has nothing to look up, and a plan must not depend on what is found."""
        _abort(context, Refused(f"{request.tok}: lookups are refused; state the value in the settings"))

    def CheckConfig(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """Check a provider's own inputs against its class."""
        token = f"pulumi:providers:{self._package}"
        news = {k: v for k, v in values.decode(request.news).items() if k != "version"}
        return _checked(schema.resource(token), request, news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """A provider with other inputs goes on managing what it has."""
        known = schema.resource(f"pulumi:providers:{self._package}")
        return _diff(changes(known, _plain(request.old_inputs), _plain(request.news)), delete_first=False)

    def Configure(self, request: provider_pb2.ConfigureRequest, context: Context) -> provider_pb2.ConfigureResponse:
        """Remember which provider instance this connection speaks for."""
        known = schema.resource(f"pulumi:providers:{self._package}")
        inputs = _plain(request.args)
        self._peers.configured[context.peer() or ""] = (request.urn, known.decoded(inputs) if known else inputs)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """Refuse properties that the type does not have, values of a wrong type, and gaps."""
        with self._call("check", request, context):
            return _checked(schema.resource(request.type), request, values.decode(request.news))

    def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """Compare inputs with inputs: what the cloud computed is no change."""
        with self._call("diff", request, context):
            known = schema.resource(request.type)
            news, outputs = _plain(request.news), _plain(request.olds)
            found = changes(known, _plain(request.old_inputs), news)
            return _diff(found, keeps_its_name(known, news, request.id, outputs))

    def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:
        """Make up a resource; in a preview, say only what its inputs already say."""
        provider, config = self._peers.of(context)
        inputs = values.decode(request.properties)
        twin = self._cloud.twins(request.urn)
        if request.preview:
            _, outputs = outputs_of(request.type, request.name, request.urn, inputs, config, twin, preview=True)
            return provider_pb2.CreateResponse(properties=values.encode(outputs))
        with self._call("create", request, context) as fault:
            scope = self._scope(provider, inputs, f"{request.urn}#{twin}")
            self._cloud.check_names(request.type, request.urn, scope, inputs)
            self._cloud.rules.wait(request.type)
            held = self._made(request, scope, inputs, config, twin)
            self._after(fault, held, context)
            return provider_pb2.CreateResponse(id=held.id, properties=values.encode(held.outputs))

    def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        """Say what is there, which may be nothing."""
        with self._call("read", request, context):
            held = self._held(request, context)
            if held is None:
                return provider_pb2.ReadResponse()
            inputs = values.decode(request.inputs) or held.inputs
            live = {key: held.inputs.get(key, value) for key, value in inputs.items()}
            outputs = _as_secret_as(values.decode(request.properties), held.outputs)
            return provider_pb2.ReadResponse(id=held.id, properties=values.encode(outputs), inputs=values.encode(live))

    def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> provider_pb2.UpdateResponse:
        """Change a resource in place; its id and what the cloud once computed stay."""
        provider, config = self._peers.of(context)
        inputs, olds = values.decode(request.news), values.decode(request.olds)
        _, made = outputs_of(request.type, request.name, request.urn, inputs, config, 0, preview=request.preview)
        given = {*inputs, *values.decode(request.old_inputs)}
        outputs = {**made, **{key: value for key, value in olds.items() if key not in given}}
        if request.preview:
            return provider_pb2.UpdateResponse(properties=values.encode(outputs))
        with self._call("update", request, context) as fault:
            held = self._held(request, context)
            if held is None:
                raise Refused(f"{request.id!r} does not exist", grpc.StatusCode.NOT_FOUND)
            self._cloud.check_names(request.type, request.urn, self._scope(provider, inputs, held.scope), inputs)
            self._cloud.rules.wait(request.type)
            held = self._cloud.change(held, request.urn, inputs, outputs)
            self._after(fault, held, context)
            return provider_pb2.UpdateResponse(properties=values.encode(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:
        """End a resource; one that is gone already is no trouble."""
        with self._call("delete", request, context) as fault:
            held = self._held(request, context, oldest=True)
            if held is not None:
                self._cloud.rules.wait(request.type)
                self._cloud.remove(held)
                self._after(fault, held, context)
            return empty_pb2.Empty()

    @contextmanager
    def _call(self, method: Method, request: Any, context: Context) -> Generator[Fault | None]:
        """Refuse as the rules say; turn a refusal of the cloud into the status that the engine shows."""
        fault = self._cloud.rules.hit(method, request.type, request.name)
        try:
            if fault is not None and fault.kind == "error":
                raise Refused(fault.message, grpc.StatusCode.UNKNOWN)
            if fault is not None and fault.kind == "throttle":
                raise Refused(f"too many requests: {fault.message}", grpc.StatusCode.RESOURCE_EXHAUSTED)
            yield fault
        except Refused as refused:
            _abort(context, refused)

    def _made(self, request: provider_pb2.CreateRequest, scope: str, inputs: Json, config: Json, twin: int) -> Held:
        """A new resource. An id that is made up gives way to one that is taken; an id that was chosen cannot."""
        before = None
        while True:
            name, outputs = outputs_of(request.type, request.name, request.urn, inputs, config, twin)
            if name == before or not self._cloud.taken(request.type, name, scope):
                return self._cloud.add(request.type, request.urn, name, scope, inputs, outputs)
            before, twin = name, twin + 1

    def _after(self, fault: Fault | None, held: Held, context: Context) -> None:
        """What goes wrong once the work is done."""
        if fault is not None and fault.kind == "partial":
            _abort_partly(context, held, fault.message)
        if fault is not None and fault.kind == "crash":
            if self._end is not None:
                Thread(target=self._end, daemon=True).start()
            context.abort(grpc.StatusCode.UNAVAILABLE, f"the {self._package} provider ended: {fault.message}")

    def _held(self, request: Any, context: Context, *, oldest: bool = False) -> Held | None:
        scope = self._scope(self._peers.of(context)[0], {}, request.urn)
        return self._cloud.store.find(request.type, request.id, request.urn, scope, oldest=oldest)

    def _scope(self, provider: str, inputs: Json, unique: str) -> str:
        """Where an id is unique: random values have none; others are told apart by provider and region."""
        if self._package == "random":
            return unique
        region = values.plain(inputs.get("region"))
        return f"{provider}|{region}" if isinstance(region, str) else provider


def _plain(message: Any) -> Json:
    return values.plain(values.decode(message))


def _checked(
    known: schema.ResourceSchema | None, request: provider_pb2.CheckRequest, news: Json
) -> provider_pb2.CheckResponse:
    """The inputs as they came, and each problem with its property path."""
    if known is None and not request.type.startswith("kubernetes:"):
        reason = f"the installed SDK has no type {request.type}"
        return provider_pb2.CheckResponse(failures=[provider_pb2.CheckFailure(reason=reason)])
    problems = known.problems(_typed(values.plain(news))) if known is not None else []
    failures = [provider_pb2.CheckFailure(property=problem.path, reason=problem.message) for problem in problems]
    return provider_pb2.CheckResponse(inputs=request.news, failures=failures)


def _typed(value: Any) -> Any:
    """Files and archives as the SDK's own objects, which is how a schema knows them."""
    if isinstance(value, Mapping):
        if values.is_asset(value):
            return pulumi.StringAsset("")
        return {key: _typed(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return [_typed(item) for item in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]


def _diff(found: list[Change], delete_first: bool) -> provider_pb2.DiffResponse:
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=sorted({change.top for change in found if change.replaces}),
        diffs=sorted({change.top for change in found}),
        hasDetailedDiff=True,
    )
    response.deleteBeforeReplace = delete_first and bool(response.replaces)
    for change in found:
        kind = f"{change.kind}_REPLACE" if change.replaces else change.kind
        response.detailedDiff[change.path].kind = provider_pb2.PropertyDiff.Kind.Value(kind)
        response.detailedDiff[change.path].inputDiff = True
    return response


def _as_secret_as(kept: Json, live: Json) -> Json:
    """What is there, in the secret wrappers that the engine's state has around the same outputs."""
    return {
        key: values.merged(kept[key], values.plain(value)) if values.holds_secret(kept.get(key)) else value
        for key, value in live.items()
    }


def _abort(context: Context, refused: Refused) -> Never:
    context.abort(refused.code, str(refused))
    raise AssertionError("abort does not return")


def _abort_partly(context: Context, held: Held, reason: str) -> None:
    """Made, but not ready: the engine then keeps the resource in its state and tries to repair it next time."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=held.id, reasons=[reason], properties=values.encode(held.outputs), inputs=values.encode(held.inputs)
    )
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, reason)
