"""What a key signed moves between machines, of the latest of each kind; files that are none are refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.consensus.guard import UNKNOWN, Mark, highest_of
from node.consensus.interchange import InterchangeError, read_interchange, write_interchange
from runtime.simplex import Kind
from support.statements import GENESIS, KEY, STATEMENTS, mark


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
