"""Every parameter of a runtime is in its catalogue, and stands where it may at the end of each block."""

from __future__ import annotations

from typing import Any

import pytest

from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import (
    Host,
    NoError,
    NoEvent,
    Pallet,
    Parameter,
    Root,
    StorageValue,
    call,
    constant,
    hookimpl,
)
from runtime.frame.catalogue import Catalogue
from runtime.frame.invalid import InvariantBroken
from runtime.frame.parameter import OutOfBounds
from runtime.scale import I64, U8, U32, Struct
from runtime.testing import TestChain
from runtime.types import db


class Config(Struct):
    """Constants."""

    depth: U8


class Genesis(Struct):
    """Where it begins."""

    rate: U32 = 5


class Wells(Pallet[NoEvent, NoError]):
    """Has two parameters, one constant of each kind, and another value."""

    config: Config

    rate = Parameter[U32](default=5, bounds=(0, 9), track="fees", doc="How fast.")
    level = Parameter[U8](default=1, bounds=(1, 2), track="fees", safer="up", step=1, doc="How high.")
    drawn = StorageValue[U32](default=0, doc="How much.")

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        self.rate = genesis.rate

    @constant
    def width(self) -> U8:
        """How wide."""
        return 3


class Rains(Pallet[NoEvent, NoError]):
    """Has one parameter."""

    often = Parameter[U32](default=7, bounds=(0, 9), track="fees", doc="How often.")


class Reader(Pallet[NoEvent, NoError]):
    """Is given the catalogue, and says that it moved the parameters named here."""

    catalogue: Catalogue

    told = StorageValue[str](default="", doc="The one path that it tells of.")

    @call(index=0, weight=db())
    def tell(self, origin: Root, path: str) -> None:
        """Tell of a path."""
        self.told = path

    def tells_of(self, path: str, old: int, new: int) -> bool:
        return path == self.told


def chain_of(*pallets: type[Pallet[Any, Any]], **genesis: Any) -> TestChain:
    return TestChain(System, Timestamp, *pallets, config={"Wells": {"depth": 4}}, genesis=genesis)


def test_it_holds_the_parameters_of_all_pallets_in_the_order_of_their_indices() -> None:
    chain = chain_of(Reader, Wells, Rains)
    catalogue = chain[Reader].catalogue
    assert [each.path for each in catalogue] == ["Wells.Rate", "Wells.Level", "Rains.Often"]
    assert len(catalogue) == 3
    level = catalogue.find("Wells.Level")
    assert level is not None
    assert (level.kind, level.now(), level.before(), level.declared) == ("u8", 1, 1, Wells.level)
    level.move(2)
    assert (chain[Wells].level, level.now(), level.before()) == (2, 2, 1)
    with pytest.raises(OutOfBounds, match=r"^Level = 3 is outside \[1, 2\]$"):
        level.move(3)


def test_what_is_no_parameter_is_not_in_it() -> None:
    catalogue = chain_of(Wells, Reader)[Reader].catalogue
    for path in ("Wells.Drawn", "Wells.rate", "Wells", "", "Rains.Often", "Wells.Rate.", "Wells.Depth"):
        assert catalogue.find(path) is None
    assert catalogue.is_constant("Wells.Depth") and catalogue.is_constant("Wells.Width")
    for path in ("Wells.Rate", "Wells.Drawn", "Wells.depth", "Wells.", "Wells", "", "Rains.Depth"):
        assert not catalogue.is_constant(path)


def write(chain: TestChain, *, rate: int) -> None:
    key = chain[Wells].__dict__["rate"].key
    chain.dispatch(chain[System].set_storage.call(((key, rate.to_bytes(4, "little")),)), Root())


def test_without_a_history_only_bounds_are_looked_at() -> None:
    chain = chain_of(Wells)
    write(chain, rate=9)
    chain.next_block()
    write(chain, rate=10)
    with pytest.raises(InvariantBroken) as broken:
        chain.next_block()
    assert str(broken.value) == (
        "I15 is broken: every parameter is within its bounds; Wells.Rate = 10 is outside [0, 9]"
    )


def test_with_a_history_a_move_that_it_does_not_tell_breaks_the_block() -> None:
    chain = chain_of(Wells, Reader, Wells={"rate": 6})  # block zero has no parent to differ from
    chain.builder.check_end()
    write(chain, rate=7)
    chain.dispatch(chain[Reader].tell.call("Wells.Rate"), Root())
    chain.builder.check_end()
    chain.dispatch(chain[Reader].tell.call("Wells.Level"), Root())
    with pytest.raises(InvariantBroken) as broken:
        chain.builder.check_end()
    assert str(broken.value) == (
        "I15 is broken: every move of a parameter is in its history, by a referendum or a development chain's"
        " Root; Wells.Rate went from 6 to 7, and nobody who may has moved it"
    )
    write(chain, rate=6)
    chain.builder.check_end()  # it stands where it stood


class Signs(Pallet[NoEvent, NoError]):
    """A parameter that may be below zero."""

    sign = Parameter[I64](default=0, bounds=(-1, 1), track="fees", doc="Which way.")


class Wide(Pallet[NoEvent, NoError]):
    """A parameter whose type is smaller than its bounds."""

    width = Parameter[U8](default=0, bounds=(0, 256), track="fees", doc="How wide.")


@pytest.mark.parametrize(
    ("pallet", "message"),
    [
        (Signs, "parameter 'sign' is none of u8, u16, u32, u64, u128"),
        (Wide, "the bounds [0, 256] of parameter 'width' do not fit into u8"),
    ],
)
def test_a_parameter_is_a_number_that_its_type_holds(pallet: type[Pallet[Any, Any]], message: str) -> None:
    make: Any = pallet
    with pytest.raises(TypeError) as refusal:
        make(host=Host())
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"safer": "left"}, "a parameter is safer 'up', 'down' or '', not 'left'"),
        ({"step": 0}, "a parameter with a step of 0 could never move"),
    ],
)
def test_a_parameter_that_says_nonsense_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as refusal:
        Parameter[U8](default=0, bounds=(0, 1), track="fees", doc="", **wrong)
    assert str(refusal.value) == message
