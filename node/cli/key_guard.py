"""`ballast key guard`: what a validator's key has signed, and its move to another machine."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from genesis.build import GenesisError, build_genesis
from genesis.load import load_spec
from genesis.spec import SpecError
from node.cli.faults import Fault, expected
from node.cli.key_store import BasePath, KeysFolder, Name, keyring_at, keyring_errors
from node.cli.output import Json, columns, print_json, say
from node.cli.places import ChainName, data_folder
from node.cli.remote import local_runtime
from node.consensus.disk import RealDisk
from node.consensus.guard import UNKNOWN, Guard, Mark, Place
from node.consensus.history import begin_history, history_folder, load_guard, save_guard
from node.consensus.interchange import (
    FILE_BYTES_MAX,
    InterchangeError,
    read_interchange,
    write_interchange,
)
from node.consensus.journal import JournalError
from node.consensus.lock import KeyInUse, KeyLock
from node.plugins import PluginError
from node.wallet.keyfile import write_file
from runtime.lifecycle import LoadError
from runtime.simplex import Kind
from runtime.state import MemoryStates

app = App(
    name="guard",
    help="Show and move what a validator's key has signed, while its node is stopped.",
    help_epilogue="""A key that moves takes this with it, or it may sign twice and be slashed:
  old$ ballast key guard export val-1 --chain main.json --out signed.json
  then bring signed.json and the folder keys/val-1 to the new machine
  new$ ballast key guard import val-1 signed.json --chain main.json
From then on the old machine must not sign with the key again.""",
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A key on a chain, its node stopped."""

    folder: Path
    genesis_hash: bytes
    public: bytes

    def load(self) -> Guard:
        return load_guard(RealDisk(), self.folder, self.genesis_hash, self.public)


@app.command
def show(
    name: Name,
    /,
    *,
    chain: ChainName,
    keys: KeysFolder = None,
    base_path: BasePath = None,
    json: Json = False,
) -> None:
    """Show the last statement of each kind that a key has signed on a chain."""
    with _stopped(name, chain, keys, base_path) as place:
        marks = place.load().highest
    if json:
        print_json([_plain(mark) for mark in marks])
        return
    if not marks:
        say(f"The key {name} has signed nothing on this chain, as far as this machine knows")
        return
    heads = ("Kind", "Epoch", "View", "Statement")
    rows = [tuple(map(str, _plain(mark).values())) for mark in marks]
    for line in columns([heads, *rows]):
        say(line)


@app.command
def export(
    name: Name,
    /,
    *,
    chain: ChainName,
    out: Annotated[
        Path | None, Parameter(help="A new file to write to; standard output unless given.")
    ] = None,
    keys: KeysFolder = None,
    base_path: BasePath = None,
    json: Json = False,
) -> None:
    """Write what a key has signed as an interchange file, for the machine that it moves to."""
    with _stopped(name, chain, keys, base_path) as place:
        data = write_interchange(place.genesis_hash, place.public, place.load().highest)
        if out is None:
            say(data.decode().rstrip("\n"))
            return
        write_file(out, data)
    if json:
        print_json({"file": str(out)})
    else:
        say(f"Written {out}")


@app.command(name="import")
def import_(
    name: Name,
    file: Annotated[Path, Parameter(help="An interchange file from where the key was at work last.")],
    /,
    *,
    chain: ChainName,
    keys: KeysFolder = None,
    base_path: BasePath = None,
    json: Json = False,
) -> None:
    """Take in what a key has signed elsewhere. Nothing is ever lowered: the later of each kind counts."""
    with _stopped(name, chain, keys, base_path) as place:
        guard = place.load()
        for mark in _read(file, place):
            guard.raise_floor(mark)
        save_guard(RealDisk(), place.folder, guard, place.genesis_hash, place.public)
    _print_floors(guard, json)


@app.command
def begin(
    name: Name,
    /,
    *,
    chain: ChainName,
    after: Annotated[
        str | None,
        Parameter(name="--after", help="EPOCH/VIEW: it may have signed up to here, and nothing later."),
    ] = None,
    keys: KeysFolder = None,
    base_path: BasePath = None,
    json: Json = False,
) -> None:
    """Give your word that a key has signed nothing that is not known here.

    It then votes as soon as its node is in step with the others. Without a
    history a key waits until what it may have signed is past, for which the
    other validators must go on without it.

    Give your word for a new key on a new chain; or, with --after, where so
    many histories are lost that the others cannot go on: name a view that no
    node has come to (`ballast net status` shows them). A word that is not
    true is slashed as double signing.
    """
    last = () if after is None else [Mark(kind, *_view_of(after), UNKNOWN) for kind in Kind]
    with _stopped(name, chain, keys, base_path) as place:
        guard = begin_history(RealDisk(), place.folder, place.genesis_hash, place.public, last)
    _print_floors(guard, json)
    if not json:
        say(f"The key {name} votes as soon as its node is in step with the others")


@contextmanager
def _stopped(name: str, chain: str, keys: Path | None, base_path: Path | None) -> Generator[_Place]:
    """A validator's key on a chain, held so that no node signs with it meanwhile. Raises Fault."""
    with (
        keyring_errors(),
        expected(SpecError, LoadError, PluginError, GenesisError, JournalError, KeyInUse, InterchangeError),
    ):
        keyring = keyring_at(base_path, keys)
        with KeyLock(keyring.lock_path(name)):
            spec = load_spec(chain)
            genesis = build_genesis(local_runtime(spec), spec.genesis, MemoryStates().head)
            public = keyring.info(name).public
            folder = history_folder(base_path or data_folder(), spec.id, public)
            yield _Place(folder, genesis.hash, public)


def _read(file: Path, place: _Place) -> tuple[Mark, ...]:
    try:
        with file.open("rb") as opened:
            data = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Fault(f"{file} cannot be read: {error.strerror}") from None
    try:
        return read_interchange(data, place.genesis_hash, place.public)
    except InterchangeError as error:
        raise Fault(f"{file}: {error}") from None


def _view_of(text: str) -> Place:
    """A view as people write it. Raises Fault."""
    epoch, slash, view = text.partition("/")
    if not slash or not (epoch.isdecimal() and view.isdecimal()) or max(int(epoch), int(view)) >= 1 << 64:
        raise Fault(f"{text!r} is no view: give EPOCH/VIEW, such as 12/345")
    return int(epoch), int(view)


def _print_floors(guard: Guard, json: bool) -> None:
    if json:
        print_json([_plain(mark) for mark in guard.highest])
        return
    for mark in guard.highest:
        verb = mark.kind.name.lower()
        say(f"Nothing is signed to {verb} up to epoch {mark.epoch}, view {mark.view}")


def _plain(mark: Mark) -> dict[str, Any]:
    return {
        "kind": mark.kind.name.lower(),
        "epoch": mark.epoch,
        "view": mark.view,
        "statement": None if mark.digest == UNKNOWN else "0x" + mark.digest.hex(),
    }
