"""Attestation: capacity is measured by unannounced windows, not declared.

    opens    by the beacon, with a probability per block; at most one is open
    commit   each unit multiplies the matrices of its own seed, and posts the Merkle root over the rows
    draw     the beacon of the block after the last commitment draws units and rows: all units in probation,
             and a tenth of the others
    open     the units drawn open these rows
    counted  a bit of history for every provider
    kept     for an hour: whoever wants to may demand a row, or prove that one is wrong

A provider passes if all its counted units answered (all its units, while none counts). A window that more
than a third of all units missed counts neither way, twice in 7 days at most. The mathematics is in
`probe.py`, the life of a window in `windows.py`.
"""

from __future__ import annotations

from typing import Final

from pallets.attestation import types as t
from pallets.attestation import weights
from pallets.attestation.books import DEPOSIT, PROBED, key_of
from pallets.attestation.probe import (
    COUNT_MAX,
    ROUNDS_MAX,
    SIZE_MAX,
    Challenge,
    InvalidOpening,
    check,
    check_rows,
    draw,
    is_fraud,
)
from pallets.attestation.windows import Windows
from runtime.frame import PostInfo, Root, Signed, call, hookimpl
from runtime.frame.coin import ClassId, Fault, ProviderState, UnitId
from runtime.scale import U8, U32
from runtime.types import AccountId, Balance, Hash, Weight, db

ENTRY_PICOSECONDS: Final = 8_000
"""An entry of both matrices expanded, and of the second multiplied by a number."""
OUTPUT_PICOSECONDS: Final = 25_000
"""A column of an opened row: hashed, looked through, multiplied by a number."""
BAN: Final = db(reads=36, writes=36)
"""A provider that is banned: its coins and its debt."""
TICKET_BACK: Final = db(reads=2, writes=4, compute=40_000_000)
TICKETS_BACK: Final = 64
"""Of the tickets that go back to their queues with it, the most that a provider has."""
LEAF_PICOSECONDS: Final = 20_000_000
"""A path of the tree, and what a leaf costs beside its columns."""


def _weight_of(leaves: t.Leaves) -> Weight:
    """What it takes to check leaves. Leaves of another size than the chain's n are refused before work."""
    size = len(leaves[0].inputs) if leaves else 0
    leaf = size * OUTPUT_PICOSECONDS + LEAF_PICOSECONDS
    return db(reads=9, writes=4, compute=size * size * ENTRY_PICOSECONDS + len(leaves) * leaf)


def _open_weight(unit: UnitId, leaves: t.Leaves) -> Weight:
    return _weight_of(leaves)


def _meet_weight(window: int, unit: UnitId, leaves: t.Leaves) -> Weight:
    return _weight_of(leaves) + db(writes=2, compute=0)


def _prove_weight(window: int, who: AccountId, unit: UnitId, leaf: t.Leaf, previous: t.Leaf | None) -> Weight:
    return _weight_of((leaf, leaf)) + BAN + TICKET_BACK.times(TICKETS_BACK)


