"""Every target: the decoders of the chain and of the node."""

from __future__ import annotations

from support.fuzzing import calls, scale, stores, texts, validators, wires, words

TARGETS = (
    *scale.TARGETS,
    *calls.TARGETS,
    *stores.TARGETS,
    *texts.TARGETS,
    *wires.TARGETS,
    *words.TARGETS,
    *validators.TARGETS,
)
