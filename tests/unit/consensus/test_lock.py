"""One process holds a key: a second is told who does, and a killed one leaves nothing to be swept away."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from node.consensus.lock import KeyInUse, KeyLock
from support.processes import ROOT

HOLD = """
import sys
from pathlib import Path
from node.consensus.lock import KeyLock
with KeyLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_and_told_who_holds_the_key(tmp_path: Path) -> None:
    path = tmp_path / "alice" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(KeyInUse) as refusal, KeyLock(path):
            pass
        assert str(refusal.value) == (
            f"the key is in use by process {holder.pid}, which holds {path}: two that sign with one key are "
            "slashed, so stop that one first"
        )
        assert (refusal.value.path, refusal.value.holder) == (path, holder.pid)
        holder.kill()
        holder.wait(10)
    with KeyLock(path):
        assert path.read_text() == str(os.getpid())


def test_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with KeyLock(tmp_path / "lock"):
        with pytest.raises(KeyInUse) as refusal, KeyLock(tmp_path / "lock"):
            pass
        assert refusal.value.holder == os.getpid()
    with KeyLock(tmp_path / "lock"), KeyLock(tmp_path / "other"):
        pass


def test_a_note_that_is_none(tmp_path: Path) -> None:
    with KeyLock(tmp_path / "lock"):
        (tmp_path / "lock").write_bytes(b"")
        with pytest.raises(KeyInUse) as refusal, KeyLock(tmp_path / "lock"):
            pass
        assert refusal.value.holder is None
        assert str(refusal.value).startswith("the key is in use by another process, which holds ")


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    with KeyLock(tmp_path / "alice" / "lock"):
        assert stat.S_IMODE((tmp_path / "alice" / "lock").stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "alice").stat().st_mode) == 0o700


def test_a_place_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(OSError, match="taken"), KeyLock(tmp_path / "taken" / "lock"):
        pass
