"""The schemas of the events, as the registry keeps them."""

from collections.abc import Mapping
from typing import Any

from components.events import origin

DRAFT = "http://json-schema.org/draft-04/schema#"


def event_schema(source: str, detail_type: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """An event of one type from either cloud; `fields` are its own, with the schema of each, and all required.

    `sequence` counts the events of one account at their publisher. With `event_id` it is all that a consumer has to
    put them in order and to leave out the second of two: EventBridge keeps no order and every hop delivers at least
    once.
    """
    common: dict[str, Any] = {
        "event_id": {"type": "string", "minLength": 1},
        "origin": {"enum": [origin.AWS, origin.GOOGLE]},
        "account_id": {"type": "string", "minLength": 1, "maxLength": 256},
        "sequence": {"type": "integer", "minimum": 0},
    }
    if taken := sorted(set(common) & set(fields)):
        raise ValueError(f"{detail_type}: {', '.join(taken)} stand in every event; give other names to its own fields")
    return {
        "$schema": DRAFT,
        "title": detail_type,
        "type": "object",
        "required": ["source", "detail-type", "detail"],
        "properties": {
            "source": {"enum": [source, origin.google_source(source)]},
            "detail-type": {"enum": [detail_type]},
            "detail": {
                "type": "object",
                # An event about no account, such as one of the market, has neither account nor sequence.
                "required": ["event_id", "origin", *sorted(fields)],
                "properties": common | dict(fields),
            },
        },
    }
