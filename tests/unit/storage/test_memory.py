"""The database in memory keeps what was synced, forgets the end of what was not, and can be full."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.storage import Column, StorageFull, StorageUnusable
from node.storage.memory import MemoryDatabase

META = Column.META
KEYS = st.binary(max_size=3)


def put(database: MemoryDatabase, *items: tuple[bytes, bytes | None], sync: bool = False) -> None:
    batch = database.batch()
    for key, value in items:
        if value is None:
            batch.delete(key, database.handle(META))
        else:
            batch.put(key, value, database.handle(META))
    database.write(batch, sync=sync)


@given(st.dictionaries(KEYS, KEYS), KEYS, st.none() | KEYS)
def test_keys_come_in_order_from_where_they_are_asked_for(
    held: dict[bytes, bytes], prefix: bytes, after: bytes | None
) -> None:
    database = MemoryDatabase()
    put(database, *held.items())
    found = list(database.keys(META, prefix, after))
    assert found == sorted(key for key in held if key.startswith(prefix) and (after is None or key > after))
    assert list(database.keys(Column.STATE)) == []


def test_keys_are_those_of_the_moment_of_the_call() -> None:
    database = MemoryDatabase()
    put(database, (b"a", b"1"), (b"b", b"2"))
    keys = database.keys(META)
    put(database, (b"a", None), (b"c", b"3"))
    assert list(keys) == [b"a", b"b"]


@given(
    st.lists(st.tuples(st.lists(st.tuples(KEYS, st.none() | KEYS), max_size=4), st.booleans()), max_size=12),
    st.randoms(use_true_random=False),
)
def test_a_crash_leaves_the_synced_batches_and_some_of_the_others_the_first_ones(
    batches: list[tuple[list[tuple[bytes, bytes | None]], bool]], random: Random
) -> None:
    database = MemoryDatabase()
    model: dict[bytes, bytes] = {}
    states = [dict(model)]
    for items, sync in batches:
        put(database, *items, sync=sync)
        for key, value in items:
            model.pop(key, None)
            if value is not None:
                model[key] = value
        if sync:
            states.clear()
        states.append(dict(model))
    assert dict(database.rows(META)) == states[-1]
    found = dict(database.crash(random).rows(META))
    assert found in states


def test_a_crash_may_lose_none_or_all_of_what_was_not_synced() -> None:
    lost: dict[int, None] = {}
    for seed in range(20):
        database = MemoryDatabase()
        put(database, (b"0", b""), sync=True)
        put(database, (b"1", b""))
        put(database, (b"2", b""))
        lost[3 - len(database.crash(Random(seed)).rows(META))] = None
    assert sorted(lost) == [0, 1, 2]


def test_a_new_process_finds_everything_and_the_old_one_can_do_no_more() -> None:
    database = MemoryDatabase()
    put(database, (b"a", b"1"))
    found = database.reopen()
    assert found.get(META, b"a") == b"1"
    for act in (
        lambda: database.get(META, b"a"),
        lambda: database.keys(META),
        lambda: put(database),
        database.flush,
    ):
        with pytest.raises(StorageUnusable, match=r"^the database at memory cannot be used: it is closed$"):
            act()


def test_what_was_not_synced_before_a_new_process_can_still_be_lost() -> None:
    held: dict[int, None] = {}
    for seed in range(20):
        database = MemoryDatabase()
        put(database, (b"a", b"1"))
        held[len(database.reopen().crash(Random(seed)).rows(META))] = None
    assert sorted(held) == [0, 1]


def test_it_is_full_after_as_many_writes_as_it_is_told() -> None:
    database = MemoryDatabase()
    database.writes_left = 1
    put(database, (b"a", b"1"))
    with pytest.raises(
        StorageFull,
        match=r"^the disk is full at memory \(it was told to be\): free some space and start again$",
    ):
        put(database, (b"a", b"2"), (b"b", b"2"))
    assert dict(database.rows(META)) == {b"a": b"1"}
    assert database.refused == 1
    database.writes_left = None
    put(database, (b"b", b"2"))
    assert dict(database.rows(META)) == {b"a": b"1", b"b": b"2"}
