"""A referendum as plain values: what `ballast gov show --json` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from governance.conviction import Conviction
from governance.tally import approval_ppb, support_ppb
from node.cli.gov_api import GovApi
from node.cli.gov_list import reason_of
from node.cli.gov_words import plain_tree
from node.gov.calls import tree
from node.gov.deposits import refunds_of
from node.gov.looks import plain_look
from node.gov.needs import Need, elapsed_ppb, needed
from node.gov.referenda import Referendum
from node.gov.timeline import end_block, timeline
from node.gov.voices import Sides
from runtime.types.fixed import PPB


def plain_referendum(
    api: GovApi, found: Referendum, counted: Sides | None, changes: list[dict[str, Any]]
) -> dict[str, Any]:
    """All of a referendum; coins in 10^-9, times in blocks."""
    stand, words, call = found.stand, api.words, found.proposal.call
    status, tally = stand.status, stand.tally
    end = end_block(stand, api.number, api.turnout_max)
    return {
        "referendum": stand.index,
        "track": stand.track.name,
        "state": stand.phase.value,
        "origin": words.record(stand.origin),
        "proposal": words.record(stand.proposal),
        "call": None if call is None else plain_tree(words, tree(call)),
        "unreadable": found.proposal.why or None,
        "changes": changes,
        "looks": {stage.name.lower(): plain_look(words, look) for stage, look in found.looks.items()},
        "refusal": reason_of(api, stand),
        "metadata": None if found.metadata is None else "0x" + found.metadata.hex(),
        "submitter": None if status is None else words.address(status.submission_deposit.who),
        "decisionDeposit": stand.track.decision_deposit,
        "refundable": sum(each.deposit.amount for each in refunds_of(stand.info)),
        "waitingBefore": found.place,
        "timeline": [
            {"what": each.what, "block": each.block, "date": api.clock.date(each.block)}
            for each in timeline(stand, api.number, api.turnout_max, api.undeciding_timeout)
        ],
        "tally": {
            "ayes": tally.ayes,
            "nays": tally.nays,
            "support": tally.support,
            "approvalPpb": approval_ppb(tally),
            "supportPpb": support_ppb(tally, api.turnout_max),
        },
        "coins": None
        if counted is None
        else {
            "ayes": counted.ayes,
            "nays": counted.nays,
            "abstained": counted.abstained,
            "voters": counted.voters,
        },
        "needed": {} if status is None else {name: _plain_need(each) for name, each in needs(api, found)},
        "lockEnds": {str(int(each)): api.gov.voting.lock_end(each, end) for each in Conviction},
    }


def _plain_need(need: Need) -> dict[str, Any]:
    return {
        "approvalPpb": need.approval_ppb,
        "supportPpb": need.support_ppb,
        "ayesMissing": need.ayes_missing,
        "supportMissing": need.support_missing,
        "isMet": need.is_met,
    }


def needs(api: GovApi, found: Referendum) -> Iterator[tuple[str, Need]]:
    """What it needs to pass now, and at the end of its decision."""
    stand = found.stand
    now = elapsed_ppb(stand.track, stand.decided_since, api.number)
    yield "now", needed(stand.track, stand.tally, api.turnout_max, now)
    yield "atTheEnd", needed(stand.track, stand.tally, api.turnout_max, PPB)
