"""`ballast state root` on roots that another implementation computed, and on what is no list of entries."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.cli.state import read_entries, root_of
from runtime.trie import StateVersion, trie_root
from support.cli import ballast, refusal

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "trie.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]


@pytest.mark.parametrize("version", [0, 1])
def test_every_published_root(version: int) -> None:
    for case in CASES:
        entries = read_entries(json.dumps(case["entries"]))
        assert "0x" + root_of(entries, StateVersion(version)).hex() == case[f"root_v{version}"]


@settings(max_examples=50)
@given(st.dictionaries(st.binary(max_size=6), st.binary(max_size=40), max_size=40))
def test_the_detours_do_not_show(entries: dict[bytes, bytes]) -> None:
    for version in StateVersion:
        assert root_of(entries, version) == trie_root(entries, version)


@pytest.mark.parametrize("version", ["0", "1"])
def test_a_file(tmp_path: Path, version: str) -> None:
    file = tmp_path / "entries.json"
    case = max(CASES[:50], key=lambda each: len(each["entries"]))
    file.write_text(json.dumps(case["entries"]))
    assert ballast("state", "root", "--version", version, str(file)).out == case[f"root_v{version}"] + "\n"
    said = ballast("state", "root", "--version", version, str(file), "--json").json
    assert said == {
        "root": case[f"root_v{version}"],
        "version": int(version),
        "entries": len(case["entries"]),
    }


def test_standard_input() -> None:
    empty = "0x03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314\n"
    assert ballast("state", "root", "-", stdin="[]").out == empty


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("", "no JSON, line 1, column 1: Expecting value"),
        ('[["0x01",\n"0x02" 3]]', "no JSON, line 2, column 8: Expecting ',' delimiter"),
        ("{}", "the document is no list: a list of [key, value] is expected"),
        ("[" * 100_000, "the document nests too deep: a list of [key, value] is expected"),
        ('[["0x01", "0x02"], ["0x03"]]', "entry 1 is no [key, value]"),
        ('[["0x0g", "0x02"]]', "the key of entry 0 is no hex"),
        ('[["0x1", "0x02"]]', "the key of entry 0 is no hex"),
        ('[["0x01", 2]]', "the value of entry 0 is no hex"),
        ('[["0x01", "0x02"], ["01", "0x03"]]', "entry 1 has the key 0x01, as an entry before it has"),
    ],
)
def test_what_is_no_list_of_entries(document: str, why: str) -> None:
    assert refusal("state", "root", "-", stdin=document, status=2) == why


def test_no_such_file() -> None:
    assert (
        refusal("state", "root", "nowhere.json", status=2)
        == "nowhere.json cannot be read: No such file or directory"
    )


def test_no_such_version() -> None:
    assert refusal("state", "root", "--version", "2", "-", status=2).startswith(
        'Invalid value "2" for --version.'
    )
