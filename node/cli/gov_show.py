"""`ballast gov show`: one referendum, with all that a voter may want to know of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from governance.conviction import Conviction
from governance.parameters.types import Change
from governance.parameters.types import Referendum as ByReferendum
from governance.tally import approval_ppb, support_ppb
from node.cli.figures import percent
from node.cli.gov_api import GovApi, asking_gov
from node.cli.gov_list import reason_of
from node.cli.gov_plain import needs, plain_referendum
from node.cli.gov_voter import own_lines, own_voice
from node.cli.gov_words import (
    PHASES,
    STAGES,
    printable,
    together_rows,
    tree_lines,
    value_words,
)
from node.cli.names import account_of
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Kind, RpcUrl
from node.gov.calls import Move, moves, tree
from node.gov.deposits import refunds_of
from node.gov.looks import refusal_words
from node.gov.referenda import Phase, Referendum
from node.gov.timeline import end_block, timeline
from node.gov.voices import Sides, sides, voices

INDEX_MAX: Final = (1 << 32) - 1
Index = Annotated[
    int, Parameter(validator=Number(gte=0, lte=INDEX_MAX), help="The referendum, by its number.")
]


async def show(
    referendum: Index,
    /,
    *,
    account: Annotated[
        str | None, Parameter(help="Say also how this account's voice is used, and until when it locks.")
    ] = None,
    at: At = "best",
    kind: Kind = "sr25519",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Show one referendum: what it would change, how it stands, what it needs, and when what happens."""
    who = None if account is None else account_of(account, kind)
    async with asking_gov(rpc, chain, at) as api:
        found = await api.referendum(referendum)
        counted = await _sides(api, found)
        changes = await _changes(api, found)
        mine = None if who is None else await own_voice(api, found.stand, who)
        if json:
            plain = plain_referendum(api, found, counted, changes)
            print_json(plain if mine is None else {**plain, "account": mine})
            return
        for line in _lines(api, found, counted, changes):
            say(line)
        if mine is not None:
            for line in own_lines(api, mine):
                say(line)


async def _sides(api: GovApi, found: Referendum) -> Sides | None:
    """The coins on each side while votes are kept; None when it has ended, or they are too many to count."""
    stand = found.stand
    if stand.status is None:
        return None
    heard = await voices(api.remote.chain, api.gov, api.at, stand.track_id, stand.index)
    return None if heard is None else sides(heard)


async def _changes(api: GovApi, found: Referendum) -> list[dict[str, Any]]:
    """What becomes of each parameter that is moved: now and proposed; or previous and set, once enacted."""
    call = found.proposal.call
    return [] if call is None else [await _change(api, found, each) for each in moves(api.gov, call)]


async def _change(api: GovApi, found: Referendum, move: Move) -> dict[str, Any]:
    info = await api.ask(api.gov.parameters.get, move.path)
    now = None if info is None else info.value
    plain = {"path": move.path, "doc": None if info is None else info.doc, "proposed": move.value, "now": now}
    if found.stand.phase is not Phase.ENACTED:
        return plain
    by = ByReferendum(found.stand.index)
    history: tuple[Change, ...] = await api.ask(api.gov.parameters.history, move.path)
    made = next((each for each in history if each.by == by and each.new == move.value), None)
    return {
        **plain,
        "previous": None if made is None else made.old,
        "set": None if made is None else made.new,
    }


def _lines(
    api: GovApi, found: Referendum, counted: Sides | None, changes: list[dict[str, Any]]
) -> Iterator[str]:
    stand, status = found.stand, found.stand.status
    yield from columns(list(_head(api, found)))
    yield from _change_lines(changes)
    yield "Calls"
    call = found.proposal.call
    if call is None:
        yield f"  cannot be read: {found.proposal.why}"
    else:
        yield from tree_lines(api.words, tree(call))
    yield from _look_lines(api, found)
    yield "Votes" if status is not None else "Votes at its end"
    yield from columns(list(_vote_rows(api, found, counted)), indent="  ")
    yield "Timeline"
    moments = timeline(stand, api.number, api.turnout_max, api.undeciding_timeout)
    yield from columns([(each.what, api.when(each.block)) for each in moments], indent="  ")
    yield from _lock_lines(api, found)


