"""From raw data to settings: every section by itself, then what holds across them."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from stacks.settings.checks import CHECKS
from stacks.settings.checks.clouds import is_named_as_the_stack
from stacks.settings.checks.draft import draft, findings
from stacks.settings.checks.plain_text import credentials_in, missing_secrets, plain_text_secrets
from stacks.settings.display import HIDDEN, MISSING, written
from stacks.settings.mistakes import Mistake, SettingsError
from stacks.settings.settings import Settings
from stacks.settings.validation import missing_section, section_names, unknown_section, validate


def load(
    stack: str,
    raw: Mapping[str, Any],
    *,
    plain_text: Collection[str] = (),
    encrypted: Collection[str] = (),
) -> Settings:
    """The settings of a stack, from its sections by name.

    `plain_text` names the external secrets that stand unencrypted in the stack's file; `encrypted` names the sections
    that hold anything encrypted: their values are not shown. Raises SettingsError with every mistake there is.
    """
    sections, mistakes = _sections(raw)
    for name, value in raw.items():
        mistakes += credentials_in((name,), value)
    mistakes += plain_text_secrets(raw.get("secrets"), plain_text, stack)
    mistakes += missing_secrets(raw.get("secrets"), stack)
    checked = draft(raw) if mistakes else Settings.model_construct(**sections)
    for check in (partial(is_named_as_the_stack, stack), *CHECKS):
        mistakes += findings(check, checked)
    if mistakes:
        raise SettingsError(stack, _presentable(mistakes, encrypted))
    return Settings.model_construct(**sections)


def _sections(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Mistake]]:
    """The sections that are valid by themselves, and the mistakes of the others."""
    sections: dict[str, Any] = {}
    mistakes = [unknown_section(name, raw[name]) for name in raw if name not in section_names()]
    for name in section_names():
        if name not in raw:
            mistakes.append(missing_section(name))
            continue
        section, found = validate(name, raw[name])
        mistakes += found
        if not found:
            sections[name] = section
    return sections, mistakes


def _presentable(mistakes: list[Mistake], encrypted: Collection[str]) -> list[Mistake]:
    """In the order of the file, unknown sections last, without the values of encrypted sections.

    In `secrets` each value is encrypted by itself, and numbers there are no secrets.
    """
    order = [written((name,)) for name in section_names()]
    hidden = [written((name,)) for name in encrypted if name != "secrets"]

    def section(mistake: Mistake) -> str:
        return mistake.path.split(".")[0].split("[")[0]

    shown = [
        replace(mistake, value=HIDDEN) if section(mistake) in hidden and mistake.value != MISSING else mistake
        for mistake in mistakes
    ]
    return sorted(shown, key=lambda it: order.index(section(it)) if section(it) in order else len(order))
