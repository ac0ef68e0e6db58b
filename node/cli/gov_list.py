"""`ballast gov list | history`: the referenda that go on, and what became of those that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from governance.referenda.types import Refused
from governance.tally import approval_ppb, support_ppb
from node.cli.figures import percent
from node.cli.gov_api import GovApi, asking_gov
from node.cli.gov_words import PHASES, summary
from node.cli.names import account_of
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Kind, Limit, RpcUrl
from node.gov.drafts import track_named
from node.gov.looks import refusal_words
from node.gov.referenda import Stand, read_ended, read_open, read_proposal
from node.gov.timeline import next_moment

LIMIT: Final = 20
OpenPhase = Literal["unpaid", "preparing", "queued", "deciding", "confirming"]
EndedPhase = Literal["approved", "enacted", "refused", "rejected", "cancelled", "timed_out", "killed"]
TrackName = Annotated[str | None, Parameter(name="--track", help="Only those of this track, by its name.")]


async def list_(
    *,
    mine: Annotated[
        str | None,
        Parameter(help="Only those on which this account has no voice yet, by itself or by a delegate."),
    ] = None,
    track: TrackName = None,
    state: Annotated[OpenPhase | None, Parameter(help="Only those that stand there.")] = None,
    limit: Limit = LIMIT,
    at: At = "best",
    kind: Kind = "sr25519",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """List the referenda that go on, by number."""
    who = None if mine is None else account_of(mine, kind)
    async with asking_gov(rpc, chain, at) as api:
        heard = () if who is None else await api.ask(api.gov.voting.votes_of, who)
        voiced = frozenset(each.poll for each in heard)
        class_ = None if track is None else track_named(track).id
        found = [
            each
            for each in await api.view(partial(read_open, api.gov))
            if each.index not in voiced
            and class_ in (None, each.track_id)
            and state in (None, each.phase.value)
        ]
        nothing = "no such referendum goes on"
        if (mine, track, state) == (None, None, None):
            nothing = "no referendum goes on: `ballast gov propose` opens one"
        await _show(api, found, limit, nothing, as_json=json)


async def history(
    *,
    track: TrackName = None,
    state: Annotated[EndedPhase | None, Parameter(help="Only those that ended so.")] = None,
    limit: Limit = LIMIT,
    at: At = "best",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """List the referenda that have ended and what became of them, the last one first."""
    async with asking_gov(rpc, chain, at) as api:
        class_ = None if track is None else track_named(track).id
        found = [
            each
            for each in await api.view(partial(read_ended, api.gov))
            if class_ in (None, each.track_id) and state in (None, each.phase.value)
        ]
        nothing = "no such referendum has ended"
        if (track, state) == (None, None):
            nothing = "no referendum has ended"
        await _show(api, found, limit, nothing, as_json=json)


async def _show(api: GovApi, found: Sequence[Stand], limit: int, nothing: str, *, as_json: bool) -> None:
    values = {each.path: each.value for each in await api.ask(api.gov.parameters.list)} if found else {}
    told = [await _describe(api, each, values) for each in found[:limit]]
    if as_json:
        print_json(told)
        return
    if not told:
        say(nothing)
        return
    heads = ("No.", "Track", "Proposes", "State", "Ayes", "Support", "When")
    rows = [
        (
            str(each["referendum"]),
            each["track"],
            each["proposes"],
            PHASES[stand.phase],
            percent(each["approvalPpb"]) if each["ayes"] or each["nays"] else "-",
            percent(each["supportPpb"]),
            _when(api, each),
        )
        for each, stand in zip(told, found, strict=False)
    ]
    for line in columns([heads, *rows]):
        say(line)
    if len(found) > limit:
        say(f"... and {len(found) - limit} more: --limit shows more than {limit}")


async def _describe(api: GovApi, stand: Stand, values: dict[str, int]) -> dict[str, Any]:
    proposal = await api.view(partial(read_proposal, api.gov, stand.proposal))
    moment = next_moment(stand, api.number, api.turnout_max, api.undeciding_timeout)
    # What has ended is told without the parameters of now.
    known = values if stand.ended is None else {}
    return {
        "referendum": stand.index,
        "track": stand.track.name,
        "proposes": summary(api.gov, api.words, proposal, known),
        "state": stand.phase.value,
        "ayes": stand.tally.ayes,
        "nays": stand.tally.nays,
        "support": stand.tally.support,
        "approvalPpb": approval_ppb(stand.tally),
        "supportPpb": support_ppb(stand.tally, api.turnout_max),
        "next": None
        if moment is None
        else {"what": moment.what, "block": moment.block, "date": api.clock.date(moment.block)},
        "refusal": reason_of(api, stand),
    }


def reason_of(api: GovApi, stand: Stand) -> str | None:
    """Why nothing remains of what was approved; None if it is not so."""
    fate = None if stand.record is None else stand.record.fate
    return refusal_words(api.words, fate.reason) if isinstance(fate, Refused) else None


def _when(api: GovApi, told: dict[str, Any]) -> str:
    following = told["next"]
    if following is None:
        return "-"
    left = api.clock.left(following["block"])
    return f"{following['what']} {left}" + (f": {told['refusal']}" if told["refusal"] else "")
