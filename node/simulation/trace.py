"""Traces: everything that reached a host, hashed as it comes, so that two runs can be compared."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import Final

from node.consensus.messages import AnyMessage, Candidate, Proposal, Proved, Voted

CHUNK: Final = 4_096
"""Events that are hashed at a time."""
_EVENT: Final = struct.Struct("<IBBBI")


class Trace:
    """The events of one run."""

    def __init__(self, show: Callable[[str], None] | None = None) -> None:
        """`show` is told each event in words."""
        self._hash = hashlib.blake2b(digest_size=16)
        self._waiting: list[bytes] = []
        self._show = show

    def note(self, now_ms: int, source: int, target: int, message: AnyMessage) -> None:
        """A message reached a host."""
        kind = type(message).__variant_index__
        assert kind is not None
        if isinstance(message, Voted | Proposal):
            view = message.vote.statement.view
        elif isinstance(message, Proved):
            view = message.certificate.statement.view
        else:
            view = 0
        self._waiting.append(_EVENT.pack(now_ms, source, target, kind, view & 0xFFFFFFFF))
        if len(self._waiting) >= CHUNK:
            self._hash.update(b"".join(self._waiting))
            self._waiting.clear()
        if self._show is not None:
            self._show(f"{now_ms / 1000:10.3f} {source} -> {target} {words_of(message)}")

    def note_block(self, now_ms: int, place: int, block: Candidate) -> None:
        """A block became final at a host."""
        self._waiting.append(_EVENT.pack(now_ms, place, place, 255, block.number) + block.hash)
        self.say(now_ms, place, f"final: block {block.number}, {block.hash.hex()[:8]}")

    def say(self, now_ms: int, place: int, words: str) -> None:
        """Something that is only shown."""
        if self._show is not None:
            self._show(f"{now_ms / 1000:10.3f} {place} {words}")

    @property
    def hash(self) -> str:
        """The hash of all events up to now, in hex."""
        self._hash.update(b"".join(self._waiting))
        self._waiting.clear()
        return self._hash.hexdigest()


def words_of(message: AnyMessage) -> str:
    """A message in a line."""
    if isinstance(message, Voted | Proposal):
        said = message.vote.statement
        name = "vote" if isinstance(message, Voted) else "proposal"
        return (
            f"{name} {said.kind.name} {said.epoch}/{said.view} on {said.parent_view} {said.block.hex()[:8]}"
        )
    if isinstance(message, Proved):
        said = message.certificate.statement
        return f"certificate {said.kind.name} {said.epoch}/{said.view} {said.block.hex()[:8]}"
    return type(message).__name__
