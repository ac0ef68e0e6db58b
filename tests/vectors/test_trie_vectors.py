"""Roots that smoldot computed for the same entries: every way to our root must give its bytes."""

import json
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from runtime.state import MemoryStates
from runtime.trie import StateVersion, trie_root
from support.reference_trie import reference_root

BATCHES = 7


class Case(NamedTuple):
    """A set of entries and the roots that another implementation gives it."""

    entries: dict[bytes, bytes]
    roots: tuple[bytes, bytes]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


CASES = [
    Case(
        {_bytes(key): _bytes(value) for key, value in case["entries"]},
        (_bytes(case["root_v0"]), _bytes(case["root_v1"])),
    )
    for case in json.loads((Path(__file__).parent / "trie.json").read_text())["cases"]
]


@pytest.mark.parametrize("version", list(StateVersion))
@pytest.mark.parametrize("case", CASES)
def test_root_built_at_once(case: Case, version: StateVersion) -> None:
    assert trie_root(case.entries, version) == case.roots[version]


@pytest.mark.parametrize("version", list(StateVersion))
@pytest.mark.parametrize("case", CASES)
def test_root_after_shuffled_batches_with_entries_that_come_and_go(case: Case, version: StateVersion) -> None:
    random = Random(len(case.entries))
    order = list(case.entries)
    random.shuffle(order)
    passing = [key[: random.randrange(len(key) + 1)] + b"\x17" * random.randrange(3) for key in order]
    size = len(order) // BATCHES + 1
    states = MemoryStates(version=version)
    state = states.genesis({})
    for start in range(0, len(order), size):
        batch: dict[bytes, bytes | None] = dict.fromkeys(passing[start : start + size], b"\x17" * 40)
        batch |= {key: case.entries[key] for key in order[start : start + size]}
        batch |= {key: None for key in passing[: start // 2] if key not in case.entries}
        state = states.finalize(state.child(batch, {}))
    state = states.finalize(state.child({key: case.entries.get(key) for key in passing}, {}))
    assert state.root == case.roots[version]
    assert {key: state.get(key) for key in state.keys(b"")} == case.entries


@pytest.mark.parametrize("case", [case for case in CASES if len(case.entries) <= 300])
def test_the_reference_of_the_properties_agrees_too(case: Case) -> None:
    assert tuple(reference_root(case.entries, version) for version in StateVersion) == case.roots
