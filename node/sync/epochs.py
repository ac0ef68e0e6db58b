"""Epochs: which of them a height is of, and who decides in each.

The committee of an epoch stands in the state of the block before its first. That state leaves the window in
time, so the committee is written down when it is first needed, which is before the epoch's first block is
believed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.chain.chain import Chain
from node.storage import Column, Database, StorageCorrupted
from node.storage.records import number_key
from runtime.runtime import Runtime
from runtime.scale import DecodeError, codec_of
from runtime.simplex import Committee
from runtime.state import State, StateDiscarded

CommitteeAfter = Callable[[Runtime, State], Committee]
"""Who decides about the block that follows a state."""

COMMITTEE_KEY: Final = b"committee"
"""Before the number of an epoch: the key, among the figures, of its encoded committee."""

RECENT_MAX: Final = 4
"""Committees that are kept decoded."""

_COMMITTEE: Final = codec_of(Committee)


class CommitteeUnknown(Exception):
    """An epoch has not begun here, or was over before this node's chain begins."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"the committee of epoch {epoch} is not known here")
        self.epoch = epoch


class Epochs:
    """The epochs of one chain: epoch e is the heights e*L + 1 .. (e+1)*L, where L is `blocks_per_epoch`."""

    def __init__(self, chain: Chain, blocks_per_epoch: int, committee_after: CommitteeAfter) -> None:
        self._chain = chain
        self._after = committee_after
        self._recent: dict[int, Committee] = {}
        self.blocks_per_epoch = blocks_per_epoch

    def of(self, height: int) -> int:
        """The epoch of a height; that of genesis is 0, for want of one before it."""
        return max(0, height - 1) // self.blocks_per_epoch

    def is_last(self, height: int) -> bool:
        """Whether the block at a height is the last of its epoch, which has a justification of its own."""
        return height > 0 and height % self.blocks_per_epoch == 0

    def committee(self, epoch: int) -> Committee:
        """Who decides in an epoch. Raises CommitteeUnknown, or a StorageError."""
        found = self._recent.get(epoch)
        if found is None:
            found = self._recent[epoch] = self._find(epoch)
            if len(self._recent) > RECENT_MAX:
                del self._recent[next(iter(self._recent))]
        return found

    def _find(self, epoch: int) -> Committee:
        database = self._chain.states.database
        kept = read_committee(database, epoch)
        if kept is not None:
            return kept
        found = self._after(self._chain.runtime, self._before(epoch))
        assert found.epoch == epoch, "a state names the committee of the epoch that follows it"
        batch = database.batch()
        _, key, value = committee_row(found)
        batch.put(key, value, database.handle(Column.META))
        database.write(batch, sync=False)
        return found

    def _before(self, epoch: int) -> State:
        """A state after which a block of the epoch comes."""
        head = self._chain.finalized
        if self.of(head.header.number + 1) == epoch:
            return head.state
        try:
            return self._chain.states.at(epoch * self.blocks_per_epoch)
        except StateDiscarded:
            raise CommitteeUnknown(epoch) from None


def read_committee(database: Database, epoch: int) -> Committee | None:
    """The committee of an epoch, if it is written down. Raises StorageCorrupted."""
    raw = database.get(Column.META, committee_key(epoch))
    try:
        return None if raw is None else _COMMITTEE.decode(raw)
    except DecodeError as error:
        raise StorageCorrupted(database.path, f"the committee of epoch {epoch}: {error}") from None


def committee_row(committee: Committee) -> tuple[str, bytes, bytes]:
    """How a committee is written down."""
    return Column.META, committee_key(committee.epoch), _COMMITTEE.encode(committee)


def committee_key(epoch: int) -> bytes:
    """The key of an epoch's committee among the figures."""
    return COMMITTEE_KEY + number_key(epoch)
