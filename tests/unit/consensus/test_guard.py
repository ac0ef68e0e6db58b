"""The guard signs nothing that convicts its signer, whatever happens to files and wherever the key goes."""

from __future__ import annotations

import json
import logging
from itertools import product
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.consensus import guard as guards
from node.consensus.disk import RealDisk
from node.consensus.guard import UNKNOWN, DoubleSign, Guard, Mark, highest_of, must_wait
from node.consensus.history import GuardUnreadable, SigningHistory, load_guard, save_guard
from node.consensus.interchange import InterchangeError, read_interchange, write_interchange
from node.consensus.journal import Journal, JournalFailed, JournalForeign
from node.consensus.memory_disk import MemoryDisk
from runtime.crypto.hashing import blake2b_256
from runtime.simplex import Kind, Statement, message

GENESIS, KEY = b"G" * 32, b"K" * 48
FOLDER = Path("validator")
A, B = b"a" * 32, b"b" * 32


def said(kind: Kind, view: int, block: bytes = A, epoch: int = 0) -> Statement:
    if kind == Kind.Nullify:
        return Statement(kind, epoch, view)
    return Statement(kind, epoch, view, view - 1, block)


def digest(statement: Statement) -> bytes:
    return blake2b_256(message(GENESIS, statement))


def mark(statement: Statement) -> Mark:
    return Mark(statement.kind, statement.epoch, statement.view, digest(statement))


def convicts(first: Statement, second: Statement) -> bool:
    """Whether two statements of one signer, in this order, break a rule of Simplex."""
    if (first.epoch, first.view) != (second.epoch, second.view) or first == second:
        return False
    kinds = (first.kind, second.kind)
    return kinds[0] == kinds[1] or kinds in {
        (Kind.Nullify, Kind.Notarize),
        (Kind.Nullify, Kind.Finalize),
        (Kind.Finalize, Kind.Nullify),
    }


# What may be said.


@pytest.mark.parametrize(
    ("first", "second"),
    list(product([said(Kind.Notarize, 7), said(Kind.Nullify, 7), said(Kind.Finalize, 7)], repeat=2)),
)
def test_two_statements_in_one_view(first: Statement, second: Statement) -> None:
    guard = Guard(GENESIS)
    assert guard.permit(first) == mark(first)
    if convicts(first, second):
        with pytest.raises(DoubleSign) as refusal:
            guard.permit(second)
        assert (refusal.value.asked, refusal.value.earlier) == (mark(second), mark(first))
        assert guard.highest == (mark(first),)
    else:
        assert guard.permit(second) == (None if first == second else mark(second))


@pytest.mark.parametrize("kind", [Kind.Notarize, Kind.Finalize])
def test_another_block_in_one_view(kind: Kind) -> None:
    guard = Guard(GENESIS)
    guard.permit(said(kind, 7, A))
    with pytest.raises(DoubleSign) as refusal:
        guard.permit(said(kind, 7, B))
    verb = kind.name.lower()
    assert str(refusal.value) == (
        f"refused to {verb} (0x{digest(said(kind, 7, B)).hex()}) in epoch 0, view 7: its key has signed "
        f"there to {verb} (0x{digest(said(kind, 7, A)).hex()})"
    )


def test_another_parent_is_another_statement() -> None:
    guard = Guard(GENESIS)
    guard.permit(Statement(Kind.Notarize, 0, 7, 6, A))
    with pytest.raises(DoubleSign):
        guard.permit(Statement(Kind.Notarize, 0, 7, 5, A))


def test_the_same_view_of_another_epoch_is_another_view() -> None:
    guard = Guard(GENESIS)
    guard.permit(said(Kind.Notarize, 7, A, epoch=0))
    guard.permit(said(Kind.Notarize, 7, B, epoch=1))


def test_an_earlier_view_may_be_finalized_late() -> None:
    guard = Guard(GENESIS)
    guard.permit(said(Kind.Finalize, 9))
    assert guard.permit(said(Kind.Finalize, 5)) == mark(said(Kind.Finalize, 5))


STATEMENTS = st.builds(
    said, st.sampled_from(Kind), st.integers(1, 6), st.sampled_from([A, B]), st.integers(0, 1)
)


@settings(max_examples=300)
@given(asked=st.lists(STATEMENTS, max_size=40), limit=st.integers(1, 8))
def test_nothing_that_is_signed_convicts(asked: list[Statement], limit: int) -> None:
    signed: list[Statement] = []
    guard = Guard(GENESIS)
    with pytest.MonkeyPatch.context() as small:
        small.setattr(guards, "STATEMENTS_MAX", limit)
        for statement in asked:
            try:
                guard.permit(statement)
            except DoubleSign:
                continue
            assert statement in signed or not any(convicts(earlier, statement) for earlier in signed)
            signed.append(statement)
        assert len(guard.signed) <= 3 * limit
    assert guard.highest == highest_of(map(mark, signed))


