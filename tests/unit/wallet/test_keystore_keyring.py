"""A keyring writes keys whole or not at all, over nothing, for their owner alone, and opens them again."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from node.wallet import keyfile
from node.wallet.bls import BlsKeypair, InvalidSecret
from node.wallet.keyfile import (
    InvalidKeyfile,
    KeyExists,
    KeyfileError,
    WrongPassword,
    read_file,
    write_file,
    write_folder,
)
from node.wallet.keyring import KeyInfo, Keyring, NoSuchKey, ValidatorKeys
from node.wallet.password import Cost, InvalidPassword
from node.wallet.signer import Keypair

ALICE = ValidatorKeys.from_suri("//Alice")


@pytest.fixture
def keys(tmp_path: Path) -> Keyring:
    """A keyring with a key of each type."""
    keyring = Keyring(tmp_path / "data" / "keys")
    keyring.create_validator(
        "alice", ALICE.bls.secret_bytes, "p", identity_seed=ALICE.identity_seed, cost=Cost.LIGHT
    )
    keyring.create_account("bob", Keypair.from_suri("//Bob"), "p", cost=Cost.LIGHT)
    keyring.create_node("relay", bytes(32), "p", cost=Cost.LIGHT)
    return keyring


def test_keys_come_back(keys: Keyring) -> None:
    opened = keys.open_validator("alice", "p")
    assert opened == ALICE
    assert opened.identity == Keypair.from_suri("//Alice", "ed25519")
    assert keys.open_account("bob", "p") == Keypair.from_suri("//Bob")
    assert keys.open_node("relay", "p") == bytes(32)


def test_what_is_public_needs_no_password(keys: Keyring) -> None:
    relay = Keypair.from_seed(bytes(32), "ed25519").public
    assert keys.list() == [
        KeyInfo(
            "alice",
            "validator",
            "bls12-381",
            BlsKeypair.from_suri("//Alice").public,
            Keypair.from_suri("//Alice", "ed25519").public,
            keys.folder / "alice",
        ),
        KeyInfo("bob", "account", "sr25519", Keypair.from_suri("//Bob").public, None, keys.folder / "bob"),
        KeyInfo("relay", "node", "ed25519", relay, relay, keys.folder / "relay"),
    ]
    assert [keys.info(each.name) for each in keys.list()] == keys.list()
    assert b'"pubkey": "' + ALICE.bls.public.hex().encode() in keys.keystore("alice")
    assert keys.lock_path("alice") == keys.folder / "alice" / "lock"


def test_a_validators_node_gets_an_identity_of_its_own(keys: Keyring) -> None:
    seen = {ALICE.identity.public}
    for name in ("one", "two"):
        info = keys.create_validator(name, ALICE.bls.secret_bytes, "p", cost=Cost.LIGHT)
        assert info.node == keys.open_validator(name, "p").identity.public
        assert info.node not in seen
        seen.add(info.node)


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        keyring = Keyring(tmp_path / "keys")
        keyring.create_account("bob", Keypair.from_suri("//Bob"), "p", cost=Cost.LIGHT)
        write_file(tmp_path / "bob.json", b"{}")
    finally:
        os.umask(old)
    modes = {
        path: stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "keys", *(tmp_path / "keys").rglob("*"), tmp_path / "bob.json")
    }
    assert modes == {
        tmp_path / "keys": 0o700,
        tmp_path / "keys" / "bob": 0o700,
        tmp_path / "keys" / "bob" / "account.json": 0o600,
        tmp_path / "bob.json": 0o600,
    }


def test_secrets_stay_out_of_the_repr() -> None:
    assert repr(ALICE) == f"ValidatorKeys(bls=BlsKeypair(public={ALICE.bls.public!r}))"


# What is refused.


def test_a_wrong_password_names_the_file(keys: Keyring) -> None:
    for name, file, use in (
        ("alice", "bls.json", keys.open_validator),
        ("bob", "account.json", keys.open_account),
        ("relay", "node.json", keys.open_node),
    ):
        with pytest.raises(WrongPassword) as refusal:
            use(name, "wrong")
        assert str(refusal.value) == f"{keys.folder / name / file}: the password is wrong"


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_nothing_is_overwritten(keys: Keyring, name: str) -> None:
    before = {path: path.read_bytes() for path in keys.folder.rglob("*.json")}
    with pytest.raises(KeyExists) as refusal:
        keys.create_account(name, Keypair.from_suri("//Eve"), "p", cost=Cost.LIGHT)
    assert str(refusal.value) == (
        f"{keys.folder / name} is there already, and no key is ever overwritten: choose another name"
    )
    assert {path: path.read_bytes() for path in keys.folder.rglob("*.json")} == before


def test_of_two_who_write_one_key_at_once_the_second_is_refused(keys: Keyring) -> None:
    with pytest.raises(KeyExists):
        write_folder(keys.folder / "bob", {"account.json": b"another"})
    assert keys.open_account("bob", "p") == Keypair.from_suri("//Bob")
    assert sorted(each.name for each in keys.folder.iterdir()) == ["alice", "bob", "relay"]


def test_half_a_key_is_none(keys: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keyfile.os, "fsync", fail)
    with pytest.raises(KeyfileError) as refusal:
        keys.create_account("eve", Keypair.from_suri("//Eve"), "p", cost=Cost.LIGHT)
    assert str(refusal.value) == f"{keys.folder / 'eve'} cannot be written: No space left on device"
    with pytest.raises(KeyfileError):
        write_file(keys.folder / "eve.json", b"{}")
    assert sorted(each.name for each in keys.folder.iterdir()) == ["alice", "bob", "relay"]


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    write_file(tmp_path / "key.json", b"one")
    with pytest.raises(KeyExists):
        write_file(tmp_path / "key.json", b"two")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("key.json", b"one")]
    with pytest.raises(KeyfileError, match=r"cannot be written: No such file or directory$"):
        write_file(tmp_path / "nowhere" / "key.json", b"one")


@pytest.mark.parametrize("name", ["", ".", "..", "../eve", "a/b", ".hidden", "a" * 65, "é", "-x"])
def test_names_that_are_none(keys: Keyring, name: str) -> None:
    for use in (keys.info, lambda each: keys.create_node(each, bytes(32), "p", cost=Cost.LIGHT)):
        with pytest.raises(KeyfileError) as refusal:
            use(name)
        assert str(refusal.value) == (
            f"{name!r} is no name of a key: it has up to 64 letters, digits, dots, dashes and underscores, "
            "and begins with a letter or a digit"
        )


def test_a_key_that_is_not_there(keys: Keyring) -> None:
    with pytest.raises(NoSuchKey) as refusal:
        keys.info("eve")
    assert str(refusal.value) == (f"{keys.folder} has no key eve: `ballast key list` names those there are")
    with pytest.raises(NoSuchKey, match=r"^the key bob is of the type account, and not validator$"):
        keys.open_validator("bob", "p")
    with pytest.raises(NoSuchKey, match=r"^the key alice is of the type validator, and not node$"):
        keys.open_node("alice", "p")
    assert Keyring(keys.folder / "none").list() == []


def test_what_is_no_secret_or_no_password(keys: Keyring) -> None:
    with pytest.raises(InvalidSecret, match=r"^a BLS secret is above 0 and below the order of the group$"):
        keys.create_validator("eve", bytes(32), "p")
    with pytest.raises(InvalidPassword, match=r"^the password is empty$"):
        keys.create_node("eve", bytes(32), "")
    assert len(keys.list()) == 3


def test_files_that_are_something_else(keys: Keyring) -> None:
    path = keys.folder / "bob" / "account.json"
    path.write_bytes((keys.folder / "relay" / "node.json").read_bytes())
    with pytest.raises(InvalidKeyfile) as refusal:
        keys.info("bob")
    assert str(refusal.value) == f"{path}: it holds a node's identity, and no account"
    path.write_bytes(b"{}")
    with pytest.raises(InvalidKeyfile) as refusal:
        keys.list()
    assert str(refusal.value).startswith(f"{path}: it is no sealed file: ")
    path.write_bytes(b" " * 65_537)
    with pytest.raises(InvalidKeyfile) as refusal:
        keys.list()
    assert str(refusal.value) == f"{path} is longer than 65536 bytes: it is no key's file"
    with pytest.raises(KeyfileError) as missing:
        read_file(keys.folder / "none.json")
    assert str(missing.value) == f"{keys.folder / 'none.json'} cannot be read: No such file or directory"
