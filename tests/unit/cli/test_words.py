"""Words: what people and JSON write becomes exactly the chain's values, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.load import load_spec
from node.cli.faults import Fault
from node.cli.remote import local_runtime
from node.cli.words import Words, inline
from pallets.balances.types import Transfer
from runtime.crypto.derive import dev_public
from runtime.frame.host import Call
from runtime.frame.late import RuntimeCall
from runtime.frame.origin import Root, Signed
from runtime.types.account import AccountId, Address, Balance

ALICE, BOB = dev_public("//Alice"), dev_public("//Bob")
ALICE_ADDRESS = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
BOB_ADDRESS = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
TRANSFER = "Balances.transfer_keep_alive"


@pytest.fixture(scope="module")
def words() -> Words:
    spec = load_spec("dev")
    return Words(local_runtime(spec), spec.properties)


def transfer(words: Words, value: int, dest: bytes = BOB) -> Call:
    return words.call_info(TRANSFER).call(dest=Address(dest), value=value)


@pytest.mark.parametrize(
    "dest", ["//Bob", BOB_ADDRESS, "0x" + BOB.hex(), {"Id": BOB_ADDRESS}, f'{{"Id": "0x{BOB.hex()}"}}']
)
@pytest.mark.parametrize("value", ["1500000000", "1.5CPC", "1.5 cpc", "1500000000units", 1_500_000_000])
def test_a_call_in_each_way_of_writing_it(words: Words, dest: Any, value: Any) -> None:
    assert words.call(TRANSFER, {"dest": dest, "value": value}) == transfer(words, 1_500_000_000)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**128 - 1))
def test_a_call_reads_back(words: Words, dest: bytes, value: int) -> None:
    call = transfer(words, value, dest)
    assert words.call_from(json.loads(json.dumps(words.plain_call(call)))) == call


@given(st.recursive(st.integers(0, 2**64), lambda inner: st.lists(inner, max_size=3), max_leaves=8))
def test_calls_inside_calls_read_back(words: Words, shape: Any) -> None:
    def made(shape: Any) -> Call:
        if isinstance(shape, int):
            return transfer(words, shape)
        return words.call_info("Utility.batch").call(calls=tuple(made(each) for each in shape))

    call = words.call_info("Sudo.sudo").call(call=made(shape))
    plain = words.plain_call(call)
    assert words.call_from(json.dumps(plain)) == call
    codec = words.runtime.host.codec(RuntimeCall)
    assert codec.decode(codec.encode(call)) == call


def test_origins(words: Words) -> None:
    inner = {"System.remark": {"remark": "0x01"}}
    for written, origin in (("Root", Root()), (f'{{"Signed": "{ALICE_ADDRESS}"}}', Signed(ALICE))):
        call = words.call("Utility.dispatch_as", {"as_origin": written, "call": json.dumps(inner)})
        assert call.args == (origin, words.call_from(inner))
        assert words.call_from(words.plain_call(call)) == call


def test_text_that_is_bytes_and_bytes_that_are_text(words: Words) -> None:
    assert words.call("System.remark", {"remark": "hello"}).args == (b"hello",)
    assert words.call("System.remark", {"remark": "0x0102"}).args == (b"\1\2",)


def test_an_event_has_its_pallets_name_and_addresses(words: Words) -> None:
    event = words.event(Transfer(ALICE, BOB, 5))
    assert event == {"Balances.Transfer": {"from": ALICE_ADDRESS, "to": BOB_ADDRESS, "amount": 5}}
    assert inline(event["Balances.Transfer"]) == f"from {ALICE_ADDRESS}, to {BOB_ADDRESS}, amount 5"


def test_plain_values_keep_their_types(words: Words) -> None:
    assert words.plain(AccountId, ALICE) == ALICE_ADDRESS
    assert words.plain(tuple[tuple[AccountId, Balance], ...], ((ALICE, 1),)) == [[ALICE_ADDRESS, 1]]
    assert words.plain(AccountId | None, None) is None
    assert words.plain(AccountId | None, ALICE) == ALICE_ADDRESS


@pytest.mark.parametrize(
    ("plain", "line"),
    [
        ({}, "nothing"),
        ([], "[]"),
        (None, "none"),
        (True, "yes"),
        ({"a": {"b": [1, {"c": False}]}, "d": "e"}, "a {b [1, {c no}]}, d e"),
    ],
)
def test_values_on_a_line(plain: Any, line: str) -> None:
    assert inline(plain) == line


CALLS = "transfer_allow_death, force_transfer, transfer_keep_alive, transfer_all"


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("transfer", {}, "'transfer' is not of the form Pallet.name"),
        ("Balances.", {}, "'Balances.' is not of the form Pallet.name"),
        ("Balances.give", {}, f"Balances has no call 'give'; its calls are: {CALLS}"),
        (TRANSFER, {"dest": "//Bob"}, f"{TRANSFER} needs value=...; its arguments are: dest, value"),
        (
            TRANSFER,
            {"dest": "//Bob", "value": "1", "tip": "1"},
            f"{TRANSFER} takes no argument 'tip'; its arguments are: dest, value",
        ),
        (
            TRANSFER,
            {"dest": "//Bob", "value": "1.5"},
            f"{TRANSFER}: value: '1.5' is no whole number",
        ),
        (
            TRANSFER,
            {"dest": "//Bob", "value": "5 DOT"},
            f"{TRANSFER}: value: '5 DOT' is no amount of this chain: its coin is CPC",
        ),
        (
            TRANSFER,
            {"dest": "//Bob", "value": 2**128},
            f"{TRANSFER}: value: {2**128} is outside [0, {2**128 - 1}]",
        ),
        (
            TRANSFER,
            {"dest": "0x01", "value": "1"},
            f"{TRANSFER}: dest: '0x01' has 1 bytes, and an account has 32",
        ),
        (
            "Sudo.sudo",
            {"call": "stop"},
            'Sudo.sudo: call: a call is written {"Pallet.call": {"argument": ...}}',
        ),
        (
            "Utility.batch",
            {"calls": '[{"System.remark": {}}]'},
            "Utility.batch: calls: System.remark needs remark=...; its arguments are: remark",
        ),
    ],
)
def test_what_is_no_call(words: Words, name: str, arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(Fault) as refused:
        words.call(name, arguments)
    assert str(refused.value) == why


def test_a_pallet_that_is_not_there(words: Words) -> None:
    with pytest.raises(Fault) as refused:
        words.call("Balance.transfer", {})
    there = ", ".join(words.runtime.pallets)
    assert str(refused.value) == f"the chain has no pallet 'Balance'; it has: {there}"
