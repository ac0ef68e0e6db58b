"""How the nodes of a network stand, asked of each over RPC and its page of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import trio

from node.client import CannotConnect, RemoteError, connect
from node.localnet.errors import NoAnswer
from node.localnet.page import fetch
from node.localnet.record import NodeRecord

LOOK_SECONDS_MAX: Final = 5.0
"""How long a node may take over all questions."""


class _Agreement(msgspec.Struct, rename="camel"):
    """What `simplex_status` answers, as far as it is used here."""

    is_voting: bool
    epoch: int
    view: int
    votes: int
    votes_missed: dict[str, int]


class Standing(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One node that answers."""

    best: int
    final: int
    epoch: int
    """Of the block to come."""
    view: int
    """0 for who does not vote."""
    is_voting: bool
    votes: int
    """Cast since the node began."""
    peers: int
    pool: int
    """Transactions that wait."""
    votes_missed: dict[str, int]
    """By validator's account, certificates of finality without its vote, as this node counted them."""


async def look(http: str, ws: str) -> Standing:
    """How one node stands. Raises NoAnswer."""
    try:
        with trio.fail_after(LOOK_SECONDS_MAX):
            async with connect(ws, timeout_s=LOOK_SECONDS_MAX) as client:
                answer = msgspec.convert(await client.call("simplex_status"), _Agreement)
            page = await fetch(f"{http}/metrics", LOOK_SECONDS_MAX)
    except trio.TooSlowError:
        raise NoAnswer(ws, f"not all came within {LOOK_SECONDS_MAX:g} s") from None
    except CannotConnect as error:
        raise NoAnswer(ws, error.reason) from None
    except (RemoteError, msgspec.ValidationError) as error:
        raise NoAnswer(ws, str(error)) from None
    return Standing(
        best=int(page.sum("ballast_height")),
        final=int(page.sum("ballast_finalized_height")),
        epoch=answer.epoch,
        view=answer.view,
        is_voting=answer.is_voting,
        votes=answer.votes,
        peers=int(page.sum("ballast_peers")),
        pool=int(page.sum("ballast_pool_transactions")),
        votes_missed=answer.votes_missed,
    )


async def look_around(nodes: Sequence[NodeRecord]) -> dict[str, Standing | NoAnswer]:
    """How all nodes stand, by name, or why one does not say; all are asked at the same time."""
    found: dict[str, Standing | NoAnswer] = {}

    async def ask(node: NodeRecord) -> None:
        try:
            found[node.name] = await look(node.http, node.ws)
        except NoAnswer as error:
            found[node.name] = error

    async with trio.open_nursery() as nursery:
        for node in nodes:
            nursery.start_soon(ask, node)
    return {node.name: found[node.name] for node in nodes}


def missed_by(account: str, standings: Sequence[Standing]) -> int:
    """The certificates without a validator's vote, by whichever node counted the most."""
    return max((each.votes_missed.get(account, 0) for each in standings), default=0)
