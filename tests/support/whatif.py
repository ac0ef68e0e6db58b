"""A coin whose parameters anybody can move, and with it all that can be wrong about a change."""

from __future__ import annotations

from typing import Any

from genesis.coin import COIN, Backing, covering_work
from governance.whatif import Effect, Look, WhatIf, enact, look
from pallets.system import System
from pallets.utility import Utility
from runtime.frame import Call, NoError, NoEvent, Pallet, Root, StorageOption, StorageValue, call, hookimpl
from runtime.frame.governance import Outlook, Outlooks
from runtime.frame.late import RuntimeCall
from runtime.scale import U8, U64, codec_of
from runtime.testing import TestChain
from runtime.types import BlockNumber, db
from support.coin import (
    AUTHOR,
    COIN_PALLETS,
    CONFIG,
    ED,
    ESCROW,
    FEES,
    ISSUERS,
    LOADED,
    RESERVE,
    RICH,
    CoinChain,
    coin_parts,
    signed_beacon,
)

PEOPLE = tuple(bytes([n]) * 32 for n in (1, 2, 3))
PPB = 10**9


class Levers(Pallet[NoEvent, NoError]):
    """Does whatever is wrong, when it is asked to."""

    outlooks: Outlooks

    number = StorageValue[U8](default=0, doc="Something small.")
    trap = StorageValue[bool](default=False, doc="Whether the end of the block fails.")
    plan = StorageOption[RuntimeCall](doc="What is looked at when the next block begins, and then enacted.")

    @call(index=0, weight=db(writes=1))
    def write(self, origin: Root, number: U64) -> None:
        """Write a number that may be too large for where it is kept."""
        self.number = number

    @call(index=1, weight=db())
    def fault(self, origin: Root) -> None:
        """Do what no pallet may."""
        raise ValueError("no refusal at all")

    @call(index=2, weight=db(writes=1))
    def set_trap(self, origin: Root) -> None:
        """Let the end of the block fail."""
        self.trap = True

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Any:
        planned = self.plan
        if planned is not None:
            assert look(self.host, self.outlooks, planned, Root()).refusal is None
            assert enact(self.host, self.outlooks, planned, Root()).refusal is None
            self.plan = None
        return db()

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        if self.trap:
            raise ValueError("the trap")


class WhatIfChain(CoinChain):
    """A `CoinChain` with looks, and with a coverage that leaves room for changes, or does not."""

    __test__ = False

    def __init__(self, coverage_ppb: int = 2 * PPB) -> None:
        endowed = [*((who, RICH) for who in PEOPLE), (RESERVE, COIN), (ESCROW, ED), (FEES, ED)]
        backing = Backing(providers=ISSUERS, author=bytes(AUTHOR.verify_key))
        TestChain.__init__(
            self,
            *COIN_PALLETS,
            Utility,
            Levers,
            WhatIf,
            config=CONFIG,
            genesis=coin_parts(PEOPLE, work=covering_work(endowed, backing, coverage_ppb)),
            logs=signed_beacon,
            runtime=LOADED.get(WhatIf.__name__),
        )
        LOADED[WhatIf.__name__] = self.runtime

    @property
    def levers(self) -> Levers:
        return self[Levers]

    def set(self, pallet: type[Pallet[Any, Any]], kind: Any = U64, **values: int) -> Call:
        """A call of Root that writes numbers of a pallet, by the names of its storage."""
        places = self[pallet].__dict__
        items = tuple((places[name].key, codec_of(kind).encode(value)) for name, value in values.items())
        return self[System].set_storage.call(items)

    def look(self, call: Call, origin: Any = None) -> Look:
        """A look at a call of Root, or of another origin."""
        return look(self.host, self.solvency, call, origin or Root())

    def enact(self, call: Call, band: Effect | None = None) -> Look:
        """Enact a call of Root; the block that is open cannot be executed again."""
        self._replayable = False
        return enact(self.host, self.solvency, call, Root(), band)

    def outlook(self) -> Outlook:
        """Where the coin stands."""
        return self.solvency.outlook()


__all__ = ["PEOPLE", "PPB", "Levers", "WhatIfChain"]
