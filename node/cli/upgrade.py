"""`ballast upgrade`: the next runtime - held, compared, rehearsed - and where the chain stands with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from genesis.load import load_spec
from genesis.spec import SpecError
from node.cli.faults import Fault, Refused, expected
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, ChainName, RpcUrl, data_folder
from node.cli.upgrade_dry_run import BasePath, dry_run
from node.client import Client, RemoteError, connect
from node.plugins import PluginError, discover, runtime_digest
from node.runtimes.asking import RuntimeUnfit
from node.runtimes.compare import Match, SeatMatch, match_runtime, match_seats
from node.runtimes.here import HOME
from node.runtimes.sources import SourceUnfit, gather
from node.runtimes.store import MANIFEST_BYTES_MAX, Held, RuntimeDamaged, Store
from runtime.crypto.hashing import blake2b_256
from runtime.frame.bound import storage_prefix
from runtime.manifest import CODE_KEY, Manifest
from runtime.scale import DecodeError, codec_of

PENDING: Final = storage_prefix("System", "PendingCode")
AUTHORIZED: Final = storage_prefix("System", "AuthorizedUpgrade")
HASH_BYTES: Final = 32

_MANIFEST: Final = codec_of(Manifest)
_CODE: Final = codec_of(bytes)
_HEX: Final = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})+)\s*")

app = App(
    name="upgrade",
    help_epilogue="""Examples:
  ballast upgrade prepare --chain next.json --code new/ --out next.scale
  ballast upgrade check next.scale     could what is installed run it?
  ballast upgrade dry-run 0x5f0c       its migrations, on a node's state
  ballast upgrade status               what runs, what comes, what is held""",
)


@app.command
def prepare(
    *,
    chain: ChainName = DEFAULT_CHAIN,
    code: Annotated[
        tuple[Path, ...],
        Parameter(
            negative="",
            help="A checkout, or a folder that `pip install --target` filled; may be repeated. What none of "
            "them holds is taken from what is installed.",
        ),
    ] = (),
    base_path: BasePath = None,
    out: Annotated[
        Path | None, Parameter(help="Write the manifest into this file, as it is proposed.")
    ] = None,
    json: Json = False,
) -> None:
    """Hold a runtime: the seats of a chain spec, filled by code. A node changes to it when its chain does."""
    with expected(SpecError, SourceUnfit, RuntimeUnfit, RuntimeDamaged, OSError):
        held = Store(base_path or data_folder()).hold(load_spec(chain), gather(code))
        if out is not None:
            out.write_bytes(held.code)
    if json:
        print_json({**describe(held), "code": "0x" + held.code.hex()})
        return
    for line in columns(
        [
            ("Runtime", "0x" + held.hash.hex()),
            ("Spec version", str(held.manifest.spec_version)),
            ("Pallets", ", ".join(each.name for each in held.manifest.pallets)),
            ("Held in", str(held.folder)),
        ]
    ):
        say(line)


@app.command
def check(
    file: Annotated[str, Parameter(help="A manifest: a file of its bytes or of hex.")],
    /,
    *,
    base_path: BasePath = None,
    json: Json = False,
) -> int:
    """Compare a manifest with what is installed, seat by seat. Its status is 1 where
    something differs and the runtime is not held either.
    """
    code, manifest = read_manifest(file)
    with expected(PluginError, RuntimeDamaged):
        held = Store(base_path or data_folder()).find(code)
        seats = match_seats(manifest, discover(HOME))
    package = match_runtime(manifest, runtime_digest())
    is_here = package == Match.Same and all(each.match == Match.Same for each in seats)
    if json:
        print_json(
            {
                "hash": "0x" + blake2b_256(code).hex(),
                "specVersion": manifest.spec_version,
                "runtime": str(package),
                "seats": [_seat(each) for each in seats],
                "installed": is_here,
                "held": held is not None,
            }
        )
    else:
        rows = [("", "runtime package", "", "", str(package))]
        rows += [
            (str(each.index), each.seat, each.wanted, each.here or "-", str(each.match)) for each in seats
        ]
        for line in columns([("Index", "Seat", "Wanted", "Here", ""), *rows]):
            say(line)
        say(f"Runtime 0x{blake2b_256(code).hex()}, spec version {manifest.spec_version}")
        say(f"Held in {held.folder}" if held else "Not held: `ballast upgrade prepare` puts it together")
    return 0 if is_here or held is not None else Refused.status


@app.command
async def status(*, rpc: RpcUrl = DEFAULT_RPC, base_path: BasePath = None, json: Json = False) -> None:
    """Show which runtime a node runs, which comes next, and whether it is held here."""
    store = Store(base_path or data_folder())
    with expected(RemoteError, RuntimeDamaged):
        async with connect(rpc) as client:
            running = await _stored(client, CODE_KEY) or b""
            pending = await _stored(client, PENDING)
            authorized = await _stored(client, AUTHORIZED)
        coming = None if pending is None else _CODE.decode(pending)
        report: dict[str, Any] = {
            "runs": _runtime(running, store),
            "pending": None if coming is None else _runtime(coming, store),
            "authorized": None if authorized is None else "0x" + authorized[:HASH_BYTES].hex(),
            "held": [describe(each) for each in store.held()],
        }
    if json:
        print_json(report)
        return
    rows = [("Runs", _words(report["runs"]))]
    if report["pending"]:
        rows.append(("At the end of the epoch", _words(report["pending"])))
    if report["authorized"]:
        rows.append(("Authorized", report["authorized"]))
    rows += [("Held", f"{each['hash']}, version {each['specVersion']}") for each in report["held"]]
    for line in columns(rows):
        say(line)


def describe(held: Held) -> dict[str, Any]:
    """A runtime of the store as plain values."""
    return {
        "hash": "0x" + held.hash.hex(),
        "specVersion": held.manifest.spec_version,
        "pallets": [each.name for each in held.manifest.pallets],
        "folder": str(held.folder),
    }


def read_manifest(file: str) -> tuple[bytes, Manifest]:
    """A manifest and its bytes, from a file that holds them as they are or in hex. Raises Fault."""
    path = Path(file)
    try:
        if path.stat().st_size > 2 * MANIFEST_BYTES_MAX:
            raise Fault(f"{file} is too long for a manifest")
        raw = path.read_bytes()
    except OSError as error:
        raise Fault(f"{file} cannot be read: {error.strerror}") from None
    found = _HEX.fullmatch(raw.decode("ascii", errors="replace"))
    code = raw if found is None else bytes.fromhex(found[1])
    try:
        return code, _MANIFEST.decode(code)
    except DecodeError as error:
        raise Fault(f"{file} holds no manifest: {error}") from None


async def _stored(client: Client, key: bytes) -> bytes | None:
    found = await client.call("state_getStorage", "0x" + key.hex())
    return None if found is None else bytes.fromhex(str(found)[2:])


def _runtime(code: bytes, store: Store) -> dict[str, Any]:
    try:
        version = _MANIFEST.decode(code).spec_version
    except DecodeError:
        version = None
    return {
        "hash": "0x" + blake2b_256(code).hex(),
        "specVersion": version,
        "held": store.find(code) is not None,
    }


def _words(runtime: dict[str, Any]) -> str:
    held = "held" if runtime["held"] else "not held"
    return f"{runtime['hash']}, version {runtime['specVersion']}, {held}"


def _seat(each: SeatMatch) -> dict[str, Any]:
    return {
        "index": each.index,
        "seat": each.seat,
        "wanted": each.wanted,
        "here": each.here or None,
        "match": str(each.match),
    }


app.command(dry_run, name="dry-run")
