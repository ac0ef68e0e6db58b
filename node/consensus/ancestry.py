"""Ancestry: which blocks may be built upon, and what is missing to say so.

"Certified" is the view of a block that was notarized, is held, executed well, and stands on a certified one
as the epoch allows. The last final view is certified once its block is handed over.
"""

from __future__ import annotations

from typing import Final

from node.consensus.actions import Check, Commit
from node.consensus.fetch import Fetcher
from node.consensus.inputs import Epoch, Head
from node.consensus.leader import Leaders
from node.consensus.messages import Candidate, Certified, Held
from node.consensus.outbox import Outbox
from node.consensus.proofs import Proofs
from node.consensus.tree import Tree
from runtime.simplex import Statement

CHAIN_MAX: Final = 2_048
"""Blocks that are fetched from the last final one downwards: who lacks more is no part of the agreement. They
are held until the last of them has come.
"""


class AgreementBroken(Exception):
    """A quorum made a block final that this machine finds invalid: it must not go on."""


class TooFarBehind(Exception):
    """So many blocks are final above the last one here that a sync must bring them."""

    def __init__(self, head: int, number: int) -> None:
        super().__init__(
            f"block {number} is final, and block {head} is the last one here: catch up by a sync, then take "
            "part again"
        )
        self.head = head
        self.number = number
        """The height of the final block."""


