"""Where an event comes from, and how that keeps it from going round in circles.

An event carries its origin twice: in its source, and in `detail.origin`. What AWS publishes has the plain source and
origin `aws`; what arrives from Google Cloud gets a source of its own and origin `gcp`. The rules that forward to Google
Cloud ask for both marks of AWS, each exactly: a prefix of the one source would be a prefix of the other too.
"""

import re
from typing import Any, Final

AWS: Final = "aws"
GOOGLE: Final = "gcp"

SOURCE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+")

ACCOUNT_PATH: Final = "$.detail.account_id"
"""The account that an event is about: events of one account keep their order where the path can keep one."""


def google_source(source: str) -> str:
    """The source of events that came from Google Cloud: `elson.trading.gcp`."""
    return f"{source}.{GOOGLE}"


def check_source(source: str) -> None:
    """Raise ValueError for a source that AWS keeps for itself, or that could be taken for one from Google Cloud."""
    if not SOURCE.fullmatch(source) or source.startswith("aws.") or source.endswith(f".{GOOGLE}"):
        raise ValueError(
            f"source {source!r} cannot mark the events of AWS; write lower-case words joined by dots, such as "
            f"elson.trading, not beginning with `aws.` (AWS keeps those) and not ending with `.{GOOGLE}` (that is how "
            "events from Google Cloud are known, and one that carried it would never be forwarded)"
        )


def forward_pattern(source: str, *, of_an_account: bool) -> dict[str, Any]:
    """The pattern of a rule that forwards to Google Cloud: events of AWS, either of an account or of none.

    There are two, since a target takes its partition key from a path and an event without it would fail.
    """
    return {"source": [source], "detail": {"origin": [AWS], "account_id": [{"exists": of_an_account}]}}
