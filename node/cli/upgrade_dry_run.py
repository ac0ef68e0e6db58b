"""`ballast upgrade dry-run`: a held runtime takes over the state of a running node, to see what it does."""

from __future__ import annotations

import json as jsons
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import trio
from cyclopts import Parameter
from rich.console import Console

from genesis.load import load_spec
from genesis.spec import SpecError
from node.cli.faults import Fault, Refused, expected
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, ChainName, RpcUrl, data_folder
from node.client import RemoteError, connect
from node.plugins import PluginError
from node.runtimes.asking import RuntimeUnfit, ask
from node.runtimes.here import runtime_here
from node.runtimes.snapshot import Snapshot, SnapshotUnfit, take, write_snapshot
from node.runtimes.store import RuntimeDamaged, Store
from runtime.lifecycle import LoadError
from runtime.manifest import Manifest
from runtime.scale import codec_of
from runtime.scale.errors import show

REHEARSAL_SECONDS_MAX: Final = 3_600.0
"""How long a rehearsal may take."""

BasePath: TypeAlias = Annotated[
    Path | None,
    Parameter(
        name="--base-path",
        help="The data folder of the node, below which its runtimes are held. By default the user's data "
        "folder, or $BALLAST_HOME.",
    ),
]
"""The option that says where runtimes are held."""

_MANIFEST: Final = codec_of(Manifest)


async def dry_run(
    runtime: Annotated[str, Parameter(help="The hash of a runtime that is held, or how it begins.")],
    /,
    *,
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    base_path: BasePath = None,
    json: Json = False,
) -> int:
    """Rehearse a runtime on the state of a running node: what its migrations change
    and weigh, whether the chain would stand still, whether all holds before and
    after. Its status is 1 where something speaks against it.
    """
    store = Store(base_path or data_folder())
    held = store.named(runtime)
    if held is None:
        raise Fault(f"no one runtime in {store.folder} is called {show(runtime)}: `ballast upgrade prepare`")
    with (
        expected(
            RemoteError,
            SnapshotUnfit,
            RuntimeUnfit,
            RuntimeDamaged,
            SpecError,
            LoadError,
            PluginError,
            OSError,
        ),
        tempfile.TemporaryDirectory(prefix="ballast-rehearsal-") as place,
    ):
        async with connect(rpc) as client:
            with _counting("entries of the state") as told:
                snapshot = await take(client, told)
        file = Path(place) / "snapshot"
        write_snapshot(file, snapshot)
        report: dict[str, Any] = {
            "runtime": "0x" + held.hash.hex(),
            "block": snapshot.header.number,
            "entries": len(snapshot.entries),
            "before": await _before(store, snapshot, file, chain),
            **jsons.loads(await _rehearse(held.folder, file, chain, "change")),
        }
    if json:
        print_json(report)
    else:
        for line in columns(_story(report)):
            say(line)
    return 0 if report["good"] else Refused.status


async def _before(store: Store, snapshot: Snapshot, file: Path, chain: str) -> list[dict[str, str]] | None:
    """What did not hold before, said by the runtime that made the state; None where that is not here."""
    folder: Path | None = None
    if (held := store.find(snapshot.code)) is not None:
        folder = held.folder
    elif _MANIFEST.encode(runtime_here(load_spec(chain)).manifest) != snapshot.code:
        return None
    found: list[dict[str, str]] = jsons.loads(await _rehearse(folder, file, chain, "look"))
    return found


async def _rehearse(folder: Path | None, file: Path, chain: str, what: str) -> str:
    question = partial(
        ask, folder, "node.runtimes.rehearse", str(file), chain, what, seconds=REHEARSAL_SECONDS_MAX
    )
    return await trio.to_thread.run_sync(question)


def _story(report: dict[str, Any]) -> list[tuple[str, str]]:
    """A rehearsal for people."""
    before, blocks = report["before"], report["blocks"]
    time_ps, seconds = (sum(each[figure] for each in blocks) for figure in ("refTime", "seconds"))
    rows = [
        ("Runtime", report["runtime"]),
        ("State", f"of block {report['block']}, {report['entries']} entries"),
        ("Before", "its runtime is not here to say" if before is None else _faults(before)),
        ("Migrations", f"{len(blocks)} blocks, {time_ps / 1e9:.1f} ms declared, {seconds * 1e3:.1f} ms here"),
    ]
    rows += [("Changes", f"{item or 'other keys'}: {count}") for item, count in report["changed"].items()]
    again = f"it would change {len(report['again'])} keys once more" if report["again"] else "nothing"
    rows += [("A second time", again), ("After", report["halt"] or _faults(report["faults"]))]
    rows.append(("Verdict", "nothing speaks against it" if report["good"] else "do not enact it"))
    return rows


def _faults(found: list[dict[str, str]]) -> str:
    return "; ".join(f"{each['where']}: {each['what']}" for each in found) or "all holds"


@contextmanager
def _counting(what: str) -> Generator[Callable[[int], None]]:
    """Tell a person, while it lasts, how many have come."""
    console = Console(file=sys.stderr)
    with console.status(f"{what}: 0") as status:
        yield lambda count: status.update(f"{what}: {count}")