# Floors.


@pytest.mark.parametrize(
    ("floor", "kind", "view", "is_permitted"),
    [
        (Kind.Notarize, Kind.Notarize, 6, False),
        (Kind.Notarize, Kind.Notarize, 8, True),
        (Kind.Notarize, Kind.Nullify, 7, True),
        (Kind.Notarize, Kind.Finalize, 7, True),
        (Kind.Nullify, Kind.Notarize, 7, False),
        (Kind.Nullify, Kind.Notarize, 6, False),
        (Kind.Nullify, Kind.Nullify, 6, False),
        (Kind.Nullify, Kind.Finalize, 6, False),
        (Kind.Nullify, Kind.Notarize, 8, True),
        (Kind.Finalize, Kind.Notarize, 7, True),
        (Kind.Finalize, Kind.Nullify, 6, False),
        (Kind.Finalize, Kind.Finalize, 6, False),
        (Kind.Finalize, Kind.Nullify, 8, True),
    ],
)
def test_below_a_floor_anything_may_have_been_signed(
    floor: Kind, kind: Kind, view: int, is_permitted: bool
) -> None:
    guard = Guard(GENESIS)
    guard.raise_floor(mark(said(floor, 7)))
    statement = said(kind, view)
    if is_permitted:
        assert guard.permit(statement) == mark(statement)
        return
    with pytest.raises(DoubleSign) as refusal:
        guard.permit(statement)
    assert refusal.value.earlier == mark(said(floor, 7))


def test_at_a_floor_its_own_statement_may_be_said_again() -> None:
    guard = Guard(GENESIS)
    guard.raise_floor(mark(said(Kind.Notarize, 7, A)))
    assert guard.permit(said(Kind.Notarize, 7, A)) is None
    with pytest.raises(DoubleSign):
        guard.permit(said(Kind.Notarize, 7, B))


def test_a_floor_without_a_statement_refuses_all() -> None:
    guard = Guard(GENESIS)
    guard.raise_floor(Mark(Kind.Notarize, 0, 7, UNKNOWN))
    with pytest.raises(DoubleSign) as refusal:
        guard.permit(said(Kind.Notarize, 7))
    assert str(refusal.value) == (
        f"refused to notarize (0x{digest(said(Kind.Notarize, 7)).hex()}) in epoch 0, view 7: its key may "
        "have signed to notarize anything up to epoch 0, view 7"
    )


def test_a_floor_never_sinks() -> None:
    guard = Guard(GENESIS)
    guard.raise_floor(mark(said(Kind.Notarize, 7, epoch=1)))
    guard.raise_floor(mark(said(Kind.Notarize, 9, epoch=0)))
    assert guard.floors == (mark(said(Kind.Notarize, 7, epoch=1)),)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "STATEMENTS_MAX", 3)
    guard = Guard(GENESIS)
    for view in range(1, 10):
        guard.permit(said(Kind.Notarize, view))
    assert [each.view for each in guard.signed] == [7, 8, 9]
    assert guard.floors == (mark(said(Kind.Notarize, 6)),)
    assert guard.permit(said(Kind.Notarize, 6)) is None
    with pytest.raises(DoubleSign):
        guard.permit(said(Kind.Notarize, 5))


# Waiting.


@pytest.mark.parametrize(
    ("journal_is_new", "chain_is_new", "waits"),
    [(False, False, False), (False, True, False), (True, True, False), (True, False, True)],
)
def test_only_a_key_without_its_journal_on_a_running_chain_waits(
    journal_is_new: bool, chain_is_new: bool, waits: bool
) -> None:
    assert must_wait(journal_is_new=journal_is_new, chain_is_new=chain_is_new) is waits


# On the disk.


def opened(disk: MemoryDisk | RealDisk, folder: Path = FOLDER) -> SigningHistory:
    return SigningHistory(disk, folder, GENESIS, KEY)


def test_a_history_gives_back_records_and_refusals(tmp_path: Path) -> None:
    disk, folder = RealDisk(), tmp_path / "chain" / "validator"
    history = opened(disk, folder)
    assert history.is_new and history.records == []
    history.permit(said(Kind.Notarize, 7))
    history.append([b"one", b""])
    history.sync()
    history.close()
    history = opened(disk, folder)
    assert not history.is_new and history.records == [b"one", b""]
    with pytest.raises(DoubleSign):
        history.permit(said(Kind.Notarize, 7, B))
    history.permit(said(Kind.Nullify, 7))
    history.rewrite([b"kept"])
    history.close()
    history = opened(disk, folder)
    assert history.records == [b"kept"]
    assert history.guard.signed == (mark(said(Kind.Notarize, 7)), mark(said(Kind.Nullify, 7)))


