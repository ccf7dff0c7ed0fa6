"""What the user of a cache may do."""

from collections.abc import Sequence
from dataclasses import dataclass

COMMANDS = (
    "-@all",
    "+@read",
    "+@write",
    "+@connection",
    "+@transaction",
    # Rate limits count and compare in one script; loading functions and flushing scripts stay out.
    "+eval",
    "+evalsha",
    "+script|exists",
    "+script|load",
    # Last, so that it wins: KEYS, SORT, FLUSHALL, CONFIG, MONITOR and the like, of which some are also reads or writes.
    "-@dangerous",
)
"""What an application needs of a cache, in the order in which the server applies it."""


@dataclass(frozen=True, kw_only=True)
class CacheUser:
    """The one user of the cache, shared by the services that name it."""

    key_patterns: Sequence[str]
    """Keys it reads and writes, such as `session:*`."""
    channel_patterns: Sequence[str]
    """Channels it publishes and subscribes to; empty takes the commands away too."""
    generation: int
    """Raised to get another password; services read it when they start."""

    def __post_init__(self) -> None:
        """Raise ValueError for a user that could do nothing."""
        if not self.key_patterns:
            raise ValueError("key_patterns is empty, and the user could reach no key; write `*` for every key")


def access_string(key_patterns: Sequence[str], channel_patterns: Sequence[str]) -> str:
    """What a user may do, as the server reads it from left to right: these keys, these channels, COMMANDS."""
    keys = [f"~{pattern}" for pattern in key_patterns]
    channels = ["resetchannels", *(f"&{pattern}" for pattern in channel_patterns)]
    *commands, last = COMMANDS
    messages = ["+@pubsub"] if channel_patterns else []
    return " ".join(["on", *keys, *channels, *commands, *messages, last])
