"""`ballast key new | import | export | list | guard`: keys that are kept, moved, and never shown."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from genesis.build import build_genesis
from genesis.load import load_spec
from node.cli.key_password import read_password
from node.cli.remote import local_runtime
from node.consensus.disk import RealDisk
from node.consensus.guard import DoubleSign
from node.consensus.history import SigningHistory, history_folder
from node.consensus.lock import KeyLock
from node.wallet import keystore, sealed
from node.wallet.keyfile import write_file
from node.wallet.keyring import Keyring, ValidatorKeys
from node.wallet.keystore import open_bls, seal_bls
from node.wallet.password import Cost
from node.wallet.polkadot_json import open_polkadot, seal_polkadot
from node.wallet.sealed import seal_node
from node.wallet.signer import Keypair
from runtime.simplex import Kind, Statement
from runtime.state import MemoryStates
from support.cli import ballast, refusal
from support.processes import COMMAND, ROOT

ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
CHAIN = "dev"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Passwords that cost nothing to stretch, and a data folder for each test."""
    monkeypatch.setitem(keystore.SCRYPT_N, Cost.STRONG, keystore.SCRYPT_N[Cost.LIGHT])
    monkeypatch.setitem(sealed.OPERATIONS, Cost.STRONG, sealed.OPERATIONS[Cost.LIGHT])
    monkeypatch.setitem(sealed.MEMORY_BYTES, Cost.STRONG, sealed.MEMORY_BYTES[Cost.LIGHT])
    monkeypatch.setenv("BALLAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BALLAST_PASSWORD_FILE", str(tmp_path / "password"))
    (tmp_path / "password").write_text("password\nsecond line\n")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def key(*arguments: str, stdin: str = "") -> Any:
    return ballast("key", *arguments, "--json", stdin=stdin).json


# Making and listing.


def test_a_new_account_shows_no_secret_unless_asked(home: Path) -> None:
    silent = key("new", "bob")
    assert silent == {
        "name": "bob",
        "kind": "account",
        "scheme": "sr25519",
        "publicKey": silent["publicKey"],
        "address": Keypair("sr25519", bytes.fromhex(silent["publicKey"][2:]), b"").address(),
        "folder": str(home / "keys" / "bob"),
    }
    spoken = key("new", "carol", "--scheme", "ed25519", "--show-phrase")
    words = spoken.pop("phrase")
    assert len(words.split()) == 24
    assert Keyring(home / "keys").open_account("carol", "password") == Keypair.from_suri(words, "ed25519")
    again = key("import", "dave", words, "--scheme", "ed25519")
    assert again["publicKey"] == spoken["publicKey"]


def test_a_new_validator_has_a_key_and_a_node_and_comes_back_from_its_phrase(home: Path) -> None:
    made = key("new", "val-1", "--kind", "validator", "--show-phrase")
    opened = Keyring(home / "keys").open_validator("val-1", "password")
    assert (made["kind"], made["scheme"]) == ("validator", "bls12-381")
    assert made["publicKey"] == "0x" + opened.bls.public.hex()
    assert made["node"] == "0x" + opened.identity.public.hex()
    again = key("import", "val-2", "-", "--kind", "validator", stdin=made["phrase"] + "\n")
    assert (again["publicKey"], again["node"]) == (made["publicKey"], made["node"])


def test_people_read_the_same(home: Path) -> None:
    ended = ballast("key", "import", "alice", "//Alice")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == (
        "Key alice\nKind account\nScheme sr25519\n"
        "Public key 0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d\n"
        f"Address {ALICE}\nFolder {home / 'keys' / 'alice'}\n"
    )
    assert ballast("key", "list", "--prefix", "0").out == (
        "alice  account  sr25519  15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5\n"
    )
    assert ballast("key", "list", "--keys", str(home / "none")).out == "There are no keys in this keyring\n"


def test_the_list_names_each_key() -> None:
    ballast("key", "new", "relay", "--kind", "node")
    ballast("key", "import", "alice", "//Alice")
    ballast("key", "import", "val", "//Alice", "--kind", "validator")
    listed = key("list")
    assert [(each["name"], each["kind"], each["scheme"]) for each in listed] == [
        ("alice", "account", "sr25519"),
        ("relay", "node", "ed25519"),
        ("val", "validator", "bls12-381"),
    ]
    assert [key("export", each["name"]) for each in listed] == listed


