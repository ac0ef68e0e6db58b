"""Storage, declared: Substrate's keys, both query kinds, every hasher, walks over what is not committed."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.crypto.hashing import blake2b_128, twox_64, twox_128
from runtime.frame import (
    Host,
    Identity,
    NoError,
    NoEvent,
    Pallet,
    Parameter,
    Seat,
    StorageDoubleMap,
    StorageMap,
    StorageNMap,
    StorageOption,
    StorageValue,
    Twox64Concat,
)
from runtime.frame.bound import Change, NotStored
from runtime.frame.parameter import OutOfBounds
from runtime.scale import U8, U16, U32, DecodeError, EncodeError, Struct
from runtime.state import MemoryStates
from runtime.state.overlay import MutableValue, Overlay
from runtime.types import AccountId

ALICE, BOB = bytes([1]) * 32, bytes([2]) * 32


class Item(Struct):
    """A stored record."""

    owner: AccountId
    number: U32


def _number(item: Item) -> int:
    return item.number


class Shelf(Pallet[NoEvent, NoError]):
    """One of each kind of storage."""

    total = StorageValue[U32](default=7)
    best = StorageOption[AccountId]()
    items = StorageMap[U32, Item](hasher=Twox64Concat, measure=_number)
    counts = StorageMap[AccountId, U32](default=0)
    raw = StorageMap[U16, bytes](default=b"", hasher=Identity)
    pairs = StorageDoubleMap[U8, AccountId, U32](default=0, hashers=(Twox64Concat, Identity))
    triples = StorageNMap[tuple[U8, U8, AccountId], U32](hashers=(Identity, Twox64Concat, Identity))
    fee_ppm = Parameter[U32](default=5_000, bounds=(0, 50_000), track="fees", doc="A fee.")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(host=Host())


def test_keys_are_substrates(shelf: Shelf) -> None:
    pallet = twox_128(b"Shelf")
    assert shelf.__dict__["total"].key == pallet + twox_128(b"Total")
    assert shelf.__dict__["fee_ppm"].key == pallet + twox_128(b"FeePpm")
    seven = (7).to_bytes(4, "little")
    assert shelf.items.key_of(7) == pallet + twox_128(b"Items") + twox_64(seven) + seven
    assert shelf.counts.key_of(ALICE) == pallet + twox_128(b"Counts") + blake2b_128(ALICE) + ALICE
    assert shelf.raw.key_of(258) == pallet + twox_128(b"Raw") + b"\2\1"
    assert shelf.pairs.key_of((3, ALICE)) == pallet + twox_128(b"Pairs") + twox_64(b"\3") + b"\3" + ALICE
    expected = pallet + twox_128(b"Triples") + b"\1" + twox_64(b"\2") + b"\2" + ALICE
    assert shelf.triples.key_of((1, 2, ALICE)) == expected


def test_the_account_map_of_system_has_its_well_known_prefix() -> None:
    """`System.Account`'s prefix, as every Substrate explorer knows it."""
    well_known = "26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9"
    assert (twox_128(b"System") + twox_128(b"Account")).hex() == well_known


def test_a_value_reads_as_its_default_until_it_is_written_and_after_it_is_removed(shelf: Shelf) -> None:
    assert shelf.total == 7
    shelf.total += 1
    assert shelf.total == 8
    del shelf.total
    assert shelf.total == 7


def test_an_option_is_removed_by_none(shelf: Shelf) -> None:
    key = shelf.__dict__["best"].key
    shelf.best = ALICE
    assert shelf.best == ALICE
    shelf.best = None
    assert shelf.host.overlay.changes() == {key: None}
    shelf.best = BOB
    del shelf.best
    assert shelf.best is None