def _head(api: GovApi, found: Referendum) -> Iterator[tuple[str, str]]:
    stand, words = found.stand, api.words
    yield "Referendum", f"{stand.index}, {PHASES[stand.phase]}"
    reason = reason_of(api, stand)
    if reason is not None:
        yield "Refused", reason
    yield "Track", f"{stand.track.name}"
    if stand.status is not None:
        yield "Submitted by", words.address(stand.status.submission_deposit.who)
    if stand.phase is Phase.UNPAID:
        yield "Decision deposit", f"{words.coin.words(stand.track.decision_deposit)}, not yet put up"
    refunds = refunds_of(stand.info)
    if refunds:
        amount = words.coin.words(sum(each.deposit.amount for each in refunds))
        yield "Deposits", f"{amount} can be given back: `ballast gov refund {stand.index}`"
    if found.place is not None:
        yield "Before it", f"{found.place} wait for a place"
    if found.metadata is not None:
        yield "More in the preimage", "0x" + found.metadata.hex()


def _change_lines(changes: list[dict[str, Any]]) -> Iterator[str]:
    for each in changes:
        path = printable(each["path"])
        if "set" in each and each["set"] is not None:
            before, after = value_words(path, each["previous"]), value_words(path, each["set"])
            yield f"{path}: {before} -> {after}, previous -> set"
        elif each["now"] is None:
            yield f"{path} -> {each['proposed']:,}, and no pallet declares it"
        else:
            before, after = value_words(path, each["now"]), value_words(path, each["proposed"])
            yield f"{path}: {before} -> {after}, now -> proposed"
        if each["doc"]:
            yield f"  {each['doc']}"


def _look_lines(api: GovApi, found: Referendum) -> Iterator[str]:
    if not found.looks:
        yield "Nobody has looked yet at what it would do: `ballast gov what-if` does"
        return
    looks = [(STAGES[stage], look) for stage, look in sorted(found.looks.items())]
    yield "What it does, without it -> with it"
    yield from columns(together_rows(api.words, looks), indent="  ")
    for stage, look in looks:
        said = "allowed" if look.refusal is None else refusal_words(api.words, look.refusal)
        yield f"  {stage}: {said}"


def _vote_rows(api: GovApi, found: Referendum, counted: Sides | None) -> Iterator[tuple[str, ...]]:
    tally, coin = found.stand.tally, api.words.coin.words
    yield "", "Votes, by conviction", "Coins"
    ayes, nays, abstained = (
        ("-", "-", "-")
        if counted is None
        else tuple(coin(each) for each in (counted.ayes, counted.nays, counted.abstained))
    )
    yield "Ayes", coin(tally.ayes), ayes
    yield "Nays", coin(tally.nays), nays
    yield "Abstained", "", abstained
    approval = percent(approval_ppb(tally)) if tally.ayes or tally.nays else "-"
    yield "Ayes of all votes", approval, ""
    yield "Support of all coins", percent(support_ppb(tally, api.turnout_max)), coin(tally.support)
    if found.stand.status is None:
        return
    for (_, need), when in zip(needs(api, found), ("now", "at the end"), strict=True):
        ayes = "no ayes are enough beside these nays"
        if need.ayes_missing is not None:
            ayes = f"{coin(need.ayes_missing)} more" if need.ayes_missing else "reached"
        support = f"{coin(need.support_missing)} more" if need.support_missing else "reached"
        yield f"Ayes needed {when}", percent(need.approval_ppb), ayes
        yield f"Support needed {when}", percent(need.support_ppb), support


def _lock_lines(api: GovApi, found: Referendum) -> Iterator[str]:
    """Until when a vote for the side that wins would lock its coins."""
    if found.stand.status is None:
        return
    end = end_block(found.stand, api.number, api.turnout_max)
    yield f"A vote locks its coins until the end, about {api.when(end)}; if its side wins, with conviction"
    ends = [(each, api.gov.voting.lock_end(each, end)) for each in Conviction if each]
    yield from columns([(f"{each:d}", f"until {api.when(until)}") for each, until in ends], indent="  ")