async def test_a_commit_is_durable_and_so_is_a_compaction() -> None:
    disk = MemoryDisk()
    history = opened(disk)
    history.permit(said(Kind.Notarize, 7))
    await history.commit([b"one"])
    disk.crash(Random(1))
    history = opened(disk)
    assert (history.records, history.guard.highest) == ([b"one"], (mark(said(Kind.Notarize, 7)),))
    await history.compact([b"two"])
    disk.crash(Random(1))
    history = opened(disk)
    assert (history.records, history.guard.highest) == ([b"two"], (mark(said(Kind.Notarize, 7)),))


@settings(max_examples=200)
@given(
    steps=st.lists(
        st.one_of(STATEMENTS, st.sampled_from(["rewrite", "close", "crash", "lose"])), max_size=40
    ),
    seed=st.integers(0, 1 << 32),
)
def test_what_was_sent_is_never_contradicted_whatever_happens_to_the_machine(
    steps: list[Statement | str], seed: int
) -> None:
    """Losing the journal is survived as far as the guard's file reaches: to the last orderly stop."""
    disk, random = MemoryDisk(), Random(seed)
    history = opened(disk)
    sent: list[Statement] = []
    waiting: list[Statement] = []
    """Signed, and not yet known to be durable."""

    def send() -> None:
        for statement in waiting:
            assert statement in sent or not any(convicts(earlier, statement) for earlier in sent)
            sent.append(statement)
        waiting.clear()

    for step in steps:
        if isinstance(step, Statement):
            try:
                history.permit(step)
            except DoubleSign:
                continue
            history.append([])
            waiting.append(step)
            if random.random() < 0.7:
                history.sync()
                send()
        elif step == "rewrite":
            history.rewrite([])
            send()
        elif step == "crash":
            disk.crash(random)
            history = opened(disk)
            waiting[:] = [each for each in waiting if mark(each) in history.guard.signed]
            send()
        else:
            history.close()
            send()
            if step == "lose":
                disk.remove(FOLDER / "journal")
            history = opened(disk)
            assert history.is_new == (step == "lose")


def test_the_guards_file_follows_and_may_be_read_while_nothing_runs() -> None:
    disk = MemoryDisk()
    history = opened(disk)
    history.permit(said(Kind.Notarize, 7))
    history.append([])
    assert disk.read(FOLDER / "guard.json", 1 << 20) is None
    assert load_guard(disk, FOLDER, GENESIS, KEY).highest == (mark(said(Kind.Notarize, 7)),)
    history.close()
    assert json.loads(disk.read(FOLDER / "guard.json", 1 << 20) or b"") == {
        "metadata": {"interchange_format_version": "1", "genesis_hash": "0x" + GENESIS.hex()},
        "data": [
            {
                "pubkey": "0x" + KEY.hex(),
                "signed": [
                    {
                        "kind": "notarize",
                        "epoch": "0",
                        "view": "7",
                        "statement": "0x" + digest(said(Kind.Notarize, 7)).hex(),
                    }
                ],
            }
        ],
    }
    disk.remove(FOLDER / "journal")
    assert load_guard(disk, FOLDER, GENESIS, KEY).floors == (mark(said(Kind.Notarize, 7)),)


def test_an_import_holds_at_the_next_start() -> None:
    disk = MemoryDisk()
    opened(disk).close()
    guard = load_guard(disk, FOLDER, GENESIS, KEY)
    guard.raise_floor(mark(said(Kind.Notarize, 100)))
    save_guard(disk, FOLDER, guard, GENESIS, KEY)
    history = opened(disk)
    with pytest.raises(DoubleSign):
        history.permit(said(Kind.Notarize, 99))
    history.permit(said(Kind.Notarize, 101))
    history.rewrite([])
    disk.remove(FOLDER / "guard.json")
    assert opened(disk).guard.floors == (mark(said(Kind.Notarize, 100)),)


def test_what_is_closed_or_broken_says_so() -> None:
    disk = MemoryDisk()
    history = opened(disk)
    history.permit(said(Kind.Notarize, 7))
    disk.is_failing = True
    with pytest.raises(JournalFailed):
        history.close()
    with pytest.raises(JournalFailed):
        history.append([])
    disk.is_failing = False
    with pytest.raises(JournalFailed) as refusal:
        save_guard(MemoryDisk(bytes_max=10), FOLDER, Guard(GENESIS), GENESIS, KEY)
    assert refusal.value.what == "No space left on device"


