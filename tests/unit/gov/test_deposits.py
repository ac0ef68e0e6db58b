"""Deposits: what is said to come back is what the chain gives back, in each state of a referendum."""

from __future__ import annotations

from itertools import product

import pytest

from governance.origins import FeesSafer
from governance.referenda import status as s
from governance.tracks import BY_ID, details
from node.cli.gov_refund import why_none
from node.gov.deposits import Kind, giving_back, refunds_of
from node.gov.pallets import Governance
from node.gov.referenda import Phase, Stand
from runtime.frame import DispatchError, Signed
from support.coin import ALICE, BOB
from support.governed import GovernedChain

ENDS = (s.Approved, s.Rejected, s.Cancelled, s.TimedOut)


@pytest.fixture(scope="module")
def chain() -> GovernedChain:
    """Alice proposes, and Bob puts up the decision deposit."""
    chain = GovernedChain()
    referenda = chain.referenda
    remark = chain.parameters.set_parameter.call("Redemption.FeeFloorPpb", 1)
    chain.by(ALICE, referenda.submit.call(FeesSafer(), chain.lookup(remark), s.After(0)))
    chain.by(BOB, referenda.place_decision_deposit.call(0))
    return chain


def infos(chain: GovernedChain) -> list[s.AnyInfo]:
    """Every state in which these deposits can be."""
    status = chain.status(0)
    assert status.decision_deposit is not None
    both = product((status.submission_deposit, None), (status.decision_deposit, None))
    return [
        s.Ongoing(status),
        s.Killed(1),
        *(end(1, *deposits) for deposits in both for end in ENDS),
    ]


def test_what_is_said_to_come_back_does_and_nothing_else(chain: GovernedChain) -> None:
    referenda, gov, overlay = chain.referenda, Governance.of(chain.runtime), chain.host.overlay
    calls = {
        Kind.SUBMISSION: referenda.refund_submission_deposit,
        Kind.DECISION: referenda.refund_decision_deposit,
    }
    outcomes: set[tuple[Kind, ...]] = set()
    for info in infos(chain):
        refunds = refunds_of(info)
        said = {each.kind: each.deposit for each in refunds}
        outcomes.add(tuple(said))
        for kind, call in calls.items():
            mark = overlay.open()
            referenda.referendum_info_for[0] = info
            try:
                chain.dispatch(call.call(0), Signed(BOB))
            except DispatchError:
                assert kind not in said, info
            else:
                owner = ALICE if kind is Kind.SUBMISSION else BOB
                assert said[kind].who == owner, info
            overlay.undo(mark)
        if refunds:
            mark = overlay.open()
            referenda.referendum_info_for[0] = info
            chain.dispatch(giving_back(gov, 0, refunds), Signed(BOB))
            after = referenda.referendum_info_for[0]
            assert isinstance(after, ENDS) and refunds_of(after) == ()
            overlay.undo(mark)
    assert outcomes == {(), (Kind.SUBMISSION,), (Kind.DECISION,), (Kind.SUBMISSION, Kind.DECISION)}


def test_a_referendum_that_was_rejected_keeps_its_submission_deposit(chain: GovernedChain) -> None:
    status = chain.status(0)
    info, track = s.Rejected(1, status.submission_deposit, None), details(BY_ID[status.track], 1)
    assert why_none(Stand(7, info, None, track, Phase.REJECTED)) == (
        "referendum 7 is rejected, and has no other deposit left than that of its submission, which comes "
        "back only after an approval or a cancellation"
    )
