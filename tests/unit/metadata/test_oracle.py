"""Another implementation, told by metadata alone, agrees on calls, events, storage and constants."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.crypto import ss58
from runtime.frame import Call, RuntimeCall
from runtime.scale import codec_of
from runtime.testing import TestChain
from runtime.types import Address
from runtime.types.account import AccountInfo
from support.chains import ALICE, BOB, EXISTENTIAL_DEPOSIT, TREASURY, chain_of
from support.oracle import Oracle

CHAIN = chain_of()
SIX = (
    "CheckSpecVersion",
    "CheckTxVersion",
    "CheckGenesis",
    "CheckMortality",
    "CheckNonce",
    "ChargeTransactionPayment",
)


def oracle_of(chain: TestChain) -> Oracle:
    metadata = chain.runtime.metadata.encode(14)
    assert metadata is not None
    return Oracle(metadata)


ORACLE = oracle_of(CHAIN)


def text(account: bytes) -> str:
    return ss58.encode(account, 42)


def encoded(call: Call) -> bytes:
    return CHAIN.host.codec(RuntimeCall).encode(call)


@settings(max_examples=40)
@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**128 - 1))
def test_it_writes_the_bytes_of_our_transfer_and_reads_ours(dest: bytes, value: int) -> None:
    ours = encoded(CHAIN[Balances].transfer_keep_alive.call(Address(dest), value))
    arguments = {"dest": text(dest), "value": value}
    assert ORACLE.encode_call("Balances", "transfer_keep_alive", arguments) == ours
    read = ORACLE.decode("Call", ours)
    assert (read["call_module"], read["call_function"]) == ("Balances", "transfer_keep_alive")
    assert {each["name"]: each["value"] for each in read["call_args"]} == arguments


def other_calls() -> list[tuple[Call, str, str, dict[str, Any]]]:
    balances, system, timestamp = CHAIN[Balances], CHAIN[System], CHAIN[Timestamp]
    a, b = Address(ALICE), Address(BOB)
    return [
        (system.remark.call(b"hello"), "System", "remark", {"remark": "hello"}),
        (timestamp.set.call(1_700_000_000_000), "Timestamp", "set", {"now": 1_700_000_000_000}),
        (
            balances.force_transfer.call(a, b, 7),
            "Balances",
            "force_transfer",
            {"source": text(ALICE), "dest": text(BOB), "value": 7},
        ),
        (
            balances.transfer_all.call(b, True),
            "Balances",
            "transfer_all",
            {"dest": text(BOB), "keep_alive": True},
        ),
    ]


@pytest.mark.parametrize(
    ("call", "module", "function", "arguments"), other_calls(), ids=lambda value: str(value)[:24]
)
def test_it_writes_the_bytes_of_our_other_calls(
    call: Call, module: str, function: str, arguments: dict[str, Any]
) -> None:
    assert ORACLE.encode_call(module, function, arguments) == encoded(call)


def test_it_reads_the_events_of_a_block_with_a_failure() -> None:
    chain = chain_of()
    transfer = chain[Balances].transfer_keep_alive
    chain.submit(transfer.call(Address(BOB), 1_000), ALICE)
    chain.submit(transfer.call(Address(BOB), 10**30), ALICE)
    chain.next_block()
    raw = chain.state.get(chain[System].__dict__["events"].key)
    assert raw is not None
    records = ORACLE.decode(ORACLE.storage_type("System", "Events"), raw)
    told = [(each["extrinsic_idx"], each["module_id"], each["event_id"]) for each in records]
    assert [each for each in told if each[0] == 0] == [(0, "System", "ExtrinsicSuccess")]
    moved = next(each for each in records if each["event_id"] == "Transfer")
    assert moved["extrinsic_idx"] == 1
    assert moved["attributes"] == {"from": text(ALICE), "to": text(BOB), "amount": 1_000}
    fee = next(each for each in records if each["event_id"] == "TransactionFeePaid")
    assert set(fee["attributes"]) == {"who", "actual_fee", "tip"}
    last = [each for each in records if each["extrinsic_idx"] == 2][-1]
    assert last["event_id"] == "ExtrinsicFailed"
    assert last["attributes"]["dispatch_error"] == {"Token": "FundsUnavailable"}
    assert last["attributes"]["dispatch_info"]["class"] == "Normal"
    assert last["attributes"]["dispatch_info"]["pays_fee"] == "Yes"


def test_it_reads_the_extrinsics_of_a_block() -> None:
    chain = chain_of()
    chain.submit(chain[Balances].transfer_keep_alive.call(Address(BOB), 1_000), ALICE, tip=5)
    inherent, signed = (ORACLE.decode("Extrinsic", raw) for raw in chain.builder.extrinsics)
    assert inherent["call"]["call_function"] == "set"
    assert signed["address"] == text(ALICE)
    assert (signed["nonce"], signed["tip"], signed["era"]) == (0, 5, "00")
    assert list(signed["signature"]) == ["Ed25519"]


def test_it_reads_an_account() -> None:
    read = ORACLE.decode(
        ORACLE.storage_type("System", "Account"),
        codec_of(AccountInfo).encode(AccountInfo(nonce=3, providers=1)),
    )
    assert (read["nonce"], read["providers"], read["data"]["free"]) == (3, 1, 0)
    assert read["data"]["flags"] == 1 << 127


def test_it_reads_the_constants() -> None:
    found = {
        f"{pallet.name}.{each.value['name']}": ORACLE.decode(each.type, bytes(each.constant_value))
        for pallet in ORACLE.metadata.pallets
        for each in pallet.constants
    }
    assert found["System.SS58Prefix"] == 42
    assert found["System.BlockHashCount"] == 4096
    assert found["System.Version"]["spec_name"] == "ballast"
    assert found["System.Version"]["spec_version"] == 1
    assert found["System.DbWeight"] == {"read": 25_000_000, "write": 100_000_000}
    assert found["System.BlockLength"]["max"]["mandatory"] == 5 * 1024 * 1024
    assert found["System.BlockWeights"]["base_block"] == {"ref_time": 350_000_000, "proof_size": 0}
    assert found["Balances.ExistentialDeposit"] == EXISTENTIAL_DEPOSIT
    assert found["Timestamp.MinimumPeriod"] == 1
    assert found["TransactionPayment.FeeAccount"] == text(TREASURY)


def test_it_finds_errors_and_their_docs() -> None:
    error = ORACLE.metadata.get_module_error(module_index=2, error_index=2)
    assert error.name == "InsufficientBalance"
    assert error.docs == ["The account holds less than the amount."]


def test_it_finds_the_six_extensions_in_order() -> None:
    assert tuple(ORACLE.metadata.get_signed_extensions()) == SIX
