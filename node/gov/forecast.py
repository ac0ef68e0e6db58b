"""Forecasts of referenda: made over a state, and as plain values, the same for the command and for RPC."""

from __future__ import annotations

from typing import Any

from node.gov.looks import plain_look
from node.gov.pallets import Governance
from node.gov.referenda import read
from node.plain import PlainWriter
from node.whatif import Report, Scenario, what_if
from runtime.runtime import Runtime
from runtime.state import State
from runtime.types import AccountId


class NothingProposed(Exception):
    """There is no proposal to look at."""


def forecast(
    state: State,
    runtime: Runtime,
    referendum: int,
    scenario: Scenario | None = None,
    account: AccountId | None = None,
    *,
    seed: int = 0,
) -> Report:
    """What the proposal of a referendum would do over a state, as `what_if` says it. Raises `NoGovernance`,
    `NoFork`, and `NothingProposed` where there is no such referendum or its proposal cannot be read.
    """
    runtime.over(state)
    found = read(Governance.of(runtime), referendum)
    if found is None:
        raise NothingProposed(f"there is no referendum {referendum}")
    call = found.proposal.call
    if call is None:
        raise NothingProposed(f"the proposal of referendum {referendum} cannot be read: {found.proposal.why}")
    return what_if(state, runtime, call, found.stand.origin, scenario, account, seed=seed)


def plain_report(plain: PlainWriter, referendum: int, report: Report) -> dict[str, Any]:
    """A forecast as JSON says it; amounts in 10^-9 coins."""
    told = report.plain()
    return {
        "referendum": referendum,
        "block": report.number,
        "look": plain_look(plain, report.look),
        "positions": told["positions"],
        "played": told["played"],
    }