def test_a_torn_end_is_left_alone_by_those_who_only_read(caplog: pytest.LogCaptureFixture) -> None:
    disk = MemoryDisk()
    history = opened(disk)
    history.permit(said(Kind.Notarize, 7))
    history.append([])
    disk.open(FOLDER / "journal").append(b"torn")
    before = disk.read(FOLDER / "journal", 1 << 20)
    with caplog.at_level(logging.WARNING):
        assert load_guard(disk, FOLDER, GENESIS, KEY).highest == (mark(said(Kind.Notarize, 7)),)
    assert (disk.read(FOLDER / "journal", 1 << 20), caplog.messages) == (before, [])


@pytest.mark.parametrize(
    ("record", "what"),
    [
        (b"\x09rest", "of a version with records of the kind 0x09"),
        (b"", "of a version with records of the kind 0x"),
        (b"\x01short", None),
    ],
)
def test_records_of_another_version(record: bytes, what: str | None) -> None:
    disk = MemoryDisk()
    Journal.open(disk, FOLDER / "journal", genesis_hash=GENESIS, public=KEY)[0].append([record])
    with pytest.raises(JournalForeign) as refusal:
        opened(disk)
    if what is None:
        assert refusal.value.what.startswith("of a version with other marks (")
    else:
        assert refusal.value.what == what


def test_a_guards_file_that_is_none() -> None:
    disk = MemoryDisk()
    disk.open(FOLDER / "guard.json").append(b"{}")
    with pytest.raises(GuardUnreadable) as refusal:
        opened(disk)
    assert str(refusal.value) == (
        f"the guard file {FOLDER / 'guard.json'} cannot be used (it is no interchange file: Object missing "
        "required field `metadata`): put back a copy, or import it again from where the key was at work last"
    )


# Files that move between machines.


@given(st.lists(STATEMENTS.map(mark), max_size=20))
def test_a_file_gives_back_the_latest_of_each_kind(marks: list[Mark]) -> None:
    assert read_interchange(write_interchange(GENESIS, KEY, marks), GENESIS, KEY) == highest_of(marks)


def interchange(**changes: object) -> bytes:
    """A file with one statement, changed."""
    signed = {"kind": "nullify", "epoch": "3", "view": "17", **changes}
    return json.dumps(
        {
            "metadata": {"interchange_format_version": "1", "genesis_hash": "0x" + GENESIS.hex()},
            "data": [
                {
                    "pubkey": "0x" + bytes(48).hex(),
                    "signed": [{"kind": "nullify", "epoch": "9", "view": "9"}],
                },
                {"pubkey": "0x" + KEY.hex().upper(), "signed": [signed]},
            ],
        }
    ).encode()


def test_a_statement_may_be_missing_and_other_keys_do_not_matter() -> None:
    (found,) = read_interchange(interchange(), GENESIS, KEY)
    assert found == Mark(Kind.Nullify, 3, 17, UNKNOWN)
    assert b"statement" not in write_interchange(GENESIS, KEY, [found])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff", "it is no interchange file: "),
        (b"[" * 100_000, "it is no interchange file: "),
        (b"[]", "it is no interchange file: Expected `object`, got `array`"),
        (interchange(view="-1"), "it is no interchange file: Expected `str` matching regex "),
        (interchange(view=17), "it is no interchange file: Expected `str`, got `int`"),
        (interchange(kind="abstain"), "it is no interchange file: Invalid enum value 'abstain'"),
        (
            interchange(epoch=str(2**64)),
            f"it has an epoch or a view of {2**64}, and the last is {2**64 - 1}",
        ),
        (
            interchange().replace(b'"1"', b'"2"'),
            "it has version '2', and this program reads version '1'",
        ),
        (
            interchange().replace(GENESIS.hex().encode(), bytes(32).hex().encode()),
            f"it is of the chain with genesis 0x{bytes(32).hex()}, and this chain's is 0x{GENESIS.hex()}",
        ),
        (
            interchange().replace(KEY.hex().upper().encode(), b"c" * 96),
            f"it says nothing of the key 0x{KEY.hex()}",
        ),
        (b" " * (16 << 20) + b"x", "it has 16777217 bytes, and at most 16777216 are read"),
    ],
)
def test_files_that_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(InterchangeError) as refusal:
        read_interchange(data, GENESIS, KEY)
    assert str(refusal.value).startswith(why)
    assert str(refusal.value) == why or why.endswith((": ", "regex ", "'abstain'", "`int`", "`array`"))