class Ancestry:
    """The blocks of one epoch and how they stand on each other."""

    def __init__(self, epoch: Epoch, leaders: Leaders, proofs: Proofs, fetch: Fetcher, out: Outbox) -> None:
        self._epoch = epoch
        self._leaders = leaders
        self._proofs = proofs
        self._fetch = fetch
        self._out = out
        self.tree = Tree(Head(epoch.parent_hash, epoch.parent_number))
        self.certified: dict[int, bytes] = {0: epoch.parent_hash}
        """Which block may be built upon, by view, from the last final one on."""
        self.uncertified: dict[int, None] = {}
        """Views above the floor with a notarization that is not certified yet."""

    # Judging.

    def certify(self, view: int) -> bool | None:
        """Whether the block notarized in a view may be built upon; None while that cannot be said."""
        statement = self._proofs.notarizations[view].statement
        candidate = self.tree.get(statement.block)
        if candidate is None:
            self._fetch.block(statement.block, self.tree.head.number)
        verdict = self.follows(candidate, statement)
        if verdict is None or candidate is None:
            return None
        del self.uncertified[view]
        if verdict:
            self.hold(candidate)
            self.certified[view] = candidate.hash
            self._out.record(Certified(self._epoch.number, view, candidate.hash))
        return verdict

    def follows(self, candidate: Candidate | None, statement: Statement) -> bool | None:
        """Whether a block stands on its parent in a view, the parent certified, itself executed. None while
        what it takes to say so is missing; it is asked for.
        """
        parent = self.certified.get(statement.parent_view)
        if parent is None:
            if statement.parent_view < self._proofs.floor:
                return False
            if statement.parent_view not in self._proofs.notarizations:
                self._fetch.view(statement.parent_view)
        if candidate is None or parent is None:
            return None
        if not self._is_child(candidate, parent, statement):
            return False
        verdict = self.tree.verdict(candidate.hash)
        if verdict is None:
            self._check(candidate)
        return verdict

    def _is_child(self, candidate: Candidate, parent: bytes, statement: Statement) -> bool:
        """Whether a block stands on its parent as the epoch allows: by one height, up to the boundary; and
        on the boundary nothing but the boundary again.
        """
        last = self._epoch.last_number
        if candidate.epoch != self._epoch.number or candidate.number > last:
            return False
        if candidate.hash == parent:
            return candidate.number == last
        return (
            candidate.view == statement.view
            and candidate.proposer == self._leaders.leader(statement.view)
            and candidate.parent_hash == parent
            and candidate.number - 1 == self.tree.number_of(parent)
        )

    def are_skipped(self, parent_view: int, view: int) -> bool:
        """Whether every view between two is nullified; what is missing is asked for."""
        is_skipped = True
        for between in range(parent_view + 1, view):
            if between not in self._proofs.nullifications:
                is_skipped = False
                self._fetch.view(between)
        return is_skipped

    def _check(self, candidate: Candidate) -> None:
        if self.tree.begin_check(candidate.hash):
            self._out.put(Check(candidate))

    def checked(self, block: bytes, is_valid: bool) -> None:
        """A block was executed."""
        if self.tree.verdict(block) and not is_valid:
            raise AgreementBroken(f"block 0x{block.hex()} was valid, and executed again it is not")
        self.tree.judge(block, is_valid)

    def hold(self, candidate: Candidate) -> None:
        """Have the journal keep a block that others may want."""
        if candidate.number > self.tree.head.number and self.tree.make_durable(candidate.hash):
            self._out.record(Held(candidate))

    # Building.

    def parent_for(self, view: int) -> tuple[int, bytes, int] | None:
        """The view, hash and height of the block to build on in a view: the highest certified one, if all
        views since are skipped. None while that cannot be said.
        """
        parent_view = max(self.certified, default=-1)
        if parent_view < self._proofs.floor or not self.are_skipped(parent_view, view):
            return None
        parent = self.certified[parent_view]
        number = self.tree.number_of(parent)
        return None if number is None else (parent_view, parent, number)

    def add_own(self, candidate: Candidate) -> None:
        """A block that was built here was executed here."""
        self.tree.add(candidate)
        self.tree.judge(candidate.hash, is_valid=True)

    # Finality.

    def commit(self) -> bool:
        """Hand over what is final, once every block down to the last one handed over is held and executed.
        Whether something was. Raises TooFarBehind and AgreementBroken.
        """
        final = self._proofs.finalization
        if final is None:
            return False
        view, block = final.statement.view, final.statement.block
        if block == self.tree.head.hash:
            self.certified[view] = block
            return False
        blocks, missing = self.tree.path(block)
        if missing is not None:
            head, number = self.tree.head.number, self.tree.number_of(block)
            if number is not None and number - head > CHAIN_MAX:
                raise TooFarBehind(head, number)
            self._fetch.block(missing, head)
            return False
        for candidate in blocks:
            verdict = self.tree.verdict(candidate.hash)
            if verdict is False:
                raise AgreementBroken(
                    f"block {candidate.number}, 0x{candidate.hash.hex()}, is final and invalid"
                )
            if verdict is None:
                self._check(candidate)
                return False
        self.certified[view] = block
        self._out.put(Commit(final, blocks))
        self.tree.commit(Head(block, blocks[-1].number), view)
        return True

    def fetched(self, candidates: tuple[Candidate, ...]) -> bool:
        """Blocks came, each followed by its parent: those that are wanted are held. Whether any is."""
        parent = b""
        for candidate in candidates:
            if candidate.hash != parent and not self._fetch.is_wanted(candidate.hash):
                break
            self._fetch.got_block(candidate.hash)
            self.tree.add(candidate)
            parent = candidate.parent_hash
        return parent != b""

    def raise_floor(self) -> None:
        """A higher view is final: what lies below it is not built upon any more."""
        floor = self._proofs.floor
        self.uncertified = {view: None for view in self.uncertified if view > floor}
        self.certified = {view: block for view, block in self.certified.items() if view >= floor}

    def forget_skipped(self, before: int) -> None:
        """Drop blocks of views that were skipped before this one, unless they were notarized as well: if
        somebody builds on one after all, it is fetched.
        """
        notarized = {each.statement.block for each in self._proofs.notarizations.values()}
        self.tree.drop(
            lambda each: (
                each.view < before and self._proofs.is_skipped(each.view) and each.hash not in notarized
            )
        )

    # Restart.

    def records(self) -> tuple[Held | Certified, ...]:
        """What a restart needs of all this."""
        floor, number = self._proofs.floor, self._epoch.number
        certified = sorted((view, block) for view, block in self.certified.items() if view > floor)
        return (
            *(Held(each) for each in self.tree.durable()),
            *(Certified(number, view, block) for view, block in certified),
        )

    def restore(self, held: list[Candidate], certified: dict[int, bytes]) -> None:
        """Take up what the journal remembers, the proofs being there already. A block was certified, so all
        on the way to it executed well. The states that they gave are lost: they are executed again, in order.
        """
        for candidate in held:
            self.tree.add(candidate)
            self.tree.make_durable(candidate.hash)
        floor = self._proofs.floor
        self.raise_floor()
        for view, block in sorted(certified.items()):
            if view < floor or (view > floor and view not in self._proofs.notarizations):
                continue
            blocks, missing = self.tree.path(block)
            if missing is not None:
                continue
            for candidate in blocks:
                if self.tree.verdict(candidate.hash) is None:
                    self.tree.judge(candidate.hash, is_valid=True)
                    self._out.put(Check(candidate))
            self.certified[view] = block
        self.uncertified = {
            view: None for view in self._proofs.notarizations if view > floor and view not in self.certified
        }
