"""The JSON schema of a stack's file, by which an editor completes and checks while typing."""

import json
from pathlib import Path
from typing import Any

from stacks.settings.settings import NAMESPACE, Settings

PATH = Path(__file__).with_name("stack.schema.json")


def stack_schema() -> dict[str, Any]:
    """The schema of a whole `Pulumi.<stack>.yaml`: the sections, and beside them what the engine writes."""
    sections = Settings.model_json_schema()
    definitions = sections.pop("$defs")
    keys = {f"{NAMESPACE}:{name}": section for name, section in sections["properties"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of one environment of the platform",
        "type": "object",
        "properties": {
            "secretsprovider": {"type": "string", "description": "The key service that encrypts secrets."},
            "encryptedkey": {"type": "string", "description": "Written by the engine."},
            "encryptionsalt": {"type": "string", "description": "Written by the engine."},
            "config": {
                "type": "object",
                "properties": keys,
                "patternProperties": {f"^(?!{NAMESPACE}:)": {}},
                "required": list(keys),
                "additionalProperties": False,
            },
        },
        "required": ["config"],
        "$defs": definitions,
    }


def text() -> str:
    """The schema as its file holds it."""
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"
