"""A load of transfers: accounts send coins, each through one node, for which it waits when that is gone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import trio

from genesis.build import Genesis, build_genesis
from genesis.presets.dev import dev_names
from genesis.spec import ChainSpec
from node.client import Client, RemoteError, RpcRefusal, connect
from node.localnet.plan import NodePlan
from node.plugins import discover, runtime_digest
from node.wallet.signer import Keypair
from pallets.balances import Balances
from pallets.system import System
from runtime.executive.extrinsic import SR25519
from runtime.frame.late import RuntimeCall
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.state import MemoryStates
from runtime.types.account import Address
from runtime.types.era import IMMORTAL

ACCOUNTS: Final = 32
"""How many accounts send."""
VALUE: Final = 10**6
RETRY_SECONDS: Final = 0.5
"""How soon a node that does not answer, or takes no more, is tried again."""
AGREED_SECONDS: Final = 2.0
"""How often a node is asked for an account's next nonce: what was lost with another node leaves a gap."""

Sent = Callable[[str, bytes], None]
"""Is told the node's URL and the transfer, just before it is sent."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who sends."""

    pair: Keypair
    address: str


def load_accounts() -> tuple[Account, ...]:
    """The accounts that send, all endowed by `local(accounts=ACCOUNTS)`."""
    pairs = [Keypair.from_suri(f"//{name}") for name in dev_names(ACCOUNTS)]
    return tuple(Account(pair, pair.address()) for pair in pairs)


class Transfers:
    """Signs transfers for a chain, without asking anybody."""

    def __init__(self, spec: ChainSpec) -> None:
        self._runtime: Runtime = load(spec.runtime, discover(), runtime_digest=runtime_digest())
        genesis: Genesis = build_genesis(self._runtime, spec.genesis, MemoryStates().head)
        self._runtime.over(genesis.state)
        self._balances = self._pallet(Balances)
        self._pallet(System).block_hash[0] = genesis.hash  # which an immortal transaction is signed for
        self._implied: dict[tuple[Any, ...], bytes] = {}

    def sign(self, sender: Account, nonce: int, to: bytes) -> bytes:
        """A transfer that never expires."""
        parts = self._runtime.parts
        codec = parts.codec
        values = {"CheckMortality": IMMORTAL, "CheckNonce": nonce, "ChargeTransactionPayment": 0}
        extras = codec.extras(tuple(values.get(each.identifier, ()) for each in parts.extensions))
        call = self._balances.transfer_keep_alive.call(Address(to), VALUE)
        call_bytes = parts.host.codec(RuntimeCall).encode(call)
        public = sender.pair.public
        draft = codec.decode(codec.signed(public, SR25519, bytes(64), extras, call_bytes))
        signature = sender.pair.sign(codec.payload(draft, self._implied))
        return codec.signed(public, SR25519, signature, extras, call_bytes)

    def _pallet(self, kind: Any) -> Any:
        return next(each for each in self._runtime.pallets.values() if isinstance(each, kind))


class Load:
    """So many transfers a second, shared out over nodes and accounts."""

    def __init__(
        self, spec: ChainSpec, nodes: Sequence[NodePlan], rate: float, sent: Sent = lambda url, transfer: None
    ) -> None:
        """`rate` is in transfers a second over all nodes; `sent` is told of each."""
        self.accounts = load_accounts()
        self._transfers = Transfers(spec)
        self._nodes = nodes
        self._pause = len(self.accounts) / rate
        self._sent = sent

    async def run(self) -> None:
        """Send until cancelled."""
        async with trio.open_nursery() as nursery:
            for place, node in enumerate(self._nodes):
                nursery.start_soon(self._serve, node.ws, self.accounts[place :: len(self._nodes)])

    async def confirmed(self, client: Client, at: str) -> int:
        """How many transfers of these accounts a block's chain holds, by their nonces. Raises RemoteError."""
        total = 0
        for each in self.accounts:
            given = ("AccountNonceApi_account_nonce", "0x" + each.pair.public.hex(), at)
            answer = await client.call("state_call", *given)
            total += int.from_bytes(bytes.fromhex(answer[2:]), "little")
        return total

    async def _serve(self, url: str, accounts: Sequence[Account]) -> None:
        while True:
            try:
                async with connect(url) as client, trio.open_nursery() as nursery:
                    for place, account in enumerate(accounts):
                        delay = self._pause * place / len(accounts)
                        nursery.start_soon(self._send, client, account, delay)
            except* RemoteError:
                pass
            await trio.sleep(RETRY_SECONDS)

    async def _send(self, client: Client, account: Account, delay: float) -> None:
        """One account's transfers through one node, evenly spread over time."""
        to = self.accounts[(self.accounts.index(account) + 1) % len(self.accounts)].pair.public
        due, asked, nonce = trio.current_time() + delay, -math.inf, 0
        while True:
            await trio.sleep_until(due)
            due = max(due + self._pause, trio.current_time() - self._pause)
            if trio.current_time() - asked > AGREED_SECONDS:
                nonce, asked = await client.call("system_accountNextIndex", account.address), due
            raw = self._transfers.sign(account, nonce, to)
            self._sent(client.url, raw)
            try:
                await client.call("author_submitExtrinsic", "0x" + raw.hex())
                nonce += 1
            except RpcRefusal:  # it has enough for now, or saw the nonce already
                await trio.sleep(RETRY_SECONDS)
                asked = -math.inf
