"""`gov_*`: what a proposal would do to the coin, and to somebody's coins, if it ran now."""

from __future__ import annotations

from functools import partial
from typing import Final

import trio

from node.gov.distant import StateTooLarge, beside
from node.gov.forecast import NothingProposed, forecast, plain_report
from node.gov.pallets import NoGovernance
from node.plain import PlainWriter
from node.rpc.errors import ClientError
from node.rpc.methods.backend import Call, Methods, running_at
from node.rpc.params import U32, U64, Account, Hash
from node.whatif import NoFork, Report, Scenario, apart
from runtime.runtime import Runtime
from runtime.state import State, StateDiscarded

ONE: Final = trio.CapacityLimiter(1)
"""A process makes one forecast at a time: each takes a processor for seconds."""

methods: Methods = Methods()


@methods.method("gov_whatIf", unsafe=True)
async def what_if(
    ctx: Call,
    referendum: U32,
    scenario: Scenario | None = None,
    account: Account | None = None,
    seed: U64 = 0,
    at: Hash | None = None,
) -> object:
    """What the proposal of a referendum would do if it ran now, in a scenario too, and to an account's coins:
    what `ballast gov what-if --json` prints. It is computed beside the node's own work, one at a time.
    """
    block = running_at(ctx.node, at)
    if ONE.borrowed_tokens:
        raise ClientError("a forecast is being made, and this node makes one at a time: ask again later")
    runtime = ctx.node.runtime
    question = partial(_forecast, runtime, referendum, scenario, account, seed)
    try:
        report = await beside(block.state, question, ONE)
    except (NothingProposed, NoGovernance, NoFork, StateTooLarge, StateDiscarded) as refusal:
        raise ClientError(str(refusal)) from None
    plain = PlainWriter(runtime, int(ctx.node.config.spec.properties["ss58Format"]))
    return plain_report(plain, referendum, report)


def _forecast(
    runtime: Runtime,
    referendum: int,
    scenario: Scenario | None,
    account: bytes | None,
    seed: int,
    state: State,
) -> Report:
    return forecast(state, apart(runtime), referendum, scenario, account, seed=seed)