def test_two_keyrings(tmp_path: Path) -> None:
    ballast("key", "import", "one", "//One", "--base-path", str(tmp_path / "other"))
    ballast("key", "import", "two", "//Two", "--keys", str(tmp_path / "other" / "keys"))
    assert [each["name"] for each in key("list", "--base-path", str(tmp_path / "other"))] == ["one", "two"]
    assert key("list") == []


# Files from elsewhere, and for elsewhere.


@pytest.mark.parametrize("kind", ["sr25519", "ed25519"])
def test_an_account_goes_to_polkadot_js_and_comes_back(kind: Any, tmp_path: Path) -> None:
    made = key("new", "bob", "--scheme", kind)
    ended = ballast("key", "export", "bob", "--format", "polkadot-js", "--prefix", "7")
    pair = open_polkadot(ended.out.encode(), "password")
    assert (pair.kind, "0x" + pair.public.hex()) == (kind, made["publicKey"])
    assert json.loads(ended.out)["address"] == pair.address(7)
    out = tmp_path / "bob.json"
    assert key("export", "bob", "--format", "polkadot-js", "--out", str(out)) == {"file": str(out)}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert key("import", "bob-2", str(out))["publicKey"] == made["publicKey"]


def test_an_export_of_polkadot_js_has_a_password_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("their password")
    write_file(
        tmp_path / "b.json", seal_polkadot(Keypair.from_suri("//Bob"), "their password", name="b", prefix=42)
    )
    ballast(
        "key", "import", "bob", str(tmp_path / "b.json"), "--source-password-file", str(tmp_path / "theirs")
    )
    assert Keyring(tmp_path / "home" / "keys").open_account("bob", "password") == Keypair.from_suri("//Bob")
    said = refusal("key", "import", "bob-2", str(tmp_path / "b.json"), status=2)
    assert said == f"{tmp_path / 'b.json'}: the password is wrong"


def test_a_validators_keystore_goes_and_comes(home: Path, tmp_path: Path) -> None:
    alice = ValidatorKeys.from_suri("//Alice")
    write_file(tmp_path / "bls.json", seal_bls(alice.bls, "password", cost=Cost.LIGHT))
    made = key("import", "val", str(tmp_path / "bls.json"))
    assert made["publicKey"] == "0x" + alice.bls.public.hex()
    ended = ballast("key", "export", "val", "--format", "eip2335")
    assert open_bls(ended.out.encode(), "password") == alice.bls
    assert ended.out == (home / "keys" / "val" / "bls.json").read_text()


def test_files_of_a_keyring_are_imported_too(tmp_path: Path, home: Path) -> None:
    ballast("key", "new", "bob")
    write_file(tmp_path / "node.json", seal_node(bytes(32), "password", cost=Cost.LIGHT))
    again = key("import", "bob-2", str(home / "keys" / "bob" / "account.json"))
    assert again["publicKey"] == key("export", "bob")["publicKey"]
    assert key("import", "relay", str(tmp_path / "node.json"))["kind"] == "node"


def test_what_is_public_may_be_written(tmp_path: Path) -> None:
    ballast("key", "import", "alice", "//Alice")
    ended = ballast("key", "export", "alice", "--out", str(tmp_path / "alice.json"))
    assert ended.out == f"Written {tmp_path / 'alice.json'}\n"
    assert json.loads((tmp_path / "alice.json").read_text()) == key("export", "alice")


# What is refused.


NO_FORM = "it is no keystore of EIP-2335, no export of polkadot.js and no file of a keyring"
HARD = "junction 2 is soft, and ed25519 keys have hard junctions (//) only"
TAKEN = "is there already, and no key is ever overwritten: choose another name"


def test_keys_that_are_refused(tmp_path: Path, home: Path) -> None:
    ballast("key", "import", "alice", "//Alice")
    keys, odd = home / "keys", tmp_path / "odd.json"
    account = keys / "alice" / "account.json"
    odd.write_text("{}")
    refused: list[tuple[tuple[str, ...], str]] = [
        (("new", "alice"), f"{keys / 'alice'} {TAKEN}"),
        (("import", "eve", "one two three"), "a phrase has 12, 15, 18, 21 or 24 words, not 3"),
        (("import", "eve", "eve.json"), "eve.json cannot be read: No such file or directory"),
        (("import", "eve", str(odd)), f"{odd}: {NO_FORM}"),
        (
            ("import", "eve", str(account), "--kind", "validator"),
            f"{account} holds a key of the kind account, and not validator",
        ),
        (("import", "eve", "//Eve/soft", "--kind", "validator"), HARD),
        (
            ("export", "alice", "--format", "eip2335"),
            "the key alice is of the type account, and not validator",
        ),
        (("export", "nobody"), f"{keys} has no key nobody: `ballast key list` names those there are"),
    ]
    for arguments, why in refused:
        assert refusal("key", *arguments, status=2) == why
    assert [each["name"] for each in key("list")] == ["alice"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "the password file {} cannot be read: No such file or directory"),
        (b"\nsecond\n", "the first line of the password file {} is empty"),
        (b"\xff\n", "the password file {} is no UTF-8 text"),
        (b"a" * 20_000, "the password file {} is longer than 16384 bytes"),
        (b"\x08\n", "the password is empty"),
    ],
)
def test_password_files_that_are_refused(content: bytes | None, why: str, tmp_path: Path) -> None:
    file = tmp_path / "refused"
    if content is not None:
        file.write_bytes(content)
    assert refusal("key", "new", "eve", "--password-file", str(file), status=2) == why.format(file)
    assert key("list") == []


