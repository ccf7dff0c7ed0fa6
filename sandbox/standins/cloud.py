"""The cloud behind the stand-ins: what exists, what exists no more, and what names what."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc

from sandbox.standins.faults import Rules
from sandbox.standins.references import Mention, References, identities, missing, owner_of
from sandbox.standins.store import Held, Store
from sandbox.standins.values import Json, merged, plain, strings


class Refused(Exception):  # noqa: N818 - a cloud's answer, not a mistake of the stand-ins
    """What a cloud would not do, with the status that says of which kind the refusal is."""

    def __init__(self, message: str, code: grpc.StatusCode = grpc.StatusCode.FAILED_PRECONDITION) -> None:
        super().__init__(message)
        self.code = code


class Cloud:
    """One set of resources for all stand-ins; it survives them in the file it is given.

    `expected` says what the resources of the program will be called, so that a name of something that does not exist
    yet is told from a name of something that lies outside the program.
    """

    def __init__(self, path: Path, rules: Rules | None = None, expected: References | None = None) -> None:
        self.store = Store(path)
        self.rules = rules or Rules()
        self._expected = expected or References()
        self._known = References()
        self._users: dict[str, set[int]] = defaultdict(set)
        for held in self.store.everything():
            self._note(held)

    def close(self) -> None:
        """Let go of the file."""
        self.store.close()

    def expect(self, expected: References) -> None:
        """What the program's resources will be called from now on."""
        self._expected = expected

    def twins(self, urn: str) -> int:
        """How many resources of this URN there have been: each gets an id of its own."""
        return self.store.count(urn)

    def check_names(self, type: str, urn: str, scope: str, inputs: Json) -> None:  # noqa: A002 - the protocol's word
        """Refuse inputs that name a resource of this program that does not exist (yet, or any more)."""
        with self.store.lock:
            living = {held.urn for held in self.store}
        for references in (self._expected, self._known):
            gone = missing(list(references.mentions(type, urn, scope, inputs)), living)
            if gone:
                reason = "it does not exist yet, and nothing makes this resource wait for it"
                raise Refused(f"{gone}: {reason if references is self._expected else 'it no longer exists'}")

    def taken(self, type: str, id: str, scope: str) -> Held | None:  # noqa: A002 - the protocol's word
        """The living resource that has this id in this scope."""
        return next((held for held in self.store.of(type, id) if held.scope == scope), None)

    def add(self, type: str, urn: str, id: str, scope: str, inputs: Json, outputs: Json) -> Held:  # noqa: A002
        """Bring a resource into being, unless its id is taken in this scope."""
        with self.store.lock:
            taken = self.taken(type, id, scope)
            if taken is not None:
                raise Refused(f"{id!r} already exists, as {taken.urn}", grpc.StatusCode.ALREADY_EXISTS)
            held = self.store.put(type, urn, id, scope, inputs, outputs)
            self._note(held)
            return held

    def change(self, held: Held, urn: str, inputs: Json, outputs: Json) -> Held:
        """Give a resource other properties."""
        with self.store.lock:
            changed = self.store.change(held, urn=urn, inputs=inputs, outputs=outputs)
            self._note(changed)
            return changed

    def remove(self, held: Held) -> None:
        """End a resource, unless a living one still names it."""
        with self.store.lock:
            user = self._user(held)
            if user is not None:
                raise Refused(f"it is still in use by {user[0].urn}: {user[1]}")
            self.store.remove(held)

    def plant(self, urn_or_id: str, changes: Mapping[str, Any]) -> None:
        """Change properties behind the engine's back. Raises LookupError unless exactly one resource is meant."""
        with self.store.lock:
            held = self.store.named(urn_or_id)
            inputs = {key: merged(held.inputs.get(key), value) for key, value in changes.items() if key in held.inputs}
            outputs = {key: merged(held.outputs.get(key), value) for key, value in changes.items()}
            self.store.change(held, inputs={**held.inputs, **inputs}, outputs={**held.outputs, **outputs})

    def vanish(self, urn_or_id: str) -> None:
        """Delete a resource behind the engine's back."""
        with self.store.lock:
            self.store.remove(self.store.named(urn_or_id))

    def _note(self, held: Held) -> None:
        self._known.add(owner_of(held), held.id, held.inputs, held.outputs)
        for _, text in strings(plain(held.inputs)):
            self._users[text].add(held.number)

    def _user(self, held: Held) -> tuple[Held, Mention] | None:
        """A living resource that names this one by a value that no other living resource answers to."""
        others = {other.urn for other in self.store if other.number != held.number}
        names = identities(held.id, held.inputs, held.outputs)
        numbers = {number for name in names for number in self._users.get(name, ())} - {held.number}
        for user in (other for other in self.store if other.number in numbers and other.urn != held.urn):
            mentions = self._known.mentions(user.type, user.urn, user.scope, user.inputs)
            gone = missing([m for m in mentions if m.value in names], others)
            if gone and gone.owner.urn == held.urn:
                return user, gone
        return None
