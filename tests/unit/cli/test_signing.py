"""Who signs: an account that the keyring keeps, or a secret URI; nobody is asked for a password in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.cli.faults import Fault
from node.cli.signing import signer_of
from node.wallet.dev import dev_account
from node.wallet.keyring import Keyring, ValidatorKeys
from node.wallet.password import Cost
from support.cli import refusal

ALICE = dev_account("Alice")
PHRASE = "bottom drive obey lake curtain smoke basket hold race lonely fit walk"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    keyring = Keyring(tmp_path / "keys")
    keyring.create_account("treasury", ALICE, "pw", cost=Cost.LIGHT)
    secret = ValidatorKeys.from_suri("//Alice").bls.secret_bytes
    keyring.create_validator("val-1", secret, "pw", cost=Cost.LIGHT)
    (tmp_path / "password").write_text("pw\n")
    return keyring.folder


@pytest.mark.parametrize("uri", ["//Alice", f"{PHRASE}//Alice", "0x" + "11" * 32, "0x" + "11" * 32 + "//a"])
def test_a_secret_uri_needs_no_keyring(uri: str, tmp_path: Path) -> None:
    assert signer_of(uri, "sr25519", tmp_path / "none", None).kind == "sr25519"


def test_a_name_is_that_of_an_account_that_is_kept(keys: Path) -> None:
    assert signer_of("treasury", "sr25519", keys, keys.parent / "password") == ALICE


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nobody", "{keys} has no key nobody: `ballast key list` names those there are"),
        ("val-1", "the key val-1 is of the type validator, and not account"),
        (
            "trea sury",
            "a phrase has 12, 15, 18, 21 or 24 words, not 2",
        ),
        ("", "the secret is empty"),
        (
            "treasury",
            "no password for the key treasury: give --password-file FILE, whose first line is the password",
        ),
    ],
)
def test_who_cannot_sign(keys: Path, name: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No password is given, and only the last could use one."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Fault) as refused:
        signer_of(name, "sr25519", keys, None)
    assert str(refused.value) == why.format(keys=keys)


def test_a_wrong_password_opens_nothing(keys: Path) -> None:
    other = keys.parent / "other"
    other.write_text("wrong\n")
    with pytest.raises(Fault) as refused:
        signer_of("treasury", "sr25519", keys, other)
    assert str(refused.value) == f"{keys / 'treasury' / 'account.json'}: the password is wrong"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("key", "new", "treasury"), "is there already, and no key is ever overwritten: choose another name"),
        (
            ("key", "import", "val-1", "//Bob"),
            "is there already, and no key is ever overwritten: choose another ",
        ),
        (("key", "export", "nobody", "--format", "polkadot-js"), "has no key nobody: "),
        (("chain", "entry", "nobody", "--account", "//Alice"), "has no key nobody: "),
        (("run", "--chain", "local", "--tmp", "--validator", "nobody"), "has no key nobody: "),
        (("tx", "transfer", "//Bob", "1", "--from", "nobody"), "has no key nobody: "),
    ],
)
def test_what_a_password_could_not_mend_is_said_before_one_is_asked_for(
    keys: Path, command: tuple[str, ...], why: str
) -> None:
    said = refusal(*command, "--keys", str(keys), status=2)
    assert said.startswith(str(keys)) and why in said