def test_without_a_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BALLAST_PASSWORD_FILE")
    assert refusal("key", "new", "bob", status=2) == (
        "no password for the key bob: give --password-file FILE, whose first line is the password"
    )
    (tmp_path / "windows").write_bytes(b" spaced \r\nsecond")
    assert read_password(tmp_path / "windows", "the key bob") == " spaced "


# The guard.


def genesis_hash() -> bytes:
    spec = load_spec(CHAIN)
    return build_genesis(local_runtime(spec), spec.genesis, MemoryStates().head).hash


def test_the_guard_moves_with_the_key(home: Path, tmp_path: Path) -> None:
    ballast("key", "import", "val", "//Alice", "--kind", "validator")
    ended = ballast("key", "guard", "show", "val", "--chain", CHAIN)
    assert ended.out == "The key val has signed nothing on this chain, as far as this machine knows\n"

    genesis, public = genesis_hash(), ValidatorKeys.from_suri("//Alice").bls.public
    spec_id = load_spec(CHAIN).id
    history = SigningHistory(RealDisk(), history_folder(home, spec_id, public), genesis, public)
    for view in (16, 17):
        history.permit(Statement(Kind.Notarize, 3, view, view - 1, b"b" * 32))
    history.permit(Statement(Kind.Nullify, 3, 17))
    history.append([])
    history.sync()  # and the node is killed: the journal knows more than guard.json

    shown = key("guard", "show", "val", "--chain", CHAIN)
    assert [(each["kind"], each["epoch"], each["view"]) for each in shown] == [
        ("notarize", 3, 17),
        ("nullify", 3, 17),
    ]
    assert ballast("key", "guard", "show", "val", "--chain", CHAIN).out.splitlines() == [
        "Kind      Epoch  View  Statement",
        f"notarize  3      17    {shown[0]['statement']}",
        f"nullify   3      17    {shown[1]['statement']}",
    ]
    signed = tmp_path / "signed.json"
    assert key("guard", "export", "val", "--chain", CHAIN, "--out", str(signed)) == {"file": str(signed)}
    assert ballast("key", "guard", "export", "val", "--chain", CHAIN).out == signed.read_text()

    other = ("--base-path", str(tmp_path / "other"))
    ballast("key", "import", "val", "//Alice", "--kind", "validator", *other)
    ended = ballast("key", "guard", "import", "val", str(signed), "--chain", CHAIN, *other)
    assert ended.out.splitlines() == [
        "Nothing is signed to notarize up to epoch 3, view 17",
        "Nothing is signed to nullify up to epoch 3, view 17",
    ]
    moved = SigningHistory(RealDisk(), history_folder(tmp_path / "other", spec_id, public), genesis, public)
    assert not moved.is_whole
    assert [each.view for each in moved.guard.highest] == [17, 17]
    moved.close()

    lower = json.loads(signed.read_text())
    lower["data"][0]["signed"] = [{"kind": "notarize", "epoch": "3", "view": "5"}]
    (tmp_path / "lower.json").write_text(json.dumps(lower))
    assert key("guard", "import", "val", str(tmp_path / "lower.json"), "--chain", CHAIN, *other) == shown


