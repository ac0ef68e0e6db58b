"""The sender: one account's transactions, with nonces that follow one another while some are still on their
way.
"""

from __future__ import annotations

import trio

from node.client import ChainClient, Included, RemoteError
from node.wallet.signer import Keypair
from runtime.frame.host import Call


class Sender:
    """Signs for one key."""

    def __init__(self, key: Keypair) -> None:
        self.key = key
        self._signing = trio.Lock()
        self._next = 0
        """The nonce after the last one that was used, as long as that one is not known to be lost."""

    async def send(self, chain: ChainClient, call: Call) -> Included:
        """Send a call and wait until it is final. Raises `RemoteError`; a refused call is
        `Included.failure`.
        """
        async with self._signing:
            nonce = max(self._next, await chain.nonce(self.key.public))
            raw = await chain.sign(call, self.key, nonce=nonce)
            self._next = nonce + 1
        try:
            return await chain.submit(raw)
        except RemoteError:
            self._next = 0  # what became of it is not known: let the chain say which is next
            raise
