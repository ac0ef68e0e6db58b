"""The tree of blocks above the last one committed: which are held, which executed well, what is missing."""

from __future__ import annotations

from collections.abc import Callable

from node.consensus.inputs import Head
from node.consensus.messages import REPLY_BLOCKS_MAX, REPLY_BYTES_MAX, Candidate


class Tree:
    """The candidates of one epoch."""

    def __init__(self, head: Head) -> None:
        self.head = head
        """The last block committed."""
        self._candidates: dict[bytes, Candidate] = {}
        self._verdicts: dict[bytes, bool] = {}
        self._checking: dict[bytes, None] = {}
        self._durable: dict[bytes, None] = {}

    def add(self, candidate: Candidate) -> None:
        """Hold a block; one at or below the head is of no use."""
        if candidate.number > self.head.number:
            self._candidates.setdefault(candidate.hash, candidate)

    def get(self, block: bytes) -> Candidate | None:
        """A block that is held."""
        return self._candidates.get(block)

    def number_of(self, block: bytes) -> int | None:
        """A block's height; None when it is unknown."""
        if block == self.head.hash:
            return self.head.number
        found = self._candidates.get(block)
        return None if found is None else found.number

    def judge(self, block: bytes, is_valid: bool) -> None:
        """A block was executed."""
        self._checking.pop(block, None)
        if block in self._candidates:
            self._verdicts[block] = is_valid

    def verdict(self, block: bytes) -> bool | None:
        """Whether a block executed well; None when it was not executed."""
        return True if block == self.head.hash else self._verdicts.get(block)

    def begin_check(self, block: bytes) -> bool:
        """Whether the block's execution is to be asked for now: once."""
        if block in self._checking:
            return False
        self._checking[block] = None
        return True

    def make_durable(self, block: bytes) -> bool:
        """Whether the block must be written to the journal now: once."""
        if block in self._durable:
            return False
        self._durable[block] = None
        return True

    def path(self, block: bytes) -> tuple[tuple[Candidate, ...], bytes | None]:
        """The blocks above the head that lead to a block, itself the last, and the first one that is missing
        on the way down to the head, None when none is.
        """
        found: list[Candidate] = []
        while block != self.head.hash:
            candidate = self._candidates.get(block)
            if candidate is None:
                return tuple(reversed(found)), block
            found.append(candidate)
            block = candidate.parent_hash
        return tuple(reversed(found)), None

    def answer(self, block: bytes, above: int) -> tuple[bytes, ...]:
        """The bodies that answer a peer who wants a block and its ancestors above a height."""
        bodies: list[bytes] = []
        size = 0
        while len(bodies) < REPLY_BLOCKS_MAX:
            candidate = self._candidates.get(block)
            if candidate is None or candidate.number <= above:
                break
            size += len(candidate.body)
            if bodies and size > REPLY_BYTES_MAX:
                break
            bodies.append(candidate.body)
            block = candidate.parent_hash
        return tuple(bodies)

    def commit(self, head: Head, view: int) -> None:
        """A block is final in a view and handed over: what it leaves behind goes, by height and by view."""
        self.head = head
        self.drop(lambda each: each.number <= head.number or each.view <= view)

    def drop(self, is_left: Callable[[Candidate], bool]) -> None:
        """Hold some blocks no longer."""
        for block in [each.hash for each in self._candidates.values() if is_left(each)]:
            del self._candidates[block]
            self._verdicts.pop(block, None)
            self._checking.pop(block, None)
            self._durable.pop(block, None)

    def durable(self) -> tuple[Candidate, ...]:
        """The blocks above the head that the journal keeps, by height."""
        held = [each for each in self._candidates.values() if each.hash in self._durable]
        return tuple(sorted(held, key=lambda each: (each.number, each.hash)))

    @property
    def size(self) -> int:
        """How many blocks are held."""
        return len(self._candidates)
