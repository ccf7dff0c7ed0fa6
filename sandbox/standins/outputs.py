"""What a stand-in answers with: the outputs that the rehearsal makes up, in the secrecy of the inputs."""

from typing import Any, cast

from sandbox import schema, synthesis
from sandbox.graph import UNKNOWN
from sandbox.standins import values
from sandbox.standins.values import Json


def outputs_of(
    type: str,  # noqa: A002 - the protocol's word
    name: str,
    urn: str,
    inputs: Json,
    config: Json,
    twin: int,
    *,
    preview: bool = False,
) -> tuple[str, Json]:
    """Id and outputs of a resource. `twin` is how many of its URN there were before: a replacement is another thing.

    In a preview, what the inputs do not say is unknown.
    """
    found, made = synthesis.synthesise(type, name, values.plain(inputs), _context(urn, config, twin))
    known = schema.resource(type)
    hidden = known.secret_outputs if known else frozenset[str]()
    texts = {text for text in values.secrets(inputs) if len(text) > 3}
    outputs: Json = {}
    for key, value in made.items():
        if preview:
            outputs[key] = _foreseen(inputs[key], value) if key in inputs else UNKNOWN
        else:
            outputs[key] = values.merged(inputs.get(key), value)
        if not values.holds_secret(outputs[key]) and (key in hidden or _repeats(outputs[key], texts)):
            outputs[key] = values.secret(outputs[key])
    return found, outputs


def _repeats(value: Any, texts: set[str]) -> bool:
    """Whether one of the texts stands anywhere in the value."""
    return bool(texts) and any(text in shown for _, shown in values.strings(values.plain(value)) for text in texts)


def _foreseen(given: Any, made: Any) -> Any:
    """What was given, and `UNKNOWN` for what the provider will add within it."""
    if values.is_secret(given) or not isinstance(given, dict) or not isinstance(made, dict):
        return given
    table = cast("Json", given)
    return {key: _foreseen(table[key], item) if key in table else UNKNOWN for key, item in cast("Json", made).items()}


def _context(urn: str, config: Json, twin: int) -> synthesis.Context:
    """The program that the URN names. A twin lives in a stack of another name, so all that is made up differs."""
    _, _, stack, _, project = urn.split(":", 5)[:5]
    return synthesis.Context(project, f"{stack}#{twin}" if twin else stack, config)
