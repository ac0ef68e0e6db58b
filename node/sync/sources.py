"""The peers that a state is taken from: who can be asked, who is next, and who is asked no more."""

from __future__ import annotations

import logging
from collections.abc import Container
from typing import Final, TypeVar

import trio

from node.network.address import PeerId, short
from node.network.errors import PeerGone, RequestFailed, RequestTimedOut
from node.sync.blocks import STATUS, Status
from node.sync.pages import STATE, StateRequest
from node.sync.peers import Network, ReportFault
from node.sync.sync import FAILURES_MAX, Fault
from node.sync.take import Untrue
from runtime.scale import Codec, DecodeError, codec_of

log = logging.getLogger(__name__)

T = TypeVar("T")

REPLY_SECONDS_MAX: Final = 10.0
STATUS_SECONDS_MAX: Final = 3.0
FAULTY_MAX: Final = 1_024
"""Peers whose failures are remembered; beyond it the one that failed first is forgiven."""

_STATUS: Final = codec_of(Status)
_REQUEST: Final = codec_of(StateRequest)


class Sources:
    """A network's peers, each asked in turn. A lie, or failures in a row, and a peer is asked no more."""

    def __init__(self, network: Network, report: ReportFault | None = None) -> None:
        self._network = network
        self._report = report
        self._failures: dict[PeerId, int] = {}
        self._turn = 0

    def able(self) -> list[PeerId]:
        """Who is connected and may be asked."""
        peers = sorted(self._network.peers())
        return [peer for peer in peers if self._failures.get(peer, 0) < FAILURES_MAX]

    def following(self, without: Container[PeerId]) -> PeerId | None:
        """Who is next."""
        able = [peer for peer in self.able() if peer not in without]
        self._turn += 1
        return able[self._turn % len(able)] if able else None

    async def by_height(self) -> list[PeerId]:
        """Who answers, the one first who says that it has most."""
        heights: dict[PeerId, int] = {}

        async def ask(peer: PeerId) -> None:
            try:
                raw = await self._network.request(peer, STATUS, b"", STATUS_SECONDS_MAX)
                heights[peer] = _STATUS.decode(raw).height
            except (PeerGone, RequestFailed):
                return
            except DecodeError as error:
                self.blame(peer, Untrue(Fault.Malformed, f"its status: {error}"))

        async with trio.open_nursery() as nursery:
            for peer in self.able():
                nursery.start_soon(ask, peer)
        return sorted(heights, key=lambda peer: (-heights[peer], peer))

    async def ask(self, peer: PeerId, request: StateRequest, codec: Codec[T]) -> T:
        """What a peer answers. Raises PeerGone, Untrue."""
        try:
            raw = await self._network.request(peer, STATE, _REQUEST.encode(request), REPLY_SECONDS_MAX)
            return codec.decode(raw)
        except RequestTimedOut as error:
            raise Untrue(Fault.Stalled, str(error)) from None
        except RequestFailed as error:
            raise Untrue(Fault.Refused, str(error)) from None
        except DecodeError as error:
            raise Untrue(Fault.Malformed, f"an answer about a state: {error}") from None

    def thank(self, peer: PeerId) -> None:
        """A peer gave what was asked for: earlier failures are forgiven."""
        self._failures.pop(peer, None)

    def blame(self, peer: PeerId, untrue: Untrue) -> None:
        """A peer failed."""
        log.warning("peer %s %s: %s", short(peer), untrue.fault, untrue.detail)
        self._failures[peer] = FAILURES_MAX if untrue.fault.is_lie else self._failures.get(peer, 0) + 1
        if len(self._failures) > FAULTY_MAX:
            del self._failures[next(iter(self._failures))]
        if self._report is not None:
            self._report(peer, untrue.fault, untrue.detail)