class Attestation(Windows):
    """Measures what compute the providers have."""

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        config = self.config
        if not (1 <= config.size <= SIZE_MAX and 1 <= config.positions <= min(COUNT_MAX, config.size)):
            raise t.BadSize
        if not all(1 <= each <= t.WINDOW_BLOCKS_MAX for each in (config.commit_blocks, config.open_blocks)):
            raise t.BadSize
        self.windows_a_day = genesis.windows_a_day
        self.drawn_ppb = genesis.drawn_ppb
        for each in genesis.rounds:
            self._set_rounds(each.class_id, each.rounds)

    # Calls of providers.

    @call(index=0, weight=weights.COMMIT)
    def commit(self, origin: Signed, unit: UnitId, root: Hash) -> PostInfo:
        """Commit to the product that the window asks of one's unit. Costs nothing."""
        window = self._probed(origin.who, unit)
        if window.phase != t.Phase.Committing:
            raise t.TooLate
        key = window.number, origin.who, unit
        if key in self.commitments:
            raise t.AlreadyCommitted
        self.commitments[key] = t.Commitment(root, self._rounds_of(origin.who, unit))
        self.emit(t.Committed(origin.who, unit, root))
        return PostInfo(pays=False)

    @call(index=1, weight=_open_weight)
    def open(self, origin: Signed, unit: UnitId, leaves: t.Leaves) -> PostInfo:
        """Open the rows that the challenge asks for, in its order. Costs nothing if they are right."""
        window, who = self._probed(origin.who, unit), origin.who
        commitment = self.commitments.get((window.number, who, unit))
        if commitment is None:
            raise t.NotCommitted
        if window.phase != t.Phase.Opening or window.challenge is None:
            raise t.NotOpening
        if commitment.stage == t.Stage.Posted:
            raise t.NotDrawn
        if commitment.stage == t.Stage.Opened:
            raise t.AlreadyAnswered
        task = self._task(window.beacon, who, unit, commitment.rounds)
        openings = tuple(leaf.opening for leaf in leaves)
        try:
            check(task, commitment.root, window.challenge, self.config.positions, openings)
        except InvalidOpening as wrong:
            raise t.WrongOpening(str(wrong)) from None
        self.commitments[window.number, who, unit] = commitment.replace(stage=t.Stage.Opened)
        self._note_opened()
        self.emit(t.Answered(who, unit))
        return PostInfo(pays=False)

    @call(index=4, weight=_meet_weight)
    def meet_demand(self, origin: Signed, window: U32, unit: UnitId, leaves: t.Leaves) -> PostInfo:
        """Open the row that somebody demands, in all its rounds. Costs nothing if it is right, and earns the
        deposit.
        """
        asked = t.Asked(window, origin.who, unit)
        demand = self.demands.get(key_of(asked))
        if demand is None:
            raise t.NotDemanded
        commitment, task = self.committed(asked)
        challenge = Challenge((demand.position,), draw(task, demand.beacon, 1).vector)
        try:
            check_rows(task, commitment.root, challenge, tuple(leaf.opening for leaf in leaves))
        except InvalidOpening as wrong:
            raise t.WrongOpening(str(wrong)) from None
        del self.demands[key_of(asked)]
        self.due[demand.deadline] = tuple(each for each in self.due[demand.deadline] if each != asked)
        self.coin.transfer_on_hold(DEPOSIT, demand.by, origin.who, demand.deposit)
        self.emit(t.DemandMet(asked))
        return PostInfo(pays=False)

    # Calls of anybody.

    @call(index=3, weight=weights.DEMAND_LEAF)
    def demand_leaf(self, origin: Signed, window: U32, who: AccountId, unit: UnitId, position: U32) -> None:
        """Demand that a provider opens a row that it committed to in a window that was over at most an hour
        ago. The deposit is the provider's if it does; if it does not, it comes back, and the unit misses the
        next window.
        """
        asked = t.Asked(window, who, unit)
        found = [each.until for each in self.kept if each.number == window]
        if not found or self.host.number >= found[0]:
            raise t.UnknownWindow
        self.committed(asked)
        if position >= self.config.size:
            raise t.NoSuchRow
        if key_of(asked) in self.demands:
            raise t.AlreadyDemanded
        deadline = self.host.number + self.config.open_blocks
        if len(self.due[deadline]) == t.DEMANDS_PER_BLOCK_MAX:
            raise t.TooManyDemands
        deposit = self.config.demand_deposit
        self.coin.hold(DEPOSIT, origin.who, deposit)
        self.demands[key_of(asked)] = t.Demand(
            origin.who, position, self.beacon.randomness(), deadline, deposit
        )
        self.due[deadline] = (*self.due[deadline], asked)
        self.emit(t.LeafDemanded(asked, position, deadline))

    @call(index=5, weight=_prove_weight)
    def prove_fraud(
        self,
        origin: Signed,
        window: U32,
        who: AccountId,
        unit: UnitId,
        leaf: t.Leaf,
        previous: t.Leaf | None,
    ) -> PostInfo:
        """Prove that a provider committed to a wrong leaf: its output row is not the product of its input
        row, or its input row is not what the task gives (after round 0, the outputs of `previous`). The
        provider is banned, and its registration deposit is the bounty. An honest leaf costs the prover its
        fee.
        """
        asked = t.Asked(window, who, unit)
        commitment, task = self.committed(asked)
        if self.issuers.state_of(who) in (None, ProviderState.Banned):
            raise t.AlreadyBanned
        before = None if previous is None else previous.opening
        try:
            is_wrong = is_fraud(task, commitment.root, leaf.opening, before)
        except InvalidOpening as wrong:
            raise t.WrongOpening(str(wrong)) from None
        if not is_wrong:
            raise t.NoFraud
        bounty = self.issuers.pay_bounty(who, origin.who)
        self.slasher.fault(who, Fault.FalseCapacity, self.issuers.bond_of(who), reporter=origin.who)
        self.emit(t.FraudProven(asked, origin.who, bounty))
        return PostInfo(pays=False)

    # Calls of governance.

    @call(index=2, weight=weights.SET_ROUNDS)
    def set_rounds(self, origin: Root, class_id: ClassId, rounds: U8) -> None:
        """Say how many rounds a unit of a class does in a window: as many as take it 70 % of the time."""
        if self.window is not None:
            raise t.WindowIsOpen
        if self.standards.rating_of(class_id) is None:
            raise t.UnknownClass
        self._set_rounds(class_id, rounds)
        self.emit(t.RoundsChanged(class_id, rounds))

    def _set_rounds(self, class_id: ClassId, rounds: int) -> None:
        if not (1 <= rounds <= ROUNDS_MAX and rounds * self.config.positions <= COUNT_MAX):
            raise t.BadSize
        self.rounds[class_id] = rounds

    def _probed(self, who: AccountId, unit: UnitId) -> t.Window:
        """The open window, if it probes this unit."""
        window = self.window
        if window is None:
            raise t.NoWindow
        since = self.units.unit_since(who, unit)
        if since is None or since >= window.opened_at or self.issuers.state_of(who) not in PROBED:
            raise t.NotProbed
        return window

    @hookimpl
    def try_state(self) -> None:
        window, tally = self.window, self.tally
        numbers = [each.number for each in self.kept]
        if window is not None:
            numbers.append(window.number)
        stages = [0] * len(t.Stage)
        for (number, _, _), commitment in self.commitments.items():
            assert number in numbers, f"commitments of window {number}, which is not kept"
            if window is not None and number == window.number:
                stages[commitment.stage] += 1
        drawn = stages[t.Stage.Drawn] + stages[t.Stage.Opened]
        assert (drawn, stages[t.Stage.Opened]) == (tally.drawn, tally.opened), (
            f"{stages} units by stage, and the tally says {tally}"
        )
        if window is None:
            assert tally == t.Tally(), "a tally without a window"
            assert not self.probed and not self.outages, "providers of no window"
        held: dict[AccountId, Balance] = {}
        waiting = {key_of(asked): block for block, each in self.due.items() for asked in each}
        for key, demand in self.demands.items():
            assert waiting.get(key) == demand.deadline, f"the demand {demand} is not due in time"
            held[demand.by] = held.get(demand.by, 0) + demand.deposit
        for who, amount in held.items():
            assert self.coin.on_hold(DEPOSIT, who) == amount, f"the deposits of 0x{who.hex()} are not on hold"
