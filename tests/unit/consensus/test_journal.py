"""The journal gives back what was synced, whatever the disk forgets, and notices every flipped bit."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from random import Random

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from node.consensus import journal as journals
from node.consensus.disk import RealDisk
from node.consensus.journal import (
    FRAME_BYTES_MAX,
    HEADER_BYTES,
    Journal,
    JournalCorrupted,
    JournalFailed,
    JournalForeign,
    frame_of,
    header_of,
)
from node.consensus.memory_disk import SECTOR_BYTES, MemoryDisk

GENESIS, KEY = b"G" * 32, b"K" * 48
PATH = Path("validator") / "journal"
WAIT = "move it away, and the validator starts anew, after a wait for its old votes to be past"


def opened(disk: MemoryDisk | RealDisk, path: Path = PATH) -> tuple[Journal, list[bytes] | None]:
    return Journal.open(disk, path, genesis_hash=GENESIS, public=KEY)


def holding(data: bytes) -> MemoryDisk:
    """A disk on which the journal's file has these bytes."""
    disk = MemoryDisk()
    file = disk.open(PATH)
    file.append(data)
    file.sync()
    disk.sync_folder(PATH.parent)
    return disk


def written(*appends: list[bytes]) -> bytes:
    """The bytes of a journal."""
    data = header_of(GENESIS, KEY)
    for records in appends:
        data += frame_of(len(data), records)
    return data


# What it keeps.


@pytest.mark.parametrize("kind", ["real", "memory"])
def test_records_come_back_in_order(kind: str, tmp_path: Path) -> None:
    disk, path = (RealDisk(), tmp_path / "a" / "journal") if kind == "real" else (MemoryDisk(), PATH)
    journal, records = opened(disk, path)
    assert records is None
    journal.append([b"one", b""])
    journal.append([])
    journal.append([bytes(3), b"two" * 1000])
    journal.sync()
    journal.close()
    journal, records = opened(disk, path)
    assert records == [b"one", b"", bytes(3), b"two" * 1000]
    assert journal.size_bytes == len(disk.read(path, 1 << 20) or b"")
    journal.rewrite([b"kept"])
    journal.append([b"after"])
    journal.close()
    assert opened(disk, path)[1] == [b"kept", b"after"]


