"""The runtime APIs answer what clients ask by name, refuse the rest in whole messages, and change nothing."""

from __future__ import annotations

import pytest
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from pallets.transaction_payment.types import FeeDetails, RuntimeDispatchInfo, TransactionFeePaid
from runtime.api import ApiConflict, BadInput, UnknownMethod, call
from runtime.api.validity import (
    AncientBirthBlock,
    BadProof,
    Call,
    Custom,
    ExhaustsResources,
    Invalid,
    MandatoryValidation,
    NoUnsignedValidator,
    Payment,
    Stale,
    TransactionValidityError,
    Unknown,
    ValidTransaction,
    refusal_of,
)
from runtime.crypto.hashing import blake2b_64
from runtime.frame import Call as RuntimeCallValue
from runtime.frame import NoError, NoEvent, Pallet, RuntimeCall, StorageMap, runtime_api, validity
from runtime.frame.api import Apis, api_versions
from runtime.lifecycle import LoadError
from runtime.scale import U32, Err, Ok, Result, Struct, codec_of
from runtime.testing import TestChain
from runtime.types import AccountId, Address, DispatchClass, Weight
from runtime.types.era import IMMORTAL, Era
from runtime.version import RuntimeVersion
from support.chains import ALICE, BOB, RICH, TREASURY, chain_of

PUBLIC, SECRET = crypto_sign_seed_keypair(bytes(range(32)))
EXTERNAL = b"\x02"


class Visit(Struct):
    """Who came, and when."""

    who: AccountId
    day: U32


class Guestbook(Pallet[NoEvent, NoError]):
    """Who came."""

    visits = StorageMap[AccountId, U32](doc="The day of each guest's last visit.")

    @runtime_api("GuestbookApi", version=7)
    def last_visit(self, guest: AccountId, from_: U32) -> Visit | None:
        """The guest's last visit, if it was not before `from`."""
        day = self.visits.get(guest)
        return None if day is None or day < from_ else Visit(guest, day)

    @runtime_api("GuestbookApi", version=7)
    def sign(self, guest: AccountId) -> U32:
        """How many days the guest came, this one included; what it writes is forgotten."""
        day = (self.visits.get(guest) or 0) + 1
        self.visits[guest] = day
        return day


def ask(chain: TestChain, name: str, data: bytes = b"") -> bytes:
    return call(chain.runtime, chain.state, chain.header, name, data)


def transaction(
    chain: TestChain,
    what: RuntimeCallValue,
    *,
    nonce: int = 0,
    tip: int = 0,
    era: Era = IMMORTAL,
    spoil: bool = False,
) -> bytes:
    """A transaction of the account `PUBLIC`, signed for the chain's head."""
    parts = chain.runtime.parts
    values = {"CheckMortality": era, "CheckNonce": nonce, "ChargeTransactionPayment": tip}
    extras = parts.codec.extras(tuple(values.get(each.identifier, ()) for each in parts.extensions))
    call_bytes = chain.host.codec(RuntimeCall).encode(what)
    unsigned = parts.codec.decode(parts.codec.signed(PUBLIC, 0, bytes(64), extras, call_bytes))
    try:
        payload = chain.runtime.validator(chain.state, chain.header).payload(unsigned)
    except validity.InvalidTransaction:  # signed for a block that is no longer known
        payload = b""
    signature = crypto_sign(payload, SECRET)[:64]
    return parts.codec.signed(PUBLIC, 0, bytes(64) if spoil else signature, extras, call_bytes)


def judge(chain: TestChain, raw: bytes) -> Result[ValidTransaction, TransactionValidityError]:
    answer = ask(chain, "TaggedTransactionQueue_validate_transaction", EXTERNAL + raw + chain.header.hash)
    codec = codec_of(Result[ValidTransaction, TransactionValidityError])
    found: Result[ValidTransaction, TransactionValidityError] = codec.decode(answer)
    return found


