"""Every method that a node answers: Substrate's legacy groups, the new-style ones, those of development."""

from __future__ import annotations

from node.rpc.jsonrpc import Registry
from node.rpc.methods import (
    author,
    chain,
    chain_head,
    chain_spec,
    dev,
    gov,
    payment,
    simplex,
    state,
    system,
    transaction,
)
from node.rpc.methods.backend import Backend

GROUPS = (chain, state, author, system, payment, chain_spec, chain_head, transaction, simplex, gov)
"""One module a group; each group is whole, or not listed at all: clients choose by its first name."""


def registry(*, development: bool) -> Registry[Backend]:
    """The methods of one node; with `development` those too that move time, build blocks and go back."""
    methods: Registry[Backend] = Registry()
    for group in GROUPS:
        methods.include(group.methods)
    if development:
        methods.include(dev.methods)
    return methods


__all__ = ["Backend", "registry"]
