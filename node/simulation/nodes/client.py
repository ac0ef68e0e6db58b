"""The users: they pay each other and change the committee, by transactions that they hand to any node and
stand by until they are final.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final

import trio

from genesis.coin import COIN
from node.chain.transaction import sign_transaction
from node.mempool.errors import AlreadyImported, PoolRefusal
from node.simulation.nodes.life import Life
from node.simulation.nodes.machine import Machine
from node.simulation.nodes.plan import Change
from node.simulation.nodes.site import Site
from node.simulation.nodes.spec import USERS, user
from node.wallet.signer import Keypair
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call
from runtime.types.account import Address

AGAIN_SECONDS: Final = 10.0
"""When a transaction that is not final is handed in again, elsewhere; once all is mended, once more and then
never: what a node that lives on has accepted is its business.
"""
WAITING_MAX: Final = 8
"""Transactions of one account that are not final at once; it holds back what would be more."""


@dataclass(slots=True)
class Sent:
    """A transaction on its way."""

    data: bytes
    hash: bytes
    tried: float
    """When it was handed in last."""
    is_accepted: bool = False
    """Whether some node took it."""


class Wallet:
    """One account: its transactions that are not final yet, in the order of their nonces."""

    def __init__(self, key: Keypair) -> None:
        self.key = key
        self.nonce = 0
        self.waiting: list[Sent] = []


class Users:
    """Everybody who uses the chain of one run."""

    def __init__(self, site: Site, machines: list[Machine], included: dict[bytes, int]) -> None:
        """`included` has the hashes of all extrinsics of final blocks."""
        self._site = site
        self._machines = machines
        self._included = included
        self._dice = Random(f"users/{site.plan.seed}")
        self._users = [Wallet(user(number)) for number in range(USERS)]
        self._validators = [Wallet(each.secrets.account) for each in machines[: site.plan.validators]]
        self._is_over = False
        self.final = 0
        """Transactions that became final."""

    async def run(self) -> None:
        """Pay until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._pay)
            nursery.start_soon(self._stand_by)
            for at_ms, place, change in self._site.plan.changes:
                nursery.start_soon(self._change, at_ms, place, change)

    async def settle(self, seconds: int) -> int:
        """Begin nothing more, and wait for the rest to be final, so long at most; how many are not."""
        self._is_over = True
        for _ in range(seconds):
            if not self.waiting:
                break
            await trio.sleep(1)
        return len(self.waiting)

    @property
    def waiting(self) -> list[Sent]:
        """What was accepted, and is not final."""
        return [sent for wallet in self._wallets for sent in wallet.waiting if sent.is_accepted]

    @property
    def _wallets(self) -> list[Wallet]:
        return [*self._users, *self._validators]

    # What they do.

    async def _pay(self) -> None:
        dice = self._dice
        while not self._is_over:
            await trio.sleep(dice.randint(1, 2 * self._site.plan.transfer_ms) / 1_000)
            payer, payee = dice.sample(self._users, 2)
            if len(payer.waiting) < WAITING_MAX:
                to, amount = Address(payee.key.public), dice.randint(1, COIN)
                await self._send(payer, self._pallet("Balances").transfer_keep_alive.call(to, amount))

    async def _change(self, at_ms: int, place: int, change: Change) -> None:
        await trio.sleep_until(at_ms / 1_000)
        wallet, secrets, site = self._validators[place], self._machines[place].secrets, self._site
        staking = self._pallet("Staking")
        match change:
            case Change.Chill:
                await self._send(wallet, staking.chill.call())
            case Change.Return:
                await self._send(wallet, staking.validate.call())
            case Change.Join:
                proof = secrets.proof(site.genesis.hash)
                await self._send(wallet, staking.bond.call(site.plan.bonds[place] * COIN))
                await self._send(wallet, self._pallet("Authorities").set_keys.call(secrets.keys, proof))
                await self._send(wallet, staking.validate.call())

    def _pallet(self, name: str) -> Any:
        return self._site.runtime.pallets[name]

    # How.

    async def _send(self, wallet: Wallet, call: Call) -> None:
        """Sign a call, and hand it to some node; to be handed in later when there is none."""
        site = self._site
        data = sign_transaction(site.runtime, site.beginning, call, wallet.key, wallet.nonce)
        sent = Sent(data, blake2b_256(data), trio.current_time())
        wallet.nonce += 1
        wallet.waiting.append(sent)
        await self._submit(sent)

    async def _submit(self, sent: Sent) -> None:
        sent.tried = trio.current_time()
        life = self._any_life()
        if life is None:
            return
        try:
            await life.rooms.mempool.submit(sent.data)
        except AlreadyImported:
            pass
        except PoolRefusal as refusal:
            self._site.trace.tell(life.hardware.place, f"refuses a transaction: {refusal}")
        else:
            sent.is_accepted = True

    async def _stand_by(self) -> None:
        """Forget what is final, and hand in again what is not for long."""
        heal = self._site.plan.heal_ms / 1_000
        while True:
            await trio.sleep(1)
            for wallet in self._wallets:
                before = len(wallet.waiting)
                wallet.waiting = [sent for sent in wallet.waiting if sent.hash not in self._included]
                self.final += before - len(wallet.waiting)
                for sent in wallet.waiting:
                    if sent.tried < heal and trio.current_time() - sent.tried >= AGAIN_SECONDS:
                        await self._submit(sent)

    def _any_life(self) -> Life | None:
        lives = [machine.life for machine in self._machines if machine.life is not None]
        return self._dice.choice(lives) if lives else None