def test_a_map_without_a_default_says_what_it_lacks(shelf: Shelf) -> None:
    assert 1 not in shelf.items
    assert shelf.items.get(1) is None
    for lookup in (lambda: shelf.items[1], lambda: shelf.items.pop(1), lambda: shelf.items.__delitem__(1)):
        with pytest.raises(NotStored) as missing:
            lookup()
        assert str(missing.value) == "Shelf.Items holds nothing under 1"
    shelf.items.discard(1)
    shelf.items[1] = Item(ALICE, 5)
    assert (1 in shelf.items, shelf.items[1], shelf.items.get(1)) == (True, Item(ALICE, 5), Item(ALICE, 5))
    assert shelf.items.pop(1) == Item(ALICE, 5)
    assert 1 not in shelf.items


def test_a_map_with_a_default_never_misses_and_still_knows_what_it_holds(shelf: Shelf) -> None:
    assert (shelf.counts[ALICE], ALICE in shelf.counts, shelf.counts.get(ALICE)) == (0, False, None)
    shelf.counts[ALICE] += 3
    shelf.counts[BOB] = 0
    assert (shelf.counts[ALICE], BOB in shelf.counts, shelf.counts.get(BOB)) == (3, True, 0)
    del shelf.counts[BOB]
    with pytest.raises(NotStored):
        del shelf.counts[BOB]


def test_a_map_with_a_measure_says_by_how_much_its_sum_has_grown(shelf: Shelf) -> None:
    shelf.items[1], shelf.items[2] = Item(ALICE, 5), Item(BOB, 7)
    below = shelf.host.overlay.commit()
    shelf.host.overlay = Overlay(below)
    assert shelf.items.grown() == 0
    shelf.items[1] = Item(BOB, 9)
    del shelf.items[2]
    shelf.items[3] = Item(ALICE, 100)
    assert shelf.items.grown() == 9 - 5 - 7 + 100
    assert shelf.attempt(lambda: shelf.items.discard(3)) is None
    assert shelf.items.grown() == 9 - 5 - 7


def test_a_map_without_a_measure_has_no_sum(shelf: Shelf) -> None:
    with pytest.raises(TypeError, match=r"^Shelf\.Counts is declared without a measure$"):
        shelf.counts.grown()


def test_walks_go_by_storage_key_and_see_what_is_not_committed(shelf: Shelf) -> None:
    for number in (5, 1, 300):
        shelf.raw[number] = b"old"
    states = MemoryStates()
    states.genesis(shelf.host.overlay.changes())
    shelf.host.overlay = Overlay(states.head)
    shelf.raw[2] = b"new"
    del shelf.raw[5]
    assert list(shelf.raw) == [1, 2, 300]  # little-endian: 300 is 2c 01
    assert list(shelf.raw.keys(after=1)) == [2, 300]
    assert list(shelf.raw.items()) == [(1, b"old"), (2, b"new"), (300, b"old")]
    assert list(shelf.raw.values()) == [b"old", b"new", b"old"]
    assert list(shelf.raw.changes()) == [Change(2, None, b"new"), Change(5, b"old", None)]
    assert shelf.raw.clear(limit=2) == 2
    assert list(shelf.raw) == [300]


def test_maps_of_several_keys_are_walked_and_cleared_under_their_first(shelf: Shelf) -> None:
    for kind, who, count in ((1, ALICE, 10), (1, BOB, 11), (2, ALICE, 20)):
        shelf.pairs[kind, who] = count
    assert dict(shelf.pairs.under(1)) == {(1, ALICE): 10, (1, BOB): 11}
    assert shelf.pairs.clear_under(1, limit=1) == 1
    assert shelf.pairs.clear_under(1, limit=5) == 1
    assert dict(shelf.pairs.items()) == {(2, ALICE): 20}
    shelf.triples[1, 2, ALICE] = 1
    shelf.triples[1, 3, ALICE] = 2
    shelf.triples[4, 2, BOB] = 3
    assert dict(shelf.triples.under(1)) == {(1, 2, ALICE): 1, (1, 3, ALICE): 2}
    assert dict(shelf.triples.under(1, 3)) == {(1, 3, ALICE): 2}
    assert sorted(shelf.triples.keys()) == [(1, 2, ALICE), (1, 3, ALICE), (4, 2, BOB)]


