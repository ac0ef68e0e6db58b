"""Traces: everything that reached a host, hashed as it comes, so that two runs can be compared."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable
from typing import Final

from node.consensus.messages import AnyMessage, Candidate, Proposal, Proved, Voted

CHUNK: Final = 4_096
"""Events that are hashed at a time."""


class Trace:
    """The events of one run."""

    def __init__(self, show: Callable[[str], None] | None = None) -> None:
        """`show` is told each event in words."""
        self._hash = hashlib.blake2b(digest_size=16)
        self._waiting = array("Q")
        self._show = show

    def note(self, now_ms: int, source: int, target: int, message: AnyMessage) -> None:
        """A message reached a host."""
        kind: int = message.__variant_index__  # type: ignore[assignment]
        self._waiting.append(now_ms << 24 | source << 16 | target << 8 | kind)
        if len(self._waiting) >= CHUNK:
            self._flush()
        if self._show is not None:
            self._show(f"{now_ms / 1000:10.3f} {source} -> {target} {words_of(message)}")

    def note_block(self, now_ms: int, place: int, block: Candidate) -> None:
        """A block became final at a host."""
        self._flush()
        self._hash.update(b"%d/%d/%d/" % (now_ms, place, block.number) + block.hash)
        self.say(now_ms, place, f"final: block {block.number}, {block.hash.hex()[:8]}")

    def say(self, now_ms: int, place: int, words: str) -> None:
        """Something that is only shown."""
        if self._show is not None:
            self._show(f"{now_ms / 1000:10.3f} {place} {words}")

    @property
    def hash(self) -> str:
        """The hash of all events up to now, in hex."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update(self._waiting.tobytes())
        del self._waiting[:]


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
