"""The load's transfers are what the chain takes: signed without asking it, and applied by its runtime."""

from __future__ import annotations

import pytest

from genesis.build import build_genesis
from genesis.presets.local import local
from node.cli.remote import local_runtime
from node.localnet.load import ACCOUNTS, Transfers, load_accounts
from runtime.executive.extrinsic import SR25519, verify
from runtime.frame import validity
from runtime.state import MemoryStates


def test_transfers_go_through() -> None:
    spec = local(4, ACCOUNTS)
    accounts, transfers = load_accounts(), Transfers(spec)
    runtime, states = local_runtime(spec), MemoryStates()
    genesis = build_genesis(runtime, spec.genesis, states.head)
    state, header = states.finalize(genesis.state), genesis.block.header
    to = accounts[1].pair.public
    for sender in (accounts[0], accounts[-1]):
        decoded = runtime.decode(transfers.sign(sender, 0, to))
        assert runtime.dry_run(state, header, decoded).failure is None
        payload = runtime.validator(state, header).payload(decoded)
        assert decoded.signature is not None
        assert verify(SR25519, sender.pair.public, payload, decoded.signature.signature)
    later = runtime.decode(transfers.sign(accounts[0], 1, to))
    with pytest.raises(validity.Future):
        runtime.dry_run(state, header, later)
