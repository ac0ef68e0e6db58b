"""`ballast block`: a block, its transactions and events, decoded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import App, Parameter

from node.cli.figures import coverage_in
from node.cli.output import Json, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, ChainName, RpcUrl
from node.cli.remote import Remote, reach
from node.cli.words import Words, inline
from pallets.system.types import ApplyExtrinsic, EventRecord, Phase
from runtime.executive.extrinsic import Extrinsic, Signature
from runtime.types.account import Address
from runtime.types.block import Block
from runtime.types.digest import DigestItem

app = App(
    name="block",
    help_epilogue="""Examples:
  ballast block
  ballast block 12
  ballast block finalized --json""",
)

_KINDS = ("ed25519", "sr25519", "ecdsa")


@app.default
async def show(
    which: Annotated[str, Parameter(help="The block: a number, a hash, best or finalized.")] = "best",
    /,
    *,
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Show a block: its header, and each transaction with the events that it caused."""
    async with reach(rpc, chain) as remote:
        block_hash = await remote.block_hash(which)
        block = await remote.chain.block(block_hash)
        events = await remote.chain.events(block_hash)
        report = describe(remote, block_hash, block, events)
    if json:
        print_json(report)
    else:
        _show(report)


def describe(
    remote: Remote, block_hash: bytes, block: Block, events: tuple[EventRecord, ...]
) -> dict[str, Any]:
    """A block as plain values."""
    header, words = block.header, remote.words
    return {
        "number": header.number,
        "hash": "0x" + block_hash.hex(),
        "parentHash": "0x" + header.parent_hash.hex(),
        "stateRoot": "0x" + header.state_root.hex(),
        "extrinsicsRoot": "0x" + header.extrinsics_root.hex(),
        "digest": [_digest_item(words, item) for item in header.digest.logs],
        "extrinsics": [
            {
                **_extrinsic(words, remote.runtime.decode(raw)),
                "events": _events(words, events, ApplyExtrinsic(index)),
            }
            for index, raw in enumerate(block.extrinsics)
        ],
        "events": [
            {"phase": type(each.phase).__variant_name__, **words.event(each.event)}
            for each in events
            if not isinstance(each.phase, ApplyExtrinsic)
        ],
    }


def _digest_item(words: Words, item: DigestItem) -> Any:
    coverage = coverage_in(item)
    return words.record(item) if coverage is None else {"Coverage": words.record(coverage)}


def _extrinsic(words: Words, extrinsic: Extrinsic) -> dict[str, Any]:
    signed = extrinsic.signature
    return {
        "hash": "0x" + extrinsic.hash.hex(),
        "call": words.plain_call(extrinsic.call),
        "signer": None if signed is None else _signer(words, signed),
        "signature": None if signed is None else _KINDS[signed.kind],
    }


def _signer(words: Words, signed: Signature) -> str:
    address = signed.address
    return words.address(address.account) if isinstance(address, Address) else inline(words.record(address))


def _events(words: Words, events: tuple[EventRecord, ...], phase: Phase) -> list[dict[str, Any]]:
    return [words.event(each.event) for each in events if each.phase == phase]


def _show(report: dict[str, Any]) -> None:
    say(f"Block {report['number']}, {report['hash']}")
    say(f"Parent {report['parentHash']}")
    say(f"State root {report['stateRoot']}")
    for item in report["digest"]:
        say(f"Digest {inline(item)}")
    for index, extrinsic in enumerate(report["extrinsics"]):
        ((name, arguments),) = extrinsic["call"].items()
        who = f" by {extrinsic['signer']}" if extrinsic["signer"] else ""
        say(f"{index}. {name}{who}: {inline(arguments)}{_time(name, arguments)}")
        for event in extrinsic["events"]:
            _say_event(event)
    if report["events"]:
        say("Beside them:")
        for event in report["events"]:
            _say_event({name: fields for name, fields in event.items() if name != "phase"})


def _say_event(event: dict[str, Any]) -> None:
    ((name, fields),) = event.items()
    say(f"   {name}: {inline(fields)}")


def _time(call: str, arguments: dict[str, Any]) -> str:
    """What a block's own time says, in words."""
    if call != "Timestamp.set":
        return ""
    return f" ({datetime.fromtimestamp(arguments['now'] / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC)"
