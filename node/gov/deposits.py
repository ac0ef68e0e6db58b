"""Deposits of referenda: which of them can be given back, by the state that a referendum is in."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from governance.referenda import status as s
from node.gov.drafts import together
from node.gov.pallets import Governance
from runtime.frame import Call


class Kind(enum.StrEnum):
    """What a deposit was put up for."""

    SUBMISSION = "submission"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Refund:
    """A deposit that can be given back now, by anybody, to its owner."""

    kind: Kind
    deposit: s.Deposit


def refunds_of(info: s.AnyInfo) -> tuple[Refund, ...]:
    """What can be given back: the decision deposit after any end but a kill, and the submission deposit after
    an approval or a cancellation.
    """
    if isinstance(info, (s.Ongoing, s.Killed)):
        return ()
    found: list[Refund] = []
    if isinstance(info, (s.Approved, s.Cancelled)) and info.submission_deposit is not None:
        found.append(Refund(Kind.SUBMISSION, info.submission_deposit))
    if info.decision_deposit is not None:
        found.append(Refund(Kind.DECISION, info.decision_deposit))
    return tuple(found)


def giving_back(gov: Governance, index: int, refunds: Sequence[Refund]) -> Call:
    """The call that gives these deposits of a referendum back, all or none."""
    calls = {
        Kind.SUBMISSION: gov.referenda.refund_submission_deposit,
        Kind.DECISION: gov.referenda.refund_decision_deposit,
    }
    return together(gov, [calls[each.kind].call(index) for each in refunds])
