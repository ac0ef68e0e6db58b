"""`ballast param`: what governance may move, where it stands, and what has moved it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from governance.parameters.types import Change, ParameterInfo, Referendum
from governance.tracks import BY_ID
from node.cli.faults import Fault
from node.cli.gov_api import GovApi, asking_gov
from node.cli.gov_words import value_words
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Limit, RpcUrl
from runtime.scale.errors import show as quoted

LIMIT: Final = 100
Path = Annotated[str, Parameter(help="The parameter, as Pallet.Item.")]

app = App(
    name="param",
    help_epilogue="""Examples:
  ballast param list
  ballast param list --topic fees
  ballast param show Redemption.FeeFloorPpb
  ballast param history Redemption.FeeFloorPpb --json
  ballast gov propose --param Reserve.TargetPpb=60000000 --from //Alice""",
)


@app.command(name="list")
async def list_(
    *,
    topic: Annotated[str | None, Parameter(help="Only those about this, such as fees.")] = None,
    moved: Annotated[
        bool, Parameter(negative="", show_default=False, help="Only those that have ever moved.")
    ] = False,
    limit: Limit = LIMIT,
    at: At = "best",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """List the parameters: where each stands, within which bounds, and which side is safe."""
    async with asking_gov(rpc, chain, at) as api:
        known = await api.ask(api.gov.parameters.list)
        topics = sorted({each.topic for each in known})
        if topic is not None and topic not in topics:
            raise Fault(f"no parameter is about {quoted(topic)}; the topics are: {', '.join(topics)}")
        found = [each for each in known if topic in (None, each.topic) and (each.changes or not moved)]
        if json:
            print_json([describe(each) for each in found[:limit]])
            return
        if not found:
            say("no parameter has ever moved" if topic is None else f"no parameter of {topic} has ever moved")
            return
        heads = ("Parameter", "Value", "Least", "Most", "Safe side", "Topic", "Moves")
        rows = [
            (
                each.path,
                value_words(each.path, each.value),
                f"{each.low:,}",
                f"{each.high:,}",
                each.safer or "none",
                each.topic,
                str(each.changes),
            )
            for each in found[:limit]
        ]
        for line in columns([heads, *rows]):
            say(line)
        if len(found) > limit:
            say(f"... and {len(found) - limit} more: --limit shows more than {limit}")


@app.command
async def show(
    path: Path,
    /,
    *,
    at: At = "best",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Show one parameter: what it is, where it may be moved now, and who decides of that."""
    async with asking_gov(rpc, chain, at) as api:
        info = await api.parameter(path)
        if json:
            print_json(describe(info))
            return
        for line in columns(list(_rows(api, info))):
            say(line)


@app.command
async def history(
    path: Path,
    /,
    *,
    limit: Limit = LIMIT,
    at: At = "best",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """List the moves of one parameter and what moved it, the last one first."""
    async with asking_gov(rpc, chain, at) as api:
        info = await api.parameter(path)
        changes: tuple[Change, ...] = await api.ask(api.gov.parameters.history, path)
        if json:
            print_json([_plain_change(api, each) for each in changes[:limit]])
            return
        if not changes:
            say(f"{path} never moved: it is {value_words(path, info.value)}")
            return
        rows = [
            (
                f"block {each.at:,}",
                api.clock.date(each.at),
                f"{value_words(path, each.old)} -> {value_words(path, each.new)}",
                mover_words(each),
            )
            for each in changes[:limit]
        ]
        for line in columns(rows):
            say(line)
        if info.changes > len(rows):
            say(f"... and {info.changes - len(rows)} earlier ones")


def mover_words(change: Change) -> str:
    """Who moved a parameter."""
    if isinstance(change.by, Referendum):
        return f"referendum {change.by.index}"
    return "Root, the key of a development chain"


def describe(info: ParameterInfo) -> dict[str, Any]:
    """A parameter as plain values."""
    return {
        "path": info.path,
        "type": info.kind,
        "doc": info.doc,
        "value": info.value,
        "default": info.default,
        "low": info.low,
        "high": info.high,
        "step": info.step,
        "least": info.least,
        "most": info.most,
        "topic": info.topic,
        "safer": info.safer or None,
        "upTrack": BY_ID[info.up_track].name,
        "downTrack": BY_ID[info.down_track].name,
        "changes": info.changes,
    }


def _plain_change(api: GovApi, change: Change) -> dict[str, Any]:
    by = change.by
    return {
        "block": change.at,
        "date": api.clock.date(change.at),
        "old": change.old,
        "new": change.new,
        "referendum": by.index if isinstance(by, Referendum) else None,
        "by": mover_words(change),
    }


def _rows(api: GovApi, info: ParameterInfo) -> Iterator[tuple[str, str]]:
    path = info.path
    yield "Parameter", f"{path}, {info.kind}"
    yield "What it is", info.doc
    yield "Value", value_words(path, info.value)
    yield "Default", value_words(path, info.default)
    yield "Bounds", f"{value_words(path, info.low)} to {value_words(path, info.high)}"
    if info.step is not None:
        yield "Step", f"{value_words(path, info.step)} within 14 days"
        yield "May be set now", f"{value_words(path, info.least)} to {value_words(path, info.most)}"
    yield "About", info.topic
    yield "Safe side", info.safer or "none: moves either way are looser"
    for direction, number in (("up", info.up_track), ("down", info.down_track)):
        track = BY_ID[number]
        deposit = api.words.coin.words(track.decision_deposit)
        hours = f"{track.enactment_hours} h after its approval at the earliest"
        yield f"Moves {direction}", f"decided on {track.name}, deposit {deposit}, enacted {hours}"
    yield "Moves so far", str(info.changes)
