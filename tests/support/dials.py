"""A chain with the registry of parameters: a shop whose dials are turned, and an officer who carries out
referenda as `Referenda` does.
"""

from __future__ import annotations

from typing import Any, Final

from governance.origins import Origins
from governance.parameters import Parameters
from pallets.sudo import Sudo
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import (
    Call,
    NoError,
    NoEvent,
    Origin,
    Pallet,
    Parameter,
    Root,
    RuntimeCall,
    RuntimeOrigin,
    Signed,
    StorageValue,
    call,
    constant,
    hookimpl,
)
from runtime.frame.bound import storage_prefix
from runtime.frame.governance import ParameterBook, PollIndex
from runtime.scale import U8, U32, U64, Struct
from runtime.testing import TestChain
from runtime.types import db

ALICE: Final = bytes([1]) * 32
BLOCKS_PER_HOUR: Final = 1
WINDOW: Final = 14 * 24 * BLOCKS_PER_HOUR


class ShopConfig(Struct):
    """Constants of the shop."""

    shelves: U32


class ShopGenesis(Struct):
    """Where the shop begins."""

    fee: U64 = 50


class Shop(Pallet[NoEvent, NoError]):
    """Has dials of every kind."""

    config: ShopConfig

    fee = Parameter[U64](
        default=50, bounds=(10, 90), track="fees", safer="up", step=5, doc="What it costs to enter."
    )
    patience = Parameter[U8](default=7, bounds=(0, 9), track="fees", safer="down", doc="How long one waits.")
    colour = Parameter[U32](default=3, bounds=(0, 9), track="fees", doc="Of the sign.")
    keeper = Parameter[U32](default=1, bounds=(0, 9), track="board", safer="up", doc="Who keeps it.")
    sold = StorageValue[U32](default=0, doc="How much was sold.")

    @hookimpl
    def build_genesis(self, genesis: ShopGenesis) -> None:
        self.fee = genesis.fee

    @constant
    def doors(self) -> U8:
        """How many doors there are."""
        return 2

    @call(index=0, weight=db(writes=1))
    def paint(self, origin: Root, colour: U32) -> None:
        """Turn a dial as its pallet can."""
        self.colour = colour


class Officer(Pallet[NoEvent, NoError]):
    """Carries out referenda, as `Referenda` does."""

    books: tuple[ParameterBook, ...]

    @call(index=0, weight=db())
    def enact(self, origin: Signed, index: PollIndex, authority: RuntimeOrigin, what: RuntimeCall) -> None:
        """Make a call for a referendum on the authority of its track. Raises what refuses it."""
        for book in self.books:
            book.begin_change(index)
        self.host.dispatch(what, authority)
        for book in self.books:
            book.begin_change(None)

    @call(index=1, weight=db(writes=1))
    def write(self, origin: Root, item: tuple[bytes, bytes]) -> None:
        """Write bytes past everything, as a pallet with a fault could."""
        self.host.overlay.put_raw(*item)


class DialChain(TestChain):
    """The shop, its registry and the officer; for development with a key, and else without."""

    __test__ = False

    def __init__(self, *more: type[Pallet[Any, Any]], key: bool = False, fee: int = 50) -> None:
        super().__init__(
            System,
            Timestamp,
            *((Sudo,) if key else ()),
            Origins,
            Shop,
            Officer,
            Parameters,
            *more,
            config={"Shop": {"shelves": 4}, "Parameters": {"blocks_per_hour": BLOCKS_PER_HOUR}},
            genesis={"Shop": {"fee": fee}, **({"Sudo": {"key": ALICE}} if key else {})},
        )

    @property
    def parameters(self) -> Parameters:
        return self[Parameters]

    @property
    def shop(self) -> Shop:
        return self[Shop]

    def enacting(self, what: Call, authority: Origin, index: int = 7) -> Call:
        """The enactment of a referendum that makes a call."""
        return self[Officer].enact.call(index, authority, what)

    def move(self, authority: Origin, path: str, value: int, index: int = 7) -> None:
        """Enact a referendum that moves a parameter; raises what refuses it."""
        self.by_all(self.parameters.set_parameter.call(path, value), authority, index)

    def by_all(self, what: Call, authority: Origin, index: int = 7) -> None:
        """Enact a referendum that makes a call; raises what refuses it."""
        self.dispatch(self.enacting(what, authority, index), Signed(ALICE))

    def write(self, path: str, value: int) -> Call:
        """A call of Root that writes a parameter's bytes."""
        placed = self.parameters.catalogue.find(path)
        assert placed is not None
        size = int(placed.kind.removeprefix("u")) // 8
        item = (storage_prefix(*path.split(".")), value.to_bytes(size, "little"))
        return self[Officer].write.call(item)
