"""A validator's signatures: on statements of the agreement, and on the beacon of the blocks it proposes."""

from __future__ import annotations

from node.chain.chain import Position
from node.wallet.bls import BlsKeypair
from pallets.beacon import ENGINE as BEACON
from pallets.beacon import message as beacon_message
from runtime.scale import codec_of
from runtime.simplex import ENGINE, Authored, Statement, message
from runtime.types.digest import DigestItem, PreRuntime


class ValidatorSigner:
    """Signs for one validator on one chain."""

    def __init__(self, genesis_hash: bytes, key: BlsKeypair) -> None:
        self._genesis_hash = genesis_hash
        self._key = key

    def sign(self, statement: Statement) -> bytes:
        """The vote for a statement. The caller has asked the guard."""
        return self._key.sign(message(self._genesis_hash, statement))

    def logs(self, parent: Position, authored: Authored) -> tuple[DigestItem, ...]:
        """What the proposer of the block over `parent` gives to the runtime."""
        signed = beacon_message(self._genesis_hash, authored.epoch, parent.header.number + 1)
        return (
            PreRuntime(ENGINE, codec_of(Authored).encode(authored)),
            PreRuntime(BEACON, self._key.sign(signed)),
        )
