"""Every target: the decoders of the chain and of the node."""

from __future__ import annotations

from support.fuzzing import calls, peers, replies, scale, stores, texts, validators, vaults, wires, words

TARGETS = (
    *scale.TARGETS,
    *calls.TARGETS,
    *stores.TARGETS,
    *texts.TARGETS,
    *wires.TARGETS,
    *words.TARGETS,
    *validators.TARGETS,
    *peers.TARGETS,
    *replies.TARGETS,
    *vaults.TARGETS,
)
