"""Troubles and delays by rule: what the clouds do now and then, done on demand."""

import fnmatch
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Method = Literal["check", "diff", "create", "read", "update", "delete"]
Kind = Literal["error", "throttle", "crash", "partial"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One trouble: the nth call of a method for resources of this type and logical name goes wrong."""

    method: Method = "create"
    type: str = "*"
    """Type token, with `*` and `?` as wildcards."""
    name: str = "*"
    """Logical name, with wildcards."""
    nth: int = 1
    """Which matching call, counted from 1 since the rule was given; 0 means every one."""
    kind: Kind = "error"
    """`error`: refused, nothing done. `throttle`: refused for too many requests. `crash`: done, then the provider's
    process ends before it can say so. `partial`: done, but the resource never becomes ready (create and update)."""
    message: str = "planted by the rehearsal"

    def covers(self, method: str, type: str, name: str) -> bool:  # noqa: A002 - the protocol's word
        """Whether a call is one that this rule counts."""
        return method == self.method and fnmatch.fnmatchcase(type, self.type) and fnmatch.fnmatchcase(name, self.name)


class Rules:
    """The faults and latencies in force, and how many calls each fault has counted."""

    def __init__(self, faults: Iterable[Fault] = (), latency: Mapping[str, float] | None = None) -> None:
        self._faults = list(faults)
        self._latency = dict(latency or {})
        self._counted = Counter[int]()
        self._lock = threading.Lock()

    def replace(self, faults: Iterable[Fault]) -> None:
        """Other faults from now on; counting starts anew."""
        with self._lock:
            self._faults = list(faults)
            self._counted.clear()

    def hit(self, method: Method, type: str, name: str) -> Fault | None:  # noqa: A002 - the protocol's word
        """The fault that this call runs into, if any."""
        hit = None
        with self._lock:
            for number, fault in enumerate(self._faults):
                if fault.covers(method, type, name):
                    self._counted[number] += 1
                    hit = hit or (fault if fault.nth in (0, self._counted[number]) else None)
        return hit

    def wait(self, type: str) -> None:  # noqa: A002 - the protocol's word
        """Take the seconds that the first matching type pattern says; keys are type tokens with wildcards."""
        seconds = next((s for pattern, s in self._latency.items() if fnmatch.fnmatchcase(type, pattern)), 0.0)
        if seconds:
            time.sleep(seconds)
