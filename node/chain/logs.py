"""What a development chain's author gives to the runtime with each block: a signature for the beacon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.chain.chain import Position
from node.wallet.signer import Keypair
from pallets.beacon import ENGINE, DevBeacon, dev_message
from runtime.runtime import Runtime
from runtime.types.digest import DigestItem, PreRuntime

DEV_AUTHOR: Final = "//Alice"
"""Who signs the blocks of a development chain, with an ed25519 key."""

Logs = Callable[[Position], tuple[DigestItem, ...]]


def author_logs(runtime: Runtime, genesis_hash: bytes, author: Keypair) -> Logs:
    """The pre-runtime digest items of the block after a given one."""
    beacons = [pallet for pallet in runtime.pallets.values() if isinstance(pallet, DevBeacon)]
    if not beacons:
        return lambda parent: ()
    (beacon,) = beacons

    def logs(parent: Position) -> tuple[DigestItem, ...]:
        height = parent.header.number + 1
        runtime.over(parent.state, height)
        return (PreRuntime(ENGINE, author.sign(dev_message(genesis_hash, height, beacon.value))),)

    return logs


def dev_author() -> Keypair:
    """The author of every development chain; its key is public."""
    return Keypair.from_suri(DEV_AUTHOR, "ed25519")
