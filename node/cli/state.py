"""`ballast state`: the root of a set of entries, computed by the trie that the chain's states stand on."""

from __future__ import annotations

import json as jsons
import random
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from node.cli.faults import Fault
from node.cli.output import Json, is_list, print_json, say
from runtime.crypto.hashing import blake2b_256
from runtime.state import MemoryStates
from runtime.trie import StateVersion

BATCHES: Final = 8
"""In how many batches entries enter the trie, or a few more."""
BATCH_MAX: Final = 512
"""Entries that enter it together, at most."""
DECOY: Final = b"\xff" * 40
"""The value of keys that are deleted again."""
STDIN: Final = "-"
_HEX: Final = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})*)")

app = App(
    name="state",
    help_epilogue="""Examples:
  ballast state root --version 1 entries.json
  echo '[["0x01", "0x02"]]' | ballast state root --version 0 -""",
)


@app.command
def root(
    file: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True, help="A JSON list of [key, value] in hex; - reads standard input."
        ),
    ],
    /,
    *,
    version: Annotated[
        Literal[0, 1], Parameter(help="The state version: from 1 on, long values are stored by their hash.")
    ] = 1,
    json: Json = False,
) -> None:
    """Compute the state root of entries.

    They enter the trie as a chain's do, in batches on top of each other: in an
    order shuffled by their content, some with another value first, and with keys
    between them that are deleted again. The root must not care.
    """
    entries = read_entries(_read(file))
    found = root_of(entries, StateVersion(version))
    if json:
        print_json({"root": "0x" + found.hex(), "version": version, "entries": len(entries)})
    else:
        say("0x" + found.hex())


def root_of(entries: dict[bytes, bytes], version: StateVersion) -> bytes:
    """The root of `entries`, reached by detours that are the same for the same entries."""
    keys = sorted(entries)
    dice = random.Random(blake2b_256(b"".join(key + entries[key] for key in keys)))
    dice.shuffle(keys)
    decoys = [_decoy(dice, key) for key in keys]
    states = MemoryStates(version=version, window=1)
    states.genesis({})
    size = min(BATCH_MAX, len(keys) // BATCHES + 1)
    for start in range(0, len(keys), size):
        chosen = keys[start : start + size]
        passing = [decoy for decoy in decoys[start : start + size] if decoy not in entries]
        there: dict[bytes, bytes | None] = {
            **dict.fromkeys(passing, DECOY),
            **_half_done(dice, entries, chosen),
        }
        states.finalize(states.head.child(there, {}))
        done = {key: entries[key] for key in chosen}
        states.finalize(states.head.child({**dict.fromkeys(passing), **done}, {}))
    return states.head.root


def _decoy(dice: random.Random, key: bytes) -> bytes:
    """A key near another: cut short, made longer, or with another ending."""
    match dice.randrange(3):
        case 0:
            return key[: dice.randrange(len(key) + 1)]
        case 1:
            return key + dice.randbytes(1)
        case _:
            return key[:-1] + dice.randbytes(1)


def _half_done(dice: random.Random, entries: dict[bytes, bytes], keys: list[bytes]) -> dict[bytes, bytes]:
    """About half of the entries with another value, about a quarter as they are, the rest not yet."""
    there: dict[bytes, bytes] = {}
    for key in keys:
        chance = dice.randrange(4)
        if chance < 2:
            there[key] = dice.randbytes(dice.choice((1, 31, 32, 33)))
        elif chance == 2:
            there[key] = entries[key]
    return there


# Reading.


def read_entries(text: str) -> dict[bytes, bytes]:
    """The entries that a JSON document lists. Raises Fault, naming the place."""
    try:
        document: Any = jsons.loads(text)
    except RecursionError:
        raise Fault("the document nests too deep: a list of [key, value] is expected") from None
    except jsons.JSONDecodeError as error:
        raise Fault(f"no JSON, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except ValueError:
        raise Fault("the document holds a number of too many digits") from None
    if not is_list(document):
        raise Fault("the document is no list: a list of [key, value] is expected")
    entries: dict[bytes, bytes] = {}
    for place, pair in enumerate(document):
        if not is_list(pair) or len(pair) != 2:
            raise Fault(f"entry {place} is no [key, value]")
        key, value = (
            _bytes(pair[0], f"the key of entry {place}"),
            _bytes(pair[1], f"the value of entry {place}"),
        )
        if key in entries:
            raise Fault(f"entry {place} has the key 0x{key.hex()}, as an entry before it has")
        entries[key] = value
    return entries


def _bytes(value: Any, where: str) -> bytes:
    match = _HEX.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Fault(f"{where} is no hex")
    return bytes.fromhex(match[1])


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise Fault(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Fault(f"{file} is no text") from None
