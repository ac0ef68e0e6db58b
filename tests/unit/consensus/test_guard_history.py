"""What was sent is never contradicted, whatever happens to the machine and its files."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.consensus.disk import RealDisk
from node.consensus.guard import DoubleSign, Guard
from node.consensus.history import GuardUnreadable, SigningHistory, load_guard, save_guard
from node.consensus.journal import Journal, JournalFailed, JournalForeign
from node.consensus.memory_disk import MemoryDisk
from runtime.simplex import Kind, Statement
from support.statements import GENESIS, KEY, STATEMENTS, B, convicts, digest, mark, said

FOLDER = Path("validator")


def opened(disk: MemoryDisk | RealDisk, folder: Path = FOLDER) -> SigningHistory:
    return SigningHistory(disk, folder, GENESIS, KEY)


def test_a_history_gives_back_records_and_refusals(tmp_path: Path) -> None:
    disk, folder = RealDisk(), tmp_path / "chain" / "validator"
    history = opened(disk, folder)
    assert not history.is_whole and history.records == []
    history.permit(said(Kind.Notarize, 7))
    history.append([b"one", b""])
    history.sync()
    history.close()
    history = opened(disk, folder)
    assert history.is_whole and history.records == [b"one", b""]
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


async def test_a_history_is_whole_once_somebody_vouched_durably() -> None:
    """Also where nothing was signed yet; a word that the disk lost counts as not given."""
    disk = MemoryDisk()
    opened(disk).close()
    history = opened(disk)
    assert not history.is_whole, "that it exists says nothing: the one before it may be lost"
    await history.vouch()
    disk.crash(Random(1))
    history = opened(disk)
    assert history.is_whole and history.guard.highest == ()
    await history.compact([b"kept"])
    await history.vouch()
    disk.crash(Random(1))
    history = opened(disk)
    assert history.is_whole and history.records == [b"kept"]


@settings(max_examples=200)
@given(
    steps=st.lists(
        st.one_of(STATEMENTS, st.sampled_from(["rewrite", "close", "crash", "lose"])), max_size=40
    ),
    seed=st.integers(0, 1 << 32),
)
@example(steps=[said(Kind.Notarize, 7), "lose", "rewrite", "close"], seed=0)
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
            assert history.is_whole == (step != "lose" and bool(history.guard.signed))


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
    history.close()
    assert disk.read(FOLDER / "guard.json", 1 << 20) is None
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
