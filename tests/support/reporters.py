"""Reporters of an oracle, for tests: they show what they committed to, and commit to what they see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from genesis.coin import COIN
from pallets.balances import Balances
from pallets.ledger import Ledger
from pallets.oracle import Oracle, commitment_of
from pallets.oracle.types import Report
from pallets.standards.ratings import Ratings
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import Call, Pallet, Root, Signed, pallet_account
from runtime.runtime import Runtime
from runtime.testing import TestChain

REPORTERS: Final = tuple(bytes([0x60 + n]) * 32 for n in range(8))
BOND: Final = 1_000 * COIN
WORK: Final = 10**12
"""W_1 of the chains here, and what their mainstream does in an hour."""
UNIT: Final = 10**9
"""One unit of the currency."""
RESERVE: Final = pallet_account("Reserve")
FEES: Final = pallet_account("Rewards")
SALT: Final = b"\x5a" * 32
CPU, GPU = 1, 2
DAY: Final = 144
"""Blocks, and rounds: one of ten minutes each."""
LOADED: Final[dict[str, Runtime]] = {}
"""The runtime of these chains, once it is loaded; they take turns with it."""
PALLETS: Final[tuple[type[Pallet[Any, Any]], ...]] = (System, Timestamp, Balances, Ledger, Ratings, Oracle)


def report(
    price: int = UNIT, rating: int = WORK, *, of: int = GPU, volume: int = 1, hours: int = 1
) -> Report:
    """What one says of a class: by default a unit of the currency for the work of one SCU-h."""
    return Report(of, price, volume, rating, hours, bytes(32))


def seat(place: int, **other: Any) -> dict[str, Any]:
    """The seat of one reporter, in a genesis: nobody shares anything with another."""
    number = place + 1
    alone = {"entity": number, "region": number, "operator": number, "source": number, "bond": BOND}
    return {"account": "0x" + REPORTERS[place].hex(), **alone, **other}


class OracleChain(TestChain):
    """A chain of an oracle and no providers; a block is a round."""

    __test__ = False

    def __init__(self, seats: Sequence[Mapping[str, Any]] | None = None) -> None:
        seats = [seat(place) for place in range(5)] if seats is None else seats
        rich = [(who, 20 * BOND) for who in REPORTERS]
        owed = sum(amount for _, amount in rich) + COIN
        super().__init__(
            *PALLETS,
            config={
                "Balances": {"existential_deposit": 500, "dust_account": RESERVE},
                "Ledger": {"reserve": RESERVE, "fees": FEES},
                "Ratings": {"blocks_per_hour": 6},
            },
            genesis={
                "Balances": {"balances": [*([who, amount] for who, amount in rich), [RESERVE, COIN]]},
                "Ledger": {"debts": [{"issuer": REPORTERS[0], "amount": owed}]},
                "Ratings": {
                    "work": WORK,
                    "classes": [
                        {"id": CPU, "name": "cpu", "work_per_hour": WORK // 10},
                        {"id": GPU, "name": "gpu", "work_per_hour": WORK},
                    ],
                },
                "Oracle": {"price": UNIT, "mainstream": WORK, "reporters": list(seats)},
            },
            runtime=LOADED.get(""),
        )
        LOADED[""] = self.runtime
        self.desk = Desk(self, REPORTERS[: len(seats)])

    @property
    def oracle(self) -> Oracle:
        return self[Oracle]

    def by(self, who: bytes, call: Call) -> None:
        """Dispatch a call of an account; raises what refuses it."""
        self.dispatch(call, Signed(who))

    def root(self, call: Call) -> None:
        """Dispatch a call of root."""
        self.dispatch(call, Root())

    def run(self) -> None:
        """Seal the open block without executing it again: something was done to it that no call does."""
        self._replayable = False
        self.next_block()

    def settle(self, *reports: Report, rounds: int = 1) -> None:
        """Let everybody say the same for so many rounds; the last of them is closed in this block."""
        for _ in range(rounds):
            self.desk.round(*reports)
        self.desk.round()


@dataclass(slots=True)
class Desk:
    """What reporters have committed to and will show in the next round."""

    chain: TestChain
    who: Sequence[bytes]
    pending: dict[bytes, tuple[Report, ...]] = field(default_factory=dict)

    def round(self, *reports: Report, **other: tuple[Report, ...] | None) -> None:
        """One round of everybody: show, commit to `reports`, and let the round's blocks go by.

        `other` says what single ones see, by `r` and their place: `r3=(...)`; None is silent. Without any
        reports nobody commits.
        """
        self.each(lambda place: other.get(f"r{place}", reports))

    def each(self, seen: Callable[[int], tuple[Report, ...] | None]) -> None:
        """One round in which each sees what `seen` says by its place."""
        chain = self.chain
        oracle = chain[Oracle]
        for who, shown in self.pending.items():
            applied = chain.submit(oracle.reveal.call(shown, SALT), who)
            assert applied.failure is None, applied.refusal
        self.pending = {}
        now = oracle.round_now()
        for place, who in enumerate(self.who):
            reports = seen(place)
            if not reports:
                continue
            applied = chain.submit(oracle.commit.call(commitment_of(now, who, reports, SALT)), who)
            assert applied.failure is None, applied.refusal
            self.pending[who] = reports
        while oracle.round_now() == now:
            chain.next_block()
