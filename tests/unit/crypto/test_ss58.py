"""Addresses read and write as in every Substrate wallet, each account has one, and the rest is refused with
its reason.
"""

from contextlib import suppress

import base58
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.crypto import derive, ss58

ALICE = derive.dev_public("//Alice")
ALICE_42 = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
PREFIXES = st.integers(0, ss58.PREFIX_MAX).filter(lambda prefix: prefix not in ss58.RESERVED_PREFIXES)


@pytest.mark.parametrize(
    ("prefix", "address"),
    [
        (0, "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"),
        (2, "HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F"),
        (42, ALICE_42),
    ],
)
def test_alices_addresses_are_the_published_ones(prefix: int, address: str) -> None:
    """Polkadot, Kusama and the generic prefix."""
    assert ss58.encode(ALICE, prefix) == address
    assert ss58.decode(address) == (ALICE, prefix)


@pytest.mark.parametrize(
    ("prefix", "public", "address"),
    [
        (
            69,
            "ae640d53cfa815f4a6a50ae70235cd7d9d134d0f1c3a4ccd118e321dfb6ab51f",
            "cnVRwXfAnz3RSVQyBUC8f8McrK3YBX2QYd4WoctpeSC6VTJYm",
        ),
        (
            252,
            "5c64f1151f0ce4358c27238fb20c88e7c899825436f565410724c8c2c5add869",
            "xw5g1Eec8LT99pZLZMaTWwrwvNtfM6vrSuZeVbtEszCDUwByg",
        ),
        (
            255,
            "66cd6cf085627d6c85af1aaf2bd10cf843033e929b4e3b1c2ba8e4aa46fe111b",
            "yGF4JP7q5AK46d1FPCEm9sYQ4KooSjHMpyVAjLnsCSWVafPnf",
        ),
        (
            4242,
            "44d5a3ac156335ea99d33a83c57c7146c40c8e2260a8a4adf4e7a86256454651",
            "mHm8k9Emsvyfp3piCauSH684iA6NakctF8dySQcX94GDdrJrE",
        ),
        (
            14269,
            "88f01441682a17b52d6ae12d1a5670cf675fd254897efabaa5069eb3a701ab73",
            "r6Gr4gaMP8TsjhFbqvZhv3YvnasugLiRJpzpRHifsqqG18UXa",
        ),
    ],
)
def test_two_byte_prefixes_are_subkeys(prefix: int, public: str, address: str) -> None:
    """Pairs made by Substrate's subkey, as published in polkadot.js's address tests."""
    assert ss58.encode(bytes.fromhex(public), prefix) == address
    assert ss58.decode(address) == (bytes.fromhex(public), prefix)


@given(st.binary(min_size=32, max_size=32), PREFIXES)
def test_every_account_comes_back_from_its_address(account: bytes, prefix: int) -> None:
    assert ss58.decode(ss58.encode(account, prefix)) == (account, prefix)


@given(st.integers(0, len(ALICE_42) - 1), st.sampled_from(base58.BITCOIN_ALPHABET.decode()))
def test_a_mistyped_character_is_refused(place: int, character: str) -> None:
    mistyped = ALICE_42[:place] + character + ALICE_42[place + 1 :]
    if mistyped != ALICE_42:
        with pytest.raises(ss58.InvalidAddress):
            ss58.decode(mistyped)


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda body: address_of(body)))
def test_whatever_decodes_encodes_back_to_itself(text: str) -> None:
    with suppress(ss58.InvalidAddress):
        assert ss58.encode(*ss58.decode(text)) == text


def address_of(body: bytes) -> str:
    """Base58 of any body with a right checksum."""
    return base58.b58encode(body + ss58._checksum(body)).decode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("5" * 51, "51 characters, and 50 are the most"),
        (ALICE_42[:10] + "0" + ALICE_42[11:], "character 11, '0', is not a base58 digit"),
        (ALICE_42 + " ", "character 49, ' ', is not a base58 digit"),
        (
            ALICE_42[:-1] + "Z",
            "the checksum is 1d22, and should be 1d21; look for a typing error",
        ),
        (address_of(b"\x2a" + bytes(31)), "it decodes to 34 bytes, and an account takes 35"),
        (address_of(b"\x2e" + bytes(32)), "the prefix 46 is reserved"),
        (address_of(b"\x80" + bytes(32)), "no network prefix begins with the byte 0x80"),
        (address_of(b"\x4a\x80" + bytes(32)), "the prefix 42 is written in two bytes, and takes one"),
        (base58.b58encode(b"\x40").decode(), "it ends within the network prefix"),
    ],
)
def test_refusals_say_what_is_wrong_and_where(text: str, why: str) -> None:
    with pytest.raises(ss58.InvalidAddress) as refusal:
        ss58.decode(text)
    shown = text if len(text) <= 50 else text[:50] + "..."
    assert str(refusal.value) == f"{shown!r} is not an SS58 address: {why}"
    assert refusal.value.text == text


@pytest.mark.parametrize(
    ("account", "prefix", "message"),
    [
        (bytes(31), 42, "an account has 32 bytes, not 31"),
        (bytes(32), -1, "an SS58 prefix is from 0 to 16383, not -1"),
        (bytes(32), 16_384, "an SS58 prefix is from 0 to 16383, not 16384"),
        (bytes(32), 47, "the SS58 prefix 47 is reserved"),
    ],
)
def test_encoding_refuses_what_has_no_address(account: bytes, prefix: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        ss58.encode(account, prefix)
