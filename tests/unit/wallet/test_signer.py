"""A key pair signs what its public key verifies, and is the same pair as in any Substrate wallet."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.wallet.dev import DEV_NAMES, DEV_WARNING, dev_account, dev_accounts
from node.wallet.signer import Keypair
from runtime.crypto import ed25519, sr25519
from runtime.crypto.derive import DEV_PHRASE, DEV_SEED, DeriveError, KeyKind, dev_public

KINDS: tuple[KeyKind, ...] = ("ed25519", "sr25519")
VERIFY = {"ed25519": ed25519.verify, "sr25519": sr25519.verify}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(message=st.binary(max_size=600))
def test_signatures_verify_whatever_the_length(kind: KeyKind, message: bytes) -> None:
    """The signer hashes nothing: the 256-byte rule belongs to extrinsics."""
    pair = dev_account("Alice", kind)
    signature = pair.sign(message)
    assert len(signature) == 64
    assert VERIFY[kind](pair.public, message, signature)
    assert not VERIFY[kind](pair.public, message + b"\0", signature)


def test_soft_children_sign_too() -> None:
    pair = Keypair.from_suri("//Alice/orders/17")
    assert sr25519.verify(pair.public, b"order", pair.sign(b"order"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_phrase_its_seed_and_no_phrase_name_the_same_pair(kind: KeyKind) -> None:
    by_seed = Keypair.from_suri(f"0x{DEV_SEED.hex()}//Alice", kind)
    assert by_seed == Keypair.from_suri("//Alice", kind) == Keypair.from_suri(f"{DEV_PHRASE}//Alice", kind)
    assert by_seed.public == dev_public("//Alice", kind)
    assert Keypair.from_seed(DEV_SEED, kind) == Keypair.from_suri("", kind)


def test_a_password_leads_elsewhere() -> None:
    """As in sp_core: the development phrase takes the password when there is no other phrase."""
    with_password = Keypair.from_suri("//Alice///password")
    assert with_password == Keypair.from_suri(f"{DEV_PHRASE}//Alice///password")
    assert with_password != Keypair.from_suri("//Alice")


def test_rfc_8032s_key_signs_its_published_signature() -> None:
    """RFC 8032, section 7.1, test 2."""
    pair = Keypair.from_seed(
        bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), "ed25519"
    )
    assert pair.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_addresses_take_the_prefix_of_their_chain() -> None:
    alice = dev_account("Alice")
    assert alice.address() == "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    assert alice.address(prefix=0) == "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"


def test_the_secret_stays_out_of_the_repr() -> None:
    pair = dev_account("Alice")
    assert repr(pair) == f"Keypair(kind='sr25519', public={pair.public!r})"


def test_development_accounts_go_on_by_number() -> None:
    accounts = list(dev_accounts(8))
    assert [name for name, _ in accounts] == [*DEV_NAMES, "0", "1"]
    assert accounts[7][1] == Keypair.from_suri("//1")
    assert len({pair.public for _, pair in accounts}) == 8
    assert DEV_WARNING == (
        "The keys of the development accounts are public: anybody can take what they hold. "
        "Use them on a development chain only."
    )


@pytest.mark.parametrize(
    ("suri", "kind", "message"),
    [
        ("0x12//Alice", "sr25519", "a seed is written as 0x and 64 hexadecimal digits"),
        ("0x" + "zz" * 32, "sr25519", "a seed is written as 0x and 64 hexadecimal digits"),
        ("0x" + "00" * 32 + "///p", "sr25519", "a seed takes no password: only a phrase does"),
        ("/soft", "ed25519", "junction 1 is soft, and ed25519 keys have hard junctions (//) only"),
    ],
)
def test_refused_uris(suri: str, kind: KeyKind, message: str) -> None:
    with pytest.raises(DeriveError) as refusal:
        Keypair.from_suri(suri, kind)
    assert str(refusal.value) == message


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(DeriveError) as refusal:
        Keypair.from_seed(bytes(33))
    assert str(refusal.value) == "a seed has 32 bytes, not 33"