def test_an_empty_journal_is_not_a_new_one() -> None:
    disk = MemoryDisk()
    opened(disk)[0].rewrite([])
    assert opened(disk)[1] == []


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        journal, _ = opened(RealDisk(), tmp_path / "keys" / "alice" / "journal")
        journal.rewrite([b"x"])
        journal.close()
    finally:
        os.umask(old)
    assert [path.name for path in (tmp_path / "keys" / "alice").iterdir()] == ["journal"]
    assert stat.S_IMODE((tmp_path / "keys" / "alice" / "journal").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys" / "alice").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_it_asks_to_be_rewritten_when_it_has_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "REWRITE_BYTES_MIN", 1000)
    journal, _ = opened(MemoryDisk())
    journal.append([bytes(890)])
    assert not journal.wants_rewrite
    journal.append([bytes(10)])
    assert journal.wants_rewrite
    journal.rewrite([bytes(900)])
    journal.append([bytes(900)])
    assert not journal.wants_rewrite
    journal.append([bytes(100)])
    assert journal.wants_rewrite


# What it forgives.


def test_a_torn_last_frame_is_cut_off_wherever_it_is_torn(caplog: pytest.LogCaptureFixture) -> None:
    whole, torn = written([b"kept"]), written([b"kept"], [b"torn", bytes(range(20))])
    for length in range(len(whole) + 1, len(torn)):
        caplog.clear()
        disk = holding(torn[:length])
        with caplog.at_level(logging.WARNING, "journal"):
            journal, records = opened(disk)
        assert records == [b"kept"]
        assert caplog.messages == [
            f"{PATH}: the last {length - len(whole)} bytes, torn by a crash, are cut off"
        ]
        journal.append([b"next"])
        assert opened(disk)[1] == [b"kept", b"next"]


def test_what_was_cut_off_does_not_come_back_under_what_follows() -> None:
    torn = written([b"kept"], [bytes(range(200))])[:-20]
    for seed in range(50):
        disk = holding(torn)
        opened(disk)[0].append([b"next"])
        disk.crash(Random(seed))
        assert opened(disk)[1] in ([b"kept"], [b"kept", b"next"])


def test_zeros_where_the_last_frames_should_be_are_cut_off() -> None:
    whole, more = written([b"kept"]), written([b"kept"], [b"a" * 40], [b"b" * 40])
    for length in range(len(whole), len(more)):
        assert opened(holding(more[:length] + bytes(len(more) - length + 600)))[1] in (
            [b"kept"],
            [b"kept", b"a" * 40],
        )


def test_a_file_left_by_an_interrupted_rewrite_is_swept_away(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    opened(RealDisk(), path)[0].close()
    (tmp_path / "journal.new").write_bytes(b"half")
    opened(RealDisk(), path)[0].close()
    assert [each.name for each in tmp_path.iterdir()] == ["journal"]


# What it refuses.


def test_every_flipped_bit_is_noticed() -> None:
    data = written([b"one", b"two"], [b"three"], [bytes(3)])
    starts = [0, HEADER_BYTES, len(written([b"one", b"two"])), len(written([b"one", b"two"], [b"three"]))]
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(JournalCorrupted) as refusal:
            opened(holding(bytes(flipped)))
        assert refusal.value.offset == max(start for start in starts if start <= bit // 8)


@settings(max_examples=200)
@given(
    appends=st.lists(st.lists(st.binary(max_size=600), max_size=3), min_size=1, max_size=6),
    place=st.integers(0, 1 << 40),
)
def test_a_flipped_bit_is_noticed_in_any_journal(appends: list[list[bytes]], place: int) -> None:
    data = bytearray(written(*appends))
    place %= 8 * len(data)
    data[place // 8] ^= 1 << place % 8
    with pytest.raises(JournalCorrupted):
        opened(holding(bytes(data)))


def test_damage_in_the_middle_of_a_torn_journal_is_no_torn_end() -> None:
    data = bytearray(written([b"one"], [b"two"]) + bytes(SECTOR_BYTES))
    data[HEADER_BYTES + 10] ^= 1
    with pytest.raises(JournalCorrupted) as refusal:
        opened(holding(bytes(data)))
    assert str(refusal.value) == (
        f"the journal {PATH} is damaged at byte {HEADER_BYTES} (a checksum does not fit): votes may be "
        f"forgotten, so nothing is signed; {WAIT}"
    )


@settings(max_examples=200)
@given(st.binary(max_size=2_000))
def test_whatever_follows_the_header_is_read_or_refused(rest: bytes) -> None:
    try:
        _, records = opened(holding(written([b"kept"]) + rest))
    except JournalCorrupted as refusal:
        assert refusal.offset >= len(written([b"kept"]))
        return
    assert records is not None
    assert records[0] == b"kept"


def test_frames_in_another_order_are_damage() -> None:
    start = len(header_of(GENESIS, KEY))
    one, two = frame_of(start, [b"one"]), frame_of(start + len(frame_of(start, [b"one"])), [b"two"])
    with pytest.raises(JournalCorrupted):
        opened(holding(header_of(GENESIS, KEY) + two + one))


@pytest.mark.parametrize("length", [0, 1, HEADER_BYTES - 1])
def test_half_a_header_is_damage(length: int) -> None:
    with pytest.raises(JournalCorrupted) as refusal:
        opened(holding(header_of(GENESIS, KEY)[:length]))
    assert (refusal.value.offset, refusal.value.what) == (0, "its header does not fit its checksum")


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (header_of(b"H" * 32, KEY), f"of the chain with genesis 0x{(b'H' * 32).hex()}"),
        (header_of(GENESIS, b"L" * 48), f"of the key 0x{(b'L' * 48).hex()}"),
    ],
)
def test_a_journal_of_something_else(header: bytes, what: str) -> None:
    with pytest.raises(JournalForeign) as refusal:
        opened(holding(header))
    assert str(refusal.value) == f"the journal {PATH} is {what}: start with its own, or with none"


def test_a_journal_of_another_format(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as future:
        future.setattr(journals, "FORMAT", 2)
        disk = holding(written([b"x"]))
    with pytest.raises(JournalForeign) as refusal:
        opened(disk)
    assert refusal.value.what == r"of format b'BLSTJNL\x02', and this version reads 1"


def test_more_than_fits_a_frame() -> None:
    with pytest.raises(
        ValueError, match=f"^one append takes {FRAME_BYTES_MAX} bytes, not {FRAME_BYTES_MAX + 4}$"
    ):
        opened(MemoryDisk())[0].append([bytes(FRAME_BYTES_MAX)])


# When the disk fails.


def test_after_a_failed_sync_nothing_more_is_done() -> None:
    disk = MemoryDisk()
    journal, _ = opened(disk)
    journal.append([b"said"])
    disk.is_failing = True
    for _ in range(2):  # a second sync may succeed without writing what the first did not: it is not tried
        with pytest.raises(JournalFailed) as refusal:
            journal.sync()
        disk.is_failing = False
        assert str(refusal.value) == (
            f"the journal {PATH} cannot be kept (Input/output error): the validator stops, since it may say "
            "only what it remembers"
        )
    for refused in (lambda: journal.append([b"x"]), lambda: journal.rewrite([])):
        with pytest.raises(JournalFailed):
            refused()


def test_a_full_disk_leaves_what_was_there() -> None:
    disk = MemoryDisk(bytes_max=300)
    journal, _ = opened(disk)
    journal.append([b"kept"])
    journal.sync()
    with pytest.raises(JournalFailed) as refusal:
        journal.append([bytes(300)])
    assert refusal.value.what == "No space left on device"
    assert opened(disk)[1] == [b"kept"]
    with pytest.raises(JournalFailed):
        opened(disk)[0].rewrite([bytes(250)])
    assert opened(disk)[1] == [b"kept"]


def test_a_journal_that_would_be_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "JOURNAL_BYTES_MAX", 200)
    for grow in (lambda journal: journal.append([bytes(200)]), lambda journal: journal.rewrite([bytes(200)])):
        journal, _ = opened(MemoryDisk())
        with pytest.raises(JournalFailed) as refusal:
            grow(journal)
        assert refusal.value.what == "it would be longer than 536870912 bytes"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(JournalFailed) as refusal:
        opened(RealDisk(), tmp_path / "taken" / "journal")
    assert refusal.value.what == "Not a directory"


async def test_a_disk_runs_blocking_work_aside(tmp_path: Path) -> None:
    for disk, path in ((RealDisk(), tmp_path / "journal"), (MemoryDisk(), PATH)):
        journal, _ = opened(disk, path)
        journal.append([b"said"])
        with trio.fail_after(10):
            await disk.run(journal.sync)
        journal.close()
        assert opened(disk, path)[1] == [b"said"]


# Whatever is done, in whatever order, wherever the power goes.


class PowerCut(Exception):
    """The machine stopped in the middle."""


class FailingDisk(MemoryDisk):
    """Stops the machine before a step of its choice."""

    def __init__(self) -> None:
        super().__init__()
        self.steps_left: int | None = None

    def _step(self) -> None:
        if self.steps_left is not None:
            if self.steps_left == 0:
                raise PowerCut
            self.steps_left -= 1

    def room(self, wanted: int) -> int:
        self._step()
        return super().room(wanted)

    def check_sync(self) -> None:
        self._step()
        super().check_sync()

    def rename(self, old: Path, new: Path, /) -> None:
        self._step()
        super().rename(old, new)

    def remove(self, path: Path, /) -> None:
        self._step()
        super().remove(path)


RECORDS = st.lists(st.binary(max_size=700), max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), RECORDS),
        st.tuples(st.just("sync"), st.none()),
        st.tuples(st.just("rewrite"), RECORDS),
        st.tuples(st.just("cut"), st.integers(0, 8)),
    ),
    max_size=25,
)


