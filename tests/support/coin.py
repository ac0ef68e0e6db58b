"""A chain with the whole coin in memory: genesis providers, a beacon that is really signed, small probes that
are really answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nacl.signing import SigningKey

from genesis.coin import COIN, CPU_CLASS, Backing, coin_genesis
from node.provider.challenge import Work
from pallets.attestation import Attestation
from pallets.attestation.probe import Opening
from pallets.attestation.types import Commitment, Leaf, Phase, Stage
from pallets.balances import Balances
from pallets.beacon import ENGINE, DevBeacon, dev_message
from pallets.identity import Identity
from pallets.issuance import Issuance
from pallets.ledger import Ledger
from pallets.oracle import Oracle
from pallets.providers import Providers
from pallets.redemption import Redemption
from pallets.reserve import Reserve
from pallets.rewards import Rewards
from pallets.slashing import Slashing
from pallets.solvency import Solvency
from pallets.standards import Standards
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import Call, Pallet, Root, Signed, pallet_account
from runtime.runtime import Runtime
from runtime.testing import TestChain
from runtime.types.digest import DigestItem, PreRuntime

AUTHOR = SigningKey(bytes(range(32)))
ISSUERS = tuple(bytes([0x10 + n]) * 32 for n in range(5))
ALICE, BOB, CAROL = (bytes([n]) * 32 for n in (1, 2, 3))
RESERVE = pallet_account("Reserve")
FEES = pallet_account("Rewards")
ESCROW = pallet_account("Redemption")
ED = 500
DEPOSIT = 100 * COIN
SIZE, POSITIONS = 12, 4
COMMIT_BLOCKS, OPEN_BLOCKS = 3, 3
RICH = 200_000 * COIN
DAY = 240
"""Blocks."""
COIN_PALLETS: tuple[type[Pallet[Any, Any]], ...] = (
    System,
    Timestamp,
    Balances,
    DevBeacon,
    Ledger,
    Oracle,
    Attestation,
    Standards,
    Providers,
    Identity,
    Slashing,
    Rewards,
    Reserve,
    Issuance,
    Redemption,
    Solvency,
)
CONFIG: dict[str, dict[str, Any]] = {
    "Balances": {"existential_deposit": ED, "dust_account": RESERVE},
    "Ledger": {"reserve": RESERVE, "fees": FEES},
    "Standards": {"blocks_per_hour": 10},
    "Providers": {"deposit": DEPOSIT},
    "Identity": {"basic_deposit": 20 * COIN, "byte_deposit": COIN // 100},
    "Attestation": {
        "size": SIZE,
        "positions": POSITIONS,
        "commit_blocks": COMMIT_BLOCKS,
        "open_blocks": OPEN_BLOCKS,
    },
}


LOADED: dict[str, Runtime] = {}
"""The usual runtimes, once they are loaded: a chain of a test that is over leaves nothing in them."""


class CoinChain(TestChain):
    """A `TestChain` of the coin, with short words for its tests.

    One at a time: the chains of a process take turns with one runtime. A `still` chain has no windows, for
    tests of what time alone does: "hours" has ten blocks an hour as usual, "days" a block a day.
    """

    __test__ = False

    def __init__(
        self,
        *,
        rich: Iterable[bytes] = (ALICE, BOB, CAROL),
        pallets: tuple[type[Pallet[Any, Any]], ...] = COIN_PALLETS,
        genesis: dict[str, Any] | None = None,
        config: dict[str, dict[str, Any]] | None = None,
        still: str = "",
        **backing: Any,
    ) -> None:
        is_own = pallets is not COIN_PALLETS or config is not None
        if still:
            pallets = tuple(each for each in pallets if each is not Attestation)
        if still == "days":
            config = {**(config or {}), "Standards": {"blocks_per_hour": 1, "hours": 24}}
        super().__init__(
            *pallets,
            config={**CONFIG, **(config or {})},
            genesis=genesis if genesis is not None else coin_parts(rich, **backing),
            logs=signed_beacon,
            runtime=None if is_own else LOADED.get(still),
        )
        if not is_own:
            LOADED[still] = self.runtime

    @property
    def ledger(self) -> Ledger:
        return self[Ledger]

    @property
    def providers(self) -> Providers:
        return self[Providers]

    @property
    def identity(self) -> Identity:
        return self[Identity]

    @property
    def issuance(self) -> Issuance:
        return self[Issuance]

    @property
    def rewards(self) -> Rewards:
        return self[Rewards]

    @property
    def reserve(self) -> Reserve:
        return self[Reserve]

    @property
    def redemption(self) -> Redemption:
        return self[Redemption]

    @property
    def attestation(self) -> Attestation:
        return self[Attestation]

    @property
    def solvency(self) -> Solvency:
        return self[Solvency]

    @property
    def balances(self) -> Balances:
        return self[Balances]

    def run(self) -> None:
        """Seal the open block without executing it again: something was done to it that no call does."""
        self._replayable = False
        self.next_block()

    def by(self, who: bytes, call: Call) -> None:
        """Dispatch a call of an account; raises what refuses it."""
        self.dispatch(call, Signed(who))

    def root(self, call: Call) -> None:
        """Dispatch a call of root."""
        self.dispatch(call, Root())

    def until_window(self, is_open: bool = True) -> None:
        """Seal blocks until a window is open, or is closed."""
        for _ in range(2_000):
            if (self.attestation.window is not None) == is_open:
                return
            self.next_block()
        raise AssertionError("no window in 2,000 blocks")

    def answer(self, *who: bytes) -> None:
        """Let these providers answer the open window with all units that it probes, as the agent does; ends
        in the block that draws who opens.
        """
        works: dict[tuple[bytes, int], Work] = {}
        window = self.attestation.window
        assert window is not None
        for each, units in tuple(self.providers.units_before(window.opened_at)):
            for unit in units if each in who else ():
                work = works[each, unit] = self.work_of(each, unit)
                self.submit_well(self.attestation.commit.call(unit, work.root), each)
        self.until_drawn()
        for (each, unit), work in works.items():
            if self.is_drawn(each, unit):
                self.submit_well(self.attestation.open.call(unit, self.leaves(work, each, unit)), each)

    def until_drawn(self) -> None:
        """Seal blocks until the open window has drawn who opens."""
        window = self.attestation.window
        while window is not None and window.phase < Phase.Opening:
            self.next_block()
            window = self.attestation.window
        assert window is not None

    def is_drawn(self, who: bytes, unit: int = 0) -> bool:
        """Whether the unit has to open its rows."""
        return self.commitment_of(who, unit).stage == Stage.Drawn

    def commitment_of(self, who: bytes, unit: int = 0) -> Commitment:
        """What a unit committed to in the open window."""
        window = self.attestation.window
        assert window is not None
        return self.attestation.commitments[window.number, who, unit]

    def work_of(self, who: bytes, unit: int = 0) -> Work:
        """The products that the open window asks of a unit."""
        window = self.attestation.window
        assert window is not None
        return Work(self.attestation.task_of(window, who, unit))

    def leaves(self, work: Work, who: bytes, unit: int = 0) -> tuple[Leaf, ...]:
        """The rows that the challenge asks of a unit."""
        window = self.attestation.window
        assert window is not None
        assert window.challenge is not None
        return tuple(map(leaf_of, work.answer(window.challenge, POSITIONS)))

    def submit_well(self, call: Call, who: bytes) -> None:
        """Put a transaction into the block; its call succeeds."""
        applied = self.submit(call, who)
        assert applied.failure is None, f"{call}: {applied.refusal}"


def leaf_of(opening: Opening) -> Leaf:
    """An opened row, as calls carry it."""
    return Leaf(opening.round, opening.position, opening.inputs, opening.outputs, opening.path)


def signed_beacon(chain: TestChain) -> tuple[DigestItem, ...]:
    """The author's digest item for the block that opens."""
    signed = dev_message(chain.genesis_hash, chain.number, chain[DevBeacon].value)
    return (PreRuntime(ENGINE, AUTHOR.sign(signed).signature),)


def coin_parts(rich: Iterable[bytes] = (ALICE, BOB, CAROL), **backing: Any) -> dict[str, Any]:
    """The genesis: people with `RICH` coins each, owed by the five providers."""
    endowed = [*((who, RICH) for who in rich), (RESERVE, COIN), (ESCROW, ED), (FEES, ED)]
    backing = {"providers": ISSUERS, "author": bytes(AUTHOR.verify_key), **backing}
    parts = coin_genesis(endowed, Backing(**backing))
    return {DevBeacon.__name__: parts.pop("Beacon"), **parts}


__all__ = [
    "ALICE",
    "BOB",
    "CAROL",
    "COIN",
    "CPU_CLASS",
    "DAY",
    "ED",
    "ESCROW",
    "FEES",
    "ISSUERS",
    "RESERVE",
    "RICH",
    "CoinChain",
    "leaf_of",
]