def test_a_history_begins_on_a_word(home: Path) -> None:
    ballast("key", "import", "val", "//Alice", "--kind", "validator")
    ended = ballast("key", "guard", "begin", "val", "--chain", CHAIN)
    assert ended.out == "The key val votes as soon as its node is in step with the others\n"
    genesis, public = genesis_hash(), ValidatorKeys.from_suri("//Alice").bls.public
    folder = history_folder(home, load_spec(CHAIN).id, public)
    history = SigningHistory(RealDisk(), folder, genesis, public)
    assert history.is_whole and history.guard.highest == ()
    history.close()

    ended = ballast("key", "guard", "begin", "val", "--chain", CHAIN, "--after", "3/17")
    verbs = ("notarize", "nullify", "finalize")
    assert ended.out.splitlines() == [
        *(f"Nothing is signed to {verb} up to epoch 3, view 17" for verb in verbs),
        "The key val votes as soon as its node is in step with the others",
    ]
    lowered = key("guard", "begin", "val", "--chain", CHAIN, "--after", "2/90")
    assert {(each["epoch"], each["view"], each["statement"]) for each in lowered} == {(3, 17, None)}
    history = SigningHistory(RealDisk(), folder, genesis, public)
    assert history.is_whole
    with pytest.raises(DoubleSign):
        history.permit(Statement(Kind.Nullify, 3, 17))
    history.permit(Statement(Kind.Nullify, 3, 18))
    history.close()
    for wrong in ("3", "3/", "/7", "3/x", "3/-1", f"3/{1 << 64}"):
        said = refusal("key", "guard", "begin", "val", "--chain", CHAIN, "--after", wrong, status=2)
        assert said == f"{wrong!r} is no view: give EPOCH/VIEW, such as 12/345"


def test_what_the_guard_refuses(home: Path, tmp_path: Path) -> None:
    ballast("key", "import", "val", "//Alice", "--kind", "validator")
    ballast("key", "import", "alice", "//Alice")
    said = refusal("key", "guard", "show", "alice", "--chain", CHAIN, status=2)
    assert said == "the key alice is of the type account, and not validator"
    said = refusal("key", "guard", "show", "val", "--chain", "nowhere", status=2)
    assert "nowhere" in said
    with KeyLock(Keyring(home / "keys").lock_path("val")):
        said = refusal("key", "guard", "export", "val", "--chain", CHAIN, status=2)
    assert said.startswith(f"the key is in use by process {os.getpid()}, which holds ")
    said = refusal("key", "guard", "import", "val", str(tmp_path / "none"), "--chain", CHAIN, status=2)
    assert said == f"{tmp_path / 'none'} cannot be read: No such file or directory"
    wrong = {
        "metadata": {"interchange_format_version": "1", "genesis_hash": "0x" + "00" * 32},
        "data": [],
    }
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    said = refusal("key", "guard", "import", "val", str(tmp_path / "wrong.json"), "--chain", CHAIN, status=2)
    assert said == (
        f"{tmp_path / 'wrong.json'}: it is of the chain with genesis 0x{'00' * 32}, and this chain's is "
        f"0x{genesis_hash().hex()}"
    )
    public = ValidatorKeys.from_suri("//Alice").bls.public
    folder = history_folder(home, load_spec(CHAIN).id, public)
    folder.mkdir(parents=True)
    (folder / "journal").write_bytes(b"damaged")
    said = refusal("key", "guard", "show", "val", "--chain", CHAIN, status=2)
    assert said.startswith(f"the journal {folder / 'journal'} is damaged at byte 0 ")


# In processes of their own, at the full cost.


def test_a_terminal_asks_for_the_password_twice(tmp_path: Path) -> None:
    """And shows none of it."""
    environment = {**os.environ, "BALLAST_HOME": str(tmp_path / "home"), "COLUMNS": "100"}
    del environment["BALLAST_PASSWORD_FILE"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "key", "new", "bob"],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        said = ""
        for question in ("Password of the key bob: ", "The same again: "):
            while not said.endswith(question):
                said += os.read(ours, 1024).decode()
            os.write(ours, "pässword\n".encode())
        try:
            while data := os.read(ours, 1024):
                said += data.decode()
        except OSError:  # Linux says so when the other side is closed
            pass
        assert process.wait(30) == 0, said
    os.close(ours)
    assert "Key bob" in said and "pässword" not in said
    assert Keyring(tmp_path / "home" / "keys").open_account("bob", "pässword").kind == "sr25519"


def test_a_key_is_made_by_a_script(tmp_path: Path) -> None:
    command = [*COMMAND, "key", "new", "val", "--kind", "validator", "--base-path", str(tmp_path), "--json"]
    done = subprocess.run(
        [*command, "--password-file", str(tmp_path / "password")],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    opened = Keyring(tmp_path / "keys").open_validator("val", "password")
    assert json.loads(done.stdout)["publicKey"] == "0x" + opened.bls.public.hex()
    files = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "keys" / "val").iterdir()}
    assert files == {"bls.json": 0o600, "node.json": 0o600}
