"""`simplex_*`: who agrees on the chain, for light clients and operators."""

from __future__ import annotations

from typing import Final

from node.rpc.methods.backend import Call, Methods
from node.rpc.methods.shapes import to_hex
from node.rpc.params import U64
from node.sync.epochs import CommitteeUnknown
from runtime.scale import codec_of
from runtime.simplex import Committee

_COMMITTEE: Final = codec_of(Committee)

methods: Methods = Methods()


@methods.method("simplex_committee")
async def committee(ctx: Call, epoch: U64) -> str | None:
    """SCALE of an epoch's committee, whose root the header before the epoch commits to; null for an epoch
    that has not begun here, and on a development chain.
    """
    peering = ctx.node.peering
    if peering is None or epoch > peering.epochs.of(ctx.node.chain.finalized.header.number + 1):
        return None
    try:
        return to_hex(_COMMITTEE.encode(peering.epochs.committee(epoch)))
    except CommitteeUnknown:
        return None


@methods.method("simplex_status")
async def status(ctx: Call) -> object:
    """Where the node stands in the agreement: its epoch and view, and what it counted since it began; null on
    a development chain.
    """
    peering = ctx.node.peering
    if peering is None:
        return None
    stats = peering.stats
    return {
        "isVoting": peering.is_voting,
        "epoch": peering.epochs.of(ctx.node.chain.finalized.header.number + 1),
        "view": stats.view,
        "views": stats.views,
        "proposals": stats.proposals,
        "votes": stats.votes,
        "nullifications": stats.nullifications,
        "finalizations": stats.finalizations,
        "reports": stats.reports,
        "votesMissed": dict(stats.missed),
    }