@settings(max_examples=400)
@given(birth=st.none() | st.integers(0, 8), steps=STEPS, seed=st.integers(0, 1 << 32))
def test_what_was_synced_is_never_lost_and_nothing_else_appears(
    birth: int | None, steps: list[tuple[str, list[bytes] | int | None]], seed: int
) -> None:
    random, disk = Random(seed), FailingDisk()
    disk.steps_left = birth
    try:
        journal, found = opened(disk)
        assert found is None
    except PowerCut:
        disk.steps_left = None
        disk.crash(random)
        journal, found = opened(disk)
        assert not found
    possible: list[list[bytes]] = [[]]
    """What may come back: after the synced records, one more append each; or all of a rewrite."""
    for step, value in [*steps, ("cut", 0), ("sync", None)]:
        try:
            if step == "append" and isinstance(value, list):
                possible.append(possible[-1] + value)
                journal.append(value)
            elif step == "sync":
                journal.sync()
                possible = [possible[-1]]
            elif step == "rewrite" and isinstance(value, list):
                possible.append(value)
                journal.rewrite(value)
                possible = [value]
            elif isinstance(value, int):
                disk.steps_left = value
        except PowerCut:
            disk.steps_left = None
            disk.crash(random)
            journal, found = opened(disk)
            assert found is not None and found in possible
            possible = [found]
    assert len(possible) == 1  # the last step cut the power