def test_a_key_that_does_not_fit_its_type_is_refused(shelf: Shelf) -> None:
    with pytest.raises(EncodeError):
        shelf.items[1 << 32] = Item(ALICE, 1)
    with pytest.raises(EncodeError):
        _ = shelf.counts[b"short"]


def test_mutable_values_are_refused(shelf: Shelf) -> None:
    with pytest.raises(MutableValue) as refusal:
        shelf.raw[1] = bytearray(b"x")  # type: ignore[assignment]
    assert str(refusal.value) == (
        "a stored value must be frozen, and bytearray is not: write a tuple or a record"
    )


def test_corrupted_storage_is_no_default(shelf: Shelf) -> None:
    shelf.host.overlay.put_raw(shelf.__dict__["total"].key, b"\1")
    with pytest.raises(DecodeError):
        _ = shelf.total


def test_a_parameter_stays_within_its_bounds(shelf: Shelf) -> None:
    assert shelf.fee_ppm == 5_000
    shelf.fee_ppm = 50_000
    with pytest.raises(OutOfBounds) as refusal:
        shelf.fee_ppm = 50_001
    assert str(refusal.value) == "FeePpm = 50001 is outside [0, 50000]"
    assert (refusal.value.name, refusal.value.value, refusal.value.bounds) == ("FeePpm", 50_001, (0, 50_000))
    assert shelf.fee_ppm == 50_000
    assert Shelf.fee_ppm.track == "fees"
    with pytest.raises(TypeError, match=r"^a parameter's default 9 is outside its bounds \[0, 5\]$"):
        Parameter[U32](default=9, bounds=(0, 5), track="fees", doc="")


def test_two_instances_of_one_pallet_share_nothing() -> None:
    host = Host()
    gold, pegs = Shelf(host=host, seat=Seat(1, "Gold")), Shelf(host=host, seat=Seat(2, "Pegs"))
    gold.total = 100
    assert (gold.total, pegs.total) == (100, 7)
    assert gold.account_id == b"modlgold" + bytes(24)


def test_storage_that_is_not_whole_is_refused_by_name() -> None:
    class Untyped(Pallet[NoEvent, NoError]):
        """Forgets the type."""

        total = StorageValue(default=0)

    with pytest.raises(TypeError) as refusal:
        Untyped(host=Host())
    assert str(refusal.value) == "storage 'total' names no types: write StorageValue[...](...)"

    class Nothing(Pallet[NoEvent, NoError]):
        """Stores None."""

        maybe = StorageValue[U32 | None](default=None)

    with pytest.raises(TypeError) as refusal:
        Nothing(host=Host())
    assert str(refusal.value) == (
        "storage 'maybe' may hold None, which is absence: write StorageOption, or a map without a default"
    )


@pytest.mark.parametrize("default", [256, -1, None, [], "7"])
def test_a_default_that_does_not_fit_its_type_is_refused(default: Any) -> None:
    class Wrong(Pallet[NoEvent, NoError]):
        """Begins with what it cannot hold."""

        total = StorageValue[U8](default=default)

    with pytest.raises(TypeError, match=r"^the default of storage 'total' does not fit: u8: "):
        Wrong(host=Host())


def test_declarations_say_what_they_are() -> None:
    assert [(item.name, item.is_optional) for item in Shelf.storage.values()] == [
        ("Total", False),
        ("Best", True),
        ("Items", True),
        ("Counts", False),
        ("Raw", False),
        ("Pairs", False),
        ("Triples", True),
        ("FeePpm", False),
    ]
    assert Shelf.triples.key_types == (U8, U8, AccountId)
    assert [hasher.name for hasher in Shelf.triples.hashers] == ["Identity", "Twox64Concat", "Identity"]
