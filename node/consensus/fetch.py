"""Fetching: what is missing is asked of one peer at a time, and of the next when that one does not answer.

Nothing is kept of an answer that does not come: when the timer rings all requests count as lost, and the
core, looking again at what it still misses, asks anew. So a key has one request in flight, a peer that brings
nothing is passed over, and what is needed no more is not asked for again.
"""

from __future__ import annotations

from typing import Final

from node.consensus.actions import Send
from node.consensus.messages import REPLY_VIEWS_MAX, Need, Peer, Want

BLOCKS_IN_FLIGHT_MAX: Final = 16
"""Blocks that are asked for at the same time."""
VIEWS_IN_FLIGHT_MAX: Final = REPLY_VIEWS_MAX
"""Views that are asked for at the same time: one request's."""


class Fetcher:
    """The requests in flight of one epoch."""

    def __init__(self, epoch: int, peers: tuple[Peer, ...], start: int) -> None:
        """Ask `peers` in turn, from place `start` on."""
        self._epoch = epoch
        self._peers = peers
        self._turn = start
        self._blocks: dict[bytes, None] = {}
        self._views: dict[int, None] = {}
        self._new_blocks: list[Want] = []
        self._new_views: list[int] = []

    def block(self, block: bytes, above: int) -> None:
        """A block is missing, and perhaps its ancestors above this height."""
        if block not in self._blocks and len(self._blocks) < BLOCKS_IN_FLIGHT_MAX:
            self._blocks[block] = None
            self._new_blocks.append(Want(block, above))

    def view(self, view: int) -> None:
        """The certificates of a view are missing."""
        if view not in self._views and len(self._views) < VIEWS_IN_FLIGHT_MAX:
            self._views[view] = None
            self._new_views.append(view)

    def is_wanted(self, block: bytes) -> bool:
        """Whether a block was asked for and has not come."""
        return block in self._blocks

    def got_block(self, block: bytes) -> None:
        """A block has come."""
        self._blocks.pop(block, None)

    def got_view(self, view: int) -> None:
        """A certificate of a view has come: if that was not the missing one, it may be asked for again."""
        self._views.pop(view, None)

    def requests(self) -> list[Send]:
        """What is to be asked now, each request of the next peer."""
        if not self._new_blocks and not self._new_views:
            return []
        found: list[Send] = []
        if self._peers:
            found += [Send(self._next(), want) for want in self._new_blocks]
            if self._new_views:
                found.append(Send(self._next(), Need(self._epoch, tuple(sorted(self._new_views)))))
        self._new_blocks, self._new_views = [], []
        return found

    def expire(self) -> None:
        """What has not come by now will not."""
        self._blocks.clear()
        self._views.clear()
        self._new_blocks, self._new_views = [], []

    @property
    def in_flight(self) -> int:
        """How many blocks and views are asked for."""
        return len(self._blocks) + len(self._views)

    def _next(self) -> Peer:
        self._turn = (self._turn + 1) % len(self._peers)
        return self._peers[self._turn]