@pytest.fixture
def chain() -> TestChain:
    return chain_of(Guestbook, rich=(ALICE, TREASURY, PUBLIC))


# Names and arguments.


@pytest.mark.parametrize("name", ["Core_initialize_block", "Core", "", "core_version", "Core_version "])
def test_an_unknown_name(chain: TestChain, name: str) -> None:
    with pytest.raises(UnknownMethod) as refused:
        ask(chain, name)
    assert str(refused.value) == f"Exported method {name} is not found"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "Core_version",
            b"\0",
            "1 bytes remain after the value, at byte 0",
        ),
        (
            "AccountNonceApi_account_nonce",
            bytes(31),
            "account: needs 32 bytes, 31 remain, at byte 0",
        ),
        (
            "Metadata_metadata_at_version",
            b"",
            "version: needs 4 bytes, 0 remain, at byte 0",
        ),
        (
            "TransactionPaymentApi_query_info",
            b"\x10\x84\0\0",
            "uxt: needs 4 bytes, 3 remain, at byte 1",
        ),
        (
            "TransactionPaymentApi_query_info",
            b"\x04\x05" + bytes(4),
            "uxt.version: version byte 0x05 is neither 0x84 (signed) nor 0x04 (bare), at byte 1",
        ),
        (
            "TransactionPaymentCallApi_query_call_fee_details",
            b"\xff\0" + bytes(4),
            "call: no call 0 of a pallet 255, at byte 0",
        ),
        (
            "TaggedTransactionQueue_validate_transaction",
            b"\x03",
            "source: no variant has index 3, at byte 0",
        ),
    ],
)
def test_bad_input(chain: TestChain, name: str, data: bytes, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask(chain, name, data)
    assert str(refused.value) == f"Bad input to {name}: {message}"


# Core and metadata.


def test_core_version(chain: TestChain) -> None:
    version = codec_of(RuntimeVersion).decode(ask(chain, "Core_version"))
    assert version == chain.runtime.version
    assert {each.id: each.version for each in version.apis} == {
        blake2b_64(name.encode()): number
        for name, number in {
            "Core": 5,
            "Metadata": 2,
            "TaggedTransactionQueue": 3,
            "AccountNonceApi": 1,
            "TransactionPaymentApi": 4,
            "TransactionPaymentCallApi": 3,
            "GuestbookApi": 7,
        }.items()
    }


def test_metadata_by_version(chain: TestChain) -> None:
    versions = codec_of(tuple[U32, ...]).decode(ask(chain, "Metadata_metadata_versions"))
    optional = codec_of(bytes | None)
    for version in versions:
        found = optional.decode(ask(chain, "Metadata_metadata_at_version", version.to_bytes(4, "little")))
        assert found == chain.runtime.metadata.encode(version)
    assert {14, 15} <= set(versions)
    assert codec_of(bytes).decode(ask(chain, "Metadata_metadata")) == chain.runtime.metadata.encode(14)
    assert ask(chain, "Metadata_metadata_at_version", (13).to_bytes(4, "little")) == b"\0"


# Accounts and fees.


def test_account_nonce(chain: TestChain) -> None:
    chain.submit(chain[Balances].transfer_keep_alive.call(Address(BOB), 1_000), ALICE)
    assert ask(chain, "AccountNonceApi_account_nonce", ALICE) == bytes(4)
    chain.next_block()
    assert ask(chain, "AccountNonceApi_account_nonce", ALICE) == b"\x01\0\0\0"
    assert ask(chain, "AccountNonceApi_account_nonce", b"\x77" * 32) == bytes(4)


def test_a_fee_query_verifies_nothing_and_tells_what_is_then_paid(chain: TestChain) -> None:
    transfer = chain[Balances].transfer_keep_alive.call(Address(BOB), 1_000)
    raw = transaction(chain, transfer, spoil=True)
    length = len(raw).to_bytes(4, "little")
    info = codec_of(RuntimeDispatchInfo).decode(ask(chain, "TransactionPaymentApi_query_info", raw + length))
    assert info.class_ is DispatchClass.Normal
    assert info.weight == transfer.info.weight_of(transfer.args)
    chain.submit(transfer, PUBLIC)
    assert TransactionFeePaid(PUBLIC, info.partial_fee, 0) in chain.events
    details = codec_of(FeeDetails).decode(ask(chain, "TransactionPaymentApi_query_fee_details", raw + length))
    fee = details.inclusion_fee
    assert fee is not None
    assert fee.base_fee + fee.len_fee + fee.adjusted_weight_fee == info.partial_fee
    assert details.tip == 0


def test_a_fee_query_by_call_tells_the_same(chain: TestChain) -> None:
    transfer = chain[Balances].transfer_keep_alive.call(Address(BOB), 1_000)
    raw = transaction(chain, transfer)
    length = len(raw).to_bytes(4, "little")
    encoded = chain.host.codec(RuntimeCall).encode(transfer)
    for method in ("query_info", "query_fee_details"):
        by_call = method.replace("query", "query_call")
        assert ask(chain, f"TransactionPaymentApi_{method}", raw + length) == ask(
            chain, f"TransactionPaymentCallApi_{by_call}", encoded + length
        )


def test_an_unsigned_extrinsic_costs_nothing(chain: TestChain) -> None:
    raw = chain.runtime.parts.codec.bare(chain[System].remark.call(b""))
    data = raw + len(raw).to_bytes(4, "little")
    assert (
        codec_of(RuntimeDispatchInfo).decode(ask(chain, "TransactionPaymentApi_query_info", data)).partial_fee
        == 0
    )
    assert ask(chain, "TransactionPaymentApi_query_fee_details", data) == bytes(17)


def test_the_fee_is_the_sum_of_what_weight_and_length_cost(chain: TestChain) -> None:
    payment = chain[TransactionPayment]
    weight = Weight(123_456_789, 77)
    by_weight = ask(chain, "TransactionPaymentApi_query_weight_to_fee", codec_of(Weight).encode(weight))
    by_length = ask(chain, "TransactionPaymentApi_query_length_to_fee", (100).to_bytes(4, "little"))
    assert int.from_bytes(by_weight, "little") == 12_346
    assert int.from_bytes(by_length, "little") == 100 * payment.config.byte_fee


# Validity.


def test_a_valid_transaction(chain: TestChain) -> None:
    remark = chain[System].remark.call(b"hello")
    answer = judge(chain, transaction(chain, remark, nonce=2, tip=3))
    assert isinstance(answer, Ok)
    assert answer.value.requires == (PUBLIC + (1).to_bytes(4, "little"),)
    assert answer.value.provides == (PUBLIC + (2).to_bytes(4, "little"),)
    assert answer.value.priority > 0
    assert answer.value.longevity == 2**64 - 1
    assert answer.value.propagate


def test_refusals_come_as_values(chain: TestChain) -> None:
    remark = chain[System].remark.call(b"hello")
    assert judge(chain, transaction(chain, remark, spoil=True)) == Err(Invalid(BadProof()))
    assert judge(chain, transaction(chain, remark, tip=2 * RICH)) == Err(Invalid(Payment()))
    chain.submit(remark, PUBLIC)
    chain.next_block()
    assert judge(chain, transaction(chain, remark)) == Err(Invalid(Stale()))
    bare = chain.runtime.parts.codec.bare
    assert judge(chain, bare(remark)) == Err(Unknown(NoUnsignedValidator()))
    assert judge(chain, bare(chain[Timestamp].set.call(5))) == Err(Invalid(MandatoryValidation()))
    gone = Era.mortal(64, 50)
    assert judge(chain, transaction(chain, remark, nonce=1, era=gone)) == Err(Invalid(AncientBirthBlock()))
    long = chain[System].remark.call(bytes(5 * 1024 * 1024))
    assert judge(chain, transaction(chain, long, nonce=1)) == Err(Invalid(ExhaustsResources()))


def test_every_refusal_has_its_value() -> None:
    def leaves(cls: type[validity.TransactionValidityError]) -> list[type[validity.TransactionValidityError]]:
        return [leaf for each in cls.__subclasses__() for leaf in leaves(each)] or [cls]

    codec = codec_of(TransactionValidityError)
    for kind in leaves(validity.TransactionValidityError):
        raised = kind(9) if kind is validity.CustomInvalid else kind()
        expected = bytes((kind.kind, kind.code)) + (b"\x09" if kind is validity.CustomInvalid else b"")
        assert codec.encode(refusal_of(raised)) == expected
    assert refusal_of(validity.CallInvalid()) == Invalid(Call())
    assert refusal_of(validity.CustomInvalid(9)) == Invalid(Custom(9))


# Pallets' own.


def test_a_pallets_own_api(chain: TestChain) -> None:
    since = (3).to_bytes(4, "little")
    assert ask(chain, "GuestbookApi_last_visit", ALICE + since) == b"\0"
    chain.runtime.over(chain.state)
    overlay = chain.host.overlay
    mark = overlay.open()
    chain[Guestbook].visits[ALICE] = 3
    overlay.keep(mark)
    state = overlay.commit()
    answer = call(chain.runtime, state, chain.header, "GuestbookApi_last_visit", ALICE + since)
    assert codec_of(Visit | None).decode(answer) == Visit(ALICE, 3)
    late = call(chain.runtime, state, chain.header, "GuestbookApi_last_visit", ALICE + b"\x04\0\0\0")
    assert late == b"\0"


def test_what_an_answer_writes_is_forgotten(chain: TestChain) -> None:
    assert [ask(chain, "GuestbookApi_sign", ALICE) for _ in range(2)] == [b"\x01\0\0\0"] * 2


def test_asking_does_not_disturb_the_block_being_built(chain: TestChain) -> None:
    quiet = chain_of(Guestbook, rich=(ALICE, TREASURY, PUBLIC))
    raw = transaction(quiet, quiet[System].remark.call(b""))
    for each in (chain, quiet):
        each.next_block()
        each.submit(each[System].remark_with_event.call(b"one"), ALICE)
        if each is chain:
            ask(each, "GuestbookApi_sign", ALICE)
            judge(each, raw)
        each.submit(each[System].remark_with_event.call(b"two"), ALICE)
        each.next_block()
    assert chain.header == quiet.header


class Other(Pallet[NoEvent, NoError]):
    """Disagrees about a version."""

    @runtime_api("GuestbookApi", version=8)
    def guests(self) -> U32:
        """None."""
        return 0


class Again(Pallet[NoEvent, NoError]):
    """Declares a method that is declared already."""

    @runtime_api("GuestbookApi", version=7)
    def sign(self) -> U32:
        """Not this one."""
        return 0


def test_conflicts_are_refused_when_the_chain_is_loaded() -> None:
    with pytest.raises(LoadError) as refused:
        chain_of(Guestbook, Other)
    assert str(refused.value) == "GuestbookApi has version 7 in Guestbook and 8 in Other"
    with pytest.raises(LoadError) as refused:
        chain_of(Guestbook, Again)
    assert str(refused.value) == "Guestbook and Again both declare GuestbookApi_sign"
    with pytest.raises(ApiConflict):
        api_versions({"a": Guestbook, "b": Other})


def test_a_method_without_types_is_refused() -> None:
    class Untyped:
        """Nothing."""

        @runtime_api("Api", version=1)
        def what(self, how):  # type: ignore[no-untyped-def]
            """Who knows."""

    with pytest.raises(TypeError) as refused:
        Apis(codec_of, [Untyped()])
    assert str(refused.value).endswith("Untyped.what: 'how' names no type")
