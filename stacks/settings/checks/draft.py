"""Settings with mistakes in them: what is valid can be checked all the same."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from stacks.settings.analytics import PIPELINES, Analytics, pipeline_kind
from stacks.settings.display import Location, shown, written
from stacks.settings.edge import RULES, Edge, rule_kind
from stacks.settings.mistakes import Mistake
from stacks.settings.section import InvalidSettingError, Section
from stacks.settings.services import ContainerService, StaticSite
from stacks.settings.settings import Settings


def draft(raw: Mapping[str, Any]) -> Settings:
    """Settings from raw sections; what is missing or invalid says so when a check asks for it."""
    return _draft_of(Settings, raw)


@cache
def _drafted(model: type[Section]) -> type[Section]:
    """The model, with an answer for what it does not hold."""

    def absent(_self: Section, name: str) -> Any:
        # Also reached when a property asked for what is not there. Nothing else has a public name.
        raise AttributeError(name) if name.startswith("_") else InvalidSettingError(name)

    return type(model.__name__, (model,), {"__getattr__": absent, "model_config": ConfigDict(defer_build=True)})


@cache
def _adapter(model: type[Section], field: str) -> TypeAdapter[Any]:
    return TypeAdapter(model.model_fields[field].rebuild_annotation())


def _draft_of(model: type[Section], raw: Mapping[str, Any]) -> Any:
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name not in raw:
            fields |= {} if field.is_required() else {name: field.get_default(call_default_factory=True)}
            continue
        try:
            # As JSON, like the sections themselves: strict about types, and text for networks.
            fields[name] = _adapter(model, name).validate_json(json.dumps(raw[name], default=str))
        except ValidationError:
            inner = _inner_draft(model, name, raw[name])
            fields |= {} if inner is None else {name: inner}
    return _drafted(model).model_construct(None, **fields)


def _inner_draft(model: type[Section], name: str, raw: Any) -> Any:
    """What is valid inside of a field that as a whole is not; None if nothing can be."""
    if not isinstance(raw, Mapping):
        return None
    if (model, name) == (Settings, "services"):
        return {key: _service_draft(service) for key, service in raw.items() if isinstance(service, Mapping)}
    if (model, name) == (Edge, "rules"):
        return {key: _draft_of(RULES[tag], rule) for key, rule in raw.items() if (tag := rule_kind(rule))}
    if (model, name) == (Analytics, "pipeline"):
        return _draft_of(PIPELINES[tag], raw) if (tag := pipeline_kind(raw)) else None
    annotation = model.model_fields[name].annotation
    if get_origin(annotation) is Mapping:
        return _drafts_by_name(get_args(annotation)[1], raw)
    alternatives = get_args(annotation) if get_origin(annotation) is UnionType else (annotation,)
    sections = [kind for kind in alternatives if isinstance(kind, type) and issubclass(kind, Section)]
    return _draft_of(sections[0], raw) if len(sections) == 1 else None


def _drafts_by_name(kind: Any, raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not (isinstance(kind, type) and issubclass(kind, Section)):
        return None
    return {key: _draft_of(kind, item) for key, item in raw.items() if isinstance(item, Mapping)}


def _service_draft(raw: Mapping[str, Any]) -> Any:
    return _draft_of(StaticSite if raw.get("primary") == "static" else ContainerService, raw)


def findings(check: Callable[[Settings], Iterator[Mistake]], settings: Settings) -> list[Mistake]:
    """What a check finds until it needs a setting that is not valid."""
    found: list[Mistake] = []
    try:
        for mistake in check(settings):
            found.append(mistake)
    except InvalidSettingError:
        pass
    return found


def mistake(*location: str | int, value: Any, reason: str, cure: str) -> Mistake:
    """A mistake at a place of the settings, from the value that the models hold."""
    place: Location = location
    plain = value if isinstance(value, bool | int | float | tuple | dict | None) else str(value)
    return Mistake(path=written(place), value=shown(place, plain), reason=reason, cure=cure)
