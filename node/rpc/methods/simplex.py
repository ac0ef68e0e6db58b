"""`simplex_*`: who agrees on the chain, for light clients and operators."""

from __future__ import annotations

from typing import Final

from node.chain.checkpoint import justifications_of
from node.rpc.methods.backend import Call, Methods
from node.rpc.methods.shapes import maybe_hex, to_hex
from node.rpc.params import U64, Hash
from node.sync.epochs import CommitteeUnknown
from runtime.scale import codec_of
from runtime.simplex import ENGINE, Committee

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


@methods.method("simplex_certificate")
async def certificate(ctx: Call, hash: Hash) -> str | None:
    """SCALE of the finalization that a block has of its own; null for one that is final through a descendant,
    and for one that is not known. A node that began at a checkpoint has it of each epoch's last block, whose
    body it never had.
    """
    return maybe_hex(dict(justifications_of(ctx.node.chain, hash)).get(ENGINE))


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
