"""`ballast run` at its door: what it says when it begins, and in one line each, why it does not."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.consensus.lock import KeyLock
from node.wallet.keyring import Keyring, ValidatorKeys
from node.wallet.password import Cost
from support.cli import ballast, refusal
from support.devnode import wait_until_ready
from support.processes import COMMAND, ROOT, STOP_SECONDS_MAX

ANY_PORTS = ("--rpc-port", "0", "--listen-port", "0")
LOCAL = ("run", "--chain", "local", *ANY_PORTS)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A node that knows nobody, and its folder."""
    place = tmp_path_factory.mktemp("run")
    ready, out = place / "ready.json", place / "out"
    options = ("--base-path", str(place / "data"), "--ready-file", str(ready), "--log", "warning")
    with out.open("wb") as written:
        process = subprocess.Popen(
            [*COMMAND, *LOCAL, *options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(process, ready, out)
        yield process, place
    finally:
        process.kill()
        process.wait()


def test_who_knows_nobody_is_told_so_before_it_is_ready(node: tuple[subprocess.Popen[bytes], Path]) -> None:
    _, place = node
    *_, hint, ready = (place / "out").read_text().splitlines()
    assert (hint, ready) == (
        "No peer is known: this node waits for others to dial it, or name one, --bootnode PEER@HOST:PORT",
        "READY",
    )


def test_a_second_one_in_its_folder_is_refused(node: tuple[subprocess.Popen[bytes], Path]) -> None:
    data = node[1] / "data"
    said = refusal(*LOCAL, "--base-path", str(data), status=2)
    path = data / "chains" / "ballast-local" / "db"
    assert said == f"the database at {path} is in use by another process: stop that one first"


def test_from_the_keyboard_it_is_stopped_without_a_word(node: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, place = node
    process.send_signal(signal.SIGINT)
    assert process.wait(STOP_SECONDS_MAX) == 0
    assert (place / "out").read_text().endswith("READY\n")
    assert not (place / "ready.json").exists()


def test_its_folder_is_that_of_one_chain(node: tuple[subprocess.Popen[bytes], Path], tmp_path: Path) -> None:
    assert node[0].poll() is not None
    spec = ballast("chain", "spec", "--chain", "local").json
    spec["genesis"]["Attestation"]["windows_a_day"] -= 1
    other = tmp_path / "other.json"
    other.write_text(json.dumps(spec))
    said = refusal("run", "--chain", str(other), *ANY_PORTS, "--base-path", str(node[1] / "data"), status=2)
    assert " holds the chain with genesis 0x" in said
    assert said.endswith(
        ": give another --base-path, or run with the spec that made it; --tmp gives a fresh chain"
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--checkpoint", "latest"), "nobody is known whose state could be taken: name a peer, --bootnode "),
        (("--checkpoint", "12"), "--checkpoint is the hash of a block, 0x and 64 hexadecimal digits, or "),
        (("--dev-key", "word"), "a phrase has 12, 15, 18, 21 or 24 words, not 1"),
        (("--dev-key", "//Alice/soft"), "junction 2 is soft, and ed25519 keys have hard junctions (//) only"),
        (("--dev-key", "//Alice", "--validator", "val-1"), "--validator and --dev-key exclude each other"),
        (("--validator", "val-1"), "{base}/keys has no key val-1: `ballast key list` names those there are"),
        (("--bootnode", "here"), "--bootnode: 'here' is no address of a peer: an address is written "),
        (("--listen-host", "192.0.2.1"), "cannot listen for peers on 192.0.2.1:0: "),
        (("--rpc-host", "192.0.2.1"), "cannot listen on 192.0.2.1:0: "),
    ],
)
def test_what_cannot_be_begun(arguments: tuple[str, ...], why: str, tmp_path: Path) -> None:
    said = refusal(*LOCAL, "--base-path", str(tmp_path), *arguments, status=2)
    assert said.startswith(why.format(base=tmp_path)), said


def test_a_chain_without_validators_is_not_run() -> None:
    said = refusal("run", "--chain", "dev", "--tmp", *ANY_PORTS, status=2)
    assert said == "the chain has no validators: `ballast dev` runs it, alone"


@pytest.mark.parametrize("key", [(), ("--dev-key", "//Alice")])
def test_a_folder_that_cannot_be(key: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    said = refusal(*LOCAL, "--base-path", str(file), *key, status=2)
    assert said == f"{file / 'chains' / 'ballast-local'}: Not a directory"


def test_ports_that_are_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = ("run", "--chain", "local", "--tmp")
        other = "the port is taken; choose another with"
        said = refusal(*run, "--rpc-port", "0", "--listen-port", str(port), status=2)
        assert said == f"cannot listen for peers on 127.0.0.1:{port}: {other} --listen-port"
        said = refusal(*run, "--listen-port", "0", "--rpc-port", str(port), status=2)
        assert said == f"cannot listen on 127.0.0.1:{port}: {other} --rpc-port"


def test_a_key_at_work_is_told_of_before_its_password_is_asked_for(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path / "keys")
    keyring.create_validator(
        "val-1", ValidatorKeys.from_suri("//Alice").bls.secret_bytes, "pw", cost=Cost.LIGHT
    )
    validator = (*LOCAL, "--base-path", str(tmp_path), "--validator", "val-1")
    with KeyLock(keyring.lock_path("val-1")):
        said = refusal(*validator, status=2)
        assert said.startswith("the key is in use by process ")
    assert refusal(*validator, status=2).startswith("no password for the key val-1: ")
    password = tmp_path / "password"
    password.write_text("wrong\n")
    said = refusal(*validator, "--password-file", str(password), status=2)
    assert said == f"{keyring.folder / 'val-1' / 'bls.json'}: the password is wrong"
    password.write_text("x" * 5_000)
    said = refusal(*validator, "--password-file", str(password), status=2)
    assert said == "a password has at most 4096 characters"
