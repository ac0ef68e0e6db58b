"""Requests on one connection: those that this node waits for, and those that it answers.

Requests are numbered from 1. A request that is given up keeps its number until the answer comes after all, so
that a late answer is known from one that nobody asked for; a peer that leaves many unanswered is told to go.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import trio

from node.network.address import PeerId
from node.network.errors import CannotAnswer, PeerBusy, PeerGone, RequestRefused, RequestTimedOut
from node.network.frames import Refusal, Request, Response, encode, shortened
from node.network.limits import NetworkLimits
from node.network.topics import UNKNOWN_BYTES_MAX, Protocol

Answer: TypeAlias = Callable[[PeerId, bytes], Awaitable[bytes]]
"""Answers a peer's request of one protocol. Raises CannotAnswer to refuse, in words for the asker."""

NUMBER_MAX: Final = (1 << 32) - 1


class _Asked:
    """One request that is not answered yet."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.settled = trio.Event()
        self.answer: bytes | None = None
        self.reason: str | None = None
        self.is_given_up = False


class Asking:
    """What this node asked one peer."""

    def __init__(self, peer: PeerId, limits: NetworkLimits) -> None:
        self._peer = peer
        self._limits = limits
        self._asked: dict[int, _Asked] = {}
        self._number = 0
        self._is_over = False

    @property
    def is_ignored(self) -> bool:
        """Whether the peer left too many requests unanswered."""
        return sum(asked.is_given_up for asked in self._asked.values()) > self._limits.given_up_max

    async def ask(
        self, protocol: Protocol, data: bytes, seconds: float, post: Callable[[bytes], bool]
    ) -> bytes:
        """The peer's answer. Raises PeerGone, PeerBusy, RequestTimedOut, RequestRefused."""
        if self._is_over or self._number == NUMBER_MAX:
            raise PeerGone(self._peer)
        if len(self._asked) >= self._limits.asked_max:
            raise PeerBusy(self._peer, protocol.name, "too many requests wait for it")
        self._number += 1
        number, asked = self._number, _Asked(protocol)
        if not post(encode(Request(number, protocol.name), data)):
            raise PeerBusy(self._peer, protocol.name, "it reads too slowly")
        self._asked[number] = asked
        asked.is_given_up = True
        with trio.move_on_after(seconds):
            await asked.settled.wait()
            asked.is_given_up = False
        if asked.answer is not None:
            return asked.answer
        if asked.reason is not None:
            raise RequestRefused(self._peer, protocol.name, asked.reason)
        if self._is_over:
            raise PeerGone(self._peer)
        raise RequestTimedOut(self._peer, protocol.name, f"no answer within {seconds:g} s")

    def answer_bytes_max(self, number: int) -> int:
        """How long the answer to this request may be; little, when there was no such request."""
        asked = self._asked.get(number)
        return UNKNOWN_BYTES_MAX if asked is None else asked.protocol.answer_bytes_max

    def settle(self, number: int, answer: bytes | None, reason: str | None) -> bool:
        """Take an answer or a refusal; False when nobody asked for it."""
        asked = self._asked.pop(number, None)
        if asked is None:
            return False
        asked.answer, asked.reason = answer, reason
        asked.settled.set()
        return True

    def end(self) -> None:
        """The peer is gone: nobody need wait any longer."""
        self._is_over = True
        for asked in self._asked.values():
            asked.settled.set()
        self._asked.clear()


class Answering:
    """What one peer asks this node."""

    def __init__(self, peer: PeerId, limits: NetworkLimits) -> None:
        self._peer = peer
        self._limits = limits
        self._count = 0

    def begin(self) -> bool:
        """Count one more answer that is to be found; False when the peer waits for as many as it may."""
        if self._count >= self._limits.served_max:
            return False
        self._count += 1
        return True

    async def answer(
        self, number: int, protocol: Protocol, data: bytes, answer: Answer, post: Callable[[bytes], bool]
    ) -> None:
        """Find the answer that was begun, in bounded time, and send it or the reason why there is none."""
        reason = "finding the answer took too long"
        found: bytes | None = None
        try:
            with trio.move_on_after(self._limits.serve_seconds_max):
                found = await answer(self._peer, data)
        except CannotAnswer as refusal:
            reason = refusal.reason
        finally:
            self._count -= 1
        if found is not None and len(found) > protocol.answer_bytes_max:
            reason = (
                f"the answer has {len(found)} bytes, more than the {protocol.answer_bytes_max} of an answer"
            )
            found = None
        if found is not None:
            if post(encode(Response(number), found)):
                return
            reason = "too many answers wait to be read"
        post(encode(Refusal(number, shortened(reason))))
