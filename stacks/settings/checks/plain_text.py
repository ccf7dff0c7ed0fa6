"""Credentials that stand where everyone can read them, and secrets that do not stand anywhere."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from stacks.settings.credentials import kind_of_credential, names_credential
from stacks.settings.display import HIDDEN, MISSING, Location, written
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import NAMESPACE

EXTERNAL: Location = ("secrets", "external")


def set_command(name: str, stack: str) -> str:
    """The command that sets an external secret, encrypted, asking for its value."""
    return f"pulumi config set --secret --path '{NAMESPACE}:secrets.external[\"{name}\"]' --stack {stack}"


def missing_secrets(raw_secrets: Any, stack: str) -> Iterator[Mistake]:
    """External secrets that are declared and not set."""
    for name, value in _external(raw_secrets).items():
        if value is None:
            yield Mistake(
                path=written((*EXTERNAL, name)),
                value=MISSING,
                reason="The secret is declared and has no value: what uses it would start and then fail.",
                cure="set it, encrypted, by its command below the table",
                command=set_command(name, stack),
            )


def plain_text_secrets(raw_secrets: Any, plain_text: Collection[str], stack: str) -> Iterator[Mistake]:
    """External secrets that have a value which nothing encrypts."""
    for name, value in _external(raw_secrets).items():
        if value is not None and name in plain_text:
            yield Mistake(
                path=written((*EXTERNAL, name)),
                value=HIDDEN,
                reason="The secret stands in the file in plain text: everyone who reads the repository has it.",
                cure="replace the secret where it is valid, then set the new one, encrypted, by its command below"
                " the table",
                command=set_command(name, stack),
            )


def credentials_in(location: Location, value: Any) -> Iterator[Mistake]:
    """Leaves outside the external secrets that hold a credential."""
    if location == EXTERNAL:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from credentials_in((*location, str(key)), item)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from credentials_in((*location, place), item)
    elif value is not None:
        yield from _credential(location, str(value))


def _credential(location: Location, text: str) -> Iterator[Mistake]:
    kind = kind_of_credential(text)
    variable = location[0] == "services" and len(location) == 4 and location[2] == "environment"
    if kind is None and not (variable and names_credential(str(location[3]))):
        return
    what = f"This looks like {kind}" if kind else "The variable's name says that it holds a credential"
    yield Mistake(
        path=written(location),
        value=HIDDEN,
        reason=f"{what}. In plain text, everyone who reads the repository has it.",
        cure=f"remove it and replace it where it is valid; declare it with null under"
        f" `{NAMESPACE}:secrets.external`, set it encrypted, and name it in the service's `secrets`",
    )


def _external(raw_secrets: Any) -> Mapping[str, Any]:
    external = raw_secrets.get("external") if isinstance(raw_secrets, Mapping) else None
    return external if isinstance(external, Mapping) else {}
