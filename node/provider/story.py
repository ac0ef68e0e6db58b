"""The story that `ballast demo` tells: capacity proven, coins minted, sold, redeemed for work, and burned.

It sees what any client sees. What it claims at the end is a list of checks, each figure reached in two ways.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from genesis.coin import COIN
from node.client import ChainClient, Included, TransactionRefused
from node.provider.audit import Check, books, compare, flows
from node.provider.coin import Coin
from node.provider.consumer import Redeemed, Redemption
from node.provider.jobs.spec import Train, job_hash, receipt_hash
from node.provider.quote import Quote, quote
from node.provider.sender import Sender
from node.provider.shelf import Shelf
from node.wallet.signer import Keypair
from pallets.attestation.types import Outcome, Phase, Stage
from pallets.issuance.types import Minted
from runtime.frame.coin import Mode
from runtime.frame.host import Call
from runtime.types.account import Address
from runtime.types.fixed import PPB

T = TypeVar("T")
JOB: Final = Train()
"""What the user redeems for."""
MINTED: Final = 1_400 * COIN
"""What the provider mints; its first window frees a twenty-eighth."""
ACCURACY_PPB: Final = 95 * PPB // 100
"""The trained network gets at least so many of the held-out images right."""
WINDOWS_MAX: Final = 8
"""So many windows may pass until one goes as the story wants it."""
SENDS_MAX: Final = 3
"""How often a transaction is sent that the pool refuses: the agent uses the same account."""


class StoryBroken(Exception):
    """The chain did not do what the story needs."""


class Story:
    """One chain, one provider that mints, one user; `tell` gets the lines."""

    def __init__(
        self, chain: ChainClient, minter: Keypair, user: Keypair, shelf: Shelf, tell: Callable[[str], None]
    ) -> None:
        self.chain = chain
        self.coin = Coin.of(chain.runtime)
        self.minter = Sender(minter)
        self.user = Sender(user)
        self.shelf = shelf
        self.tell = tell

    async def prove(self) -> int:
        """Wait until every provider has answered one window; its number."""
        for _ in range(WINDOWS_MAX):
            window = await self.until(lambda: self.coin.attestation.window)
            number = window.number
            self.tell(
                f"window {number} opened in block {window.opened_at}: each unit multiplies by its own seed"
            )
            self.tell(await self.until(partial(self._answered, number)))
            outcome = await self.until(partial(self._outcome, number))
            if outcome.is_counted and not outcome.missed:
                return number
            self.tell(f"{outcome.missed} of {outcome.units} units missed it: waiting for another")
        raise StoryBroken(f"none of {WINDOWS_MAX} windows was answered by all units")

    async def mint(self) -> tuple[int, int]:
        """Mint `MINTED` coins against proven capacity; the amount and the fee."""
        included = await self._send(self.minter, self.coin.issuance.mint.call(MINTED, 0))
        (minted,) = (each for each in included.events if isinstance(each, Minted))
        return minted.amount, minted.fee

    async def vest(self) -> int:
        """Wait until a window frees a part of the minted coins; how much."""
        vesting, who = self.coin.issuance.vesting, self.minter.key.public
        held = await self.chain.view(lambda: vesting[who])

        def freed() -> int | None:
            return (held.amount - vesting[who].amount) or None

        return await self.until(freed)

    async def sell(self, amount: int) -> None:
        """Transfer coins to the user; what the user pays for them is no business of the chain's."""
        dest = Address(self.user.key.public)
        await self._send(self.minter, self.coin.balances.transfer_keep_alive.call(dest, amount))

    async def quote(self) -> Quote:
        """What a training of the usual network takes."""
        return await self.chain.view(lambda: quote(self.coin, JOB))

    async def redeem(self, offer: Quote) -> Redeemed:
        """Redeem for it, wait, and check the receipt before accepting it."""
        redemption = Redemption(self.chain, self.coin, self.user, self.shelf, self.tell)
        return await redemption.run(JOB, None, offer)

    async def check(self, first: int, last: int, sold: int, redeemed: Redeemed) -> tuple[Check, ...]:
        """Every figure from block `first`, at which the user had nothing, to `last`, reached in two ways."""
        chain, coin, user = self.chain, self.coin, self.user.key.public
        before = await books(chain, coin, await chain.hash_at(first))
        end = await chain.hash_at(last)
        after = await books(chain, coin, end)
        between = await flows(chain, first + 1, last)
        ticket = redeemed.tickets[-1]
        settled = await chain.view(lambda: coin.redemption.receipts.get(ticket), end)
        mode = await chain.view(coin.ledger.mode_now, end)
        receipt = redeemed.receipt
        spent = redeemed.amount + redeemed.fee + between.fees[user] - between.compensation
        unvested = MINTED - between.mint_fees - between.vested
        most = ACCURACY_PPB * 100 // PPB
        return (
            *compare(before, after, between),
            Check("issued: what was minted", MINTED, sum(between.issued.values())),
            Check("burned: what was redeemed", redeemed.amount, between.burned),
            Check("the server's debt was cancelled", redeemed.amount, between.cancelled[redeemed.server]),
            Check("unvested: minted less fee and freed", unvested, after.unvested),
            Check("the user's coins: bought less spent", sold - spent, after.balances.get(user, 0)),
            Check(
                "receipt: the hash on chain",
                _hex(receipt_hash(receipt)),
                _hex(settled.result if settled else None),
            ),
            Check(
                "receipt: the job on chain",
                _hex(job_hash(receipt.spec)),
                _hex(settled.job if settled else None),
            ),
            Check("receipt: the coins on chain", redeemed.amount, settled.amount if settled else None),
            Check(f"accuracy of {most} % or more", True, receipt.accuracy_ppb >= ACCURACY_PPB),
            Check("mode", Mode.Green.name, mode.name),
        )

    # Help.

    async def until(self, question: Callable[[], T | None]) -> T:
        """Ask over each final block until there is an answer."""
        heads = self.chain.client.subscribe(
            "chain_subscribeFinalizedHeads", unsubscribe="chain_unsubscribeFinalizedHeads"
        )
        async with heads as notices:
            async for _ in notices:
                answer = await self.chain.view(question, await self.chain.finalized_hash())
                if answer is not None:
                    return answer
        raise AssertionError("a subscription ends with an error")

    def _answered(self, number: int) -> str | None:
        """Who has answered a window, once all have or it is over."""
        attestation, window = self.coin.attestation, self.coin.attestation.window
        if window is None or window.number != number:
            return "its time is over"
        probed = [
            (who, unit) for who, units in self.coin.providers.units_before(window.opened_at) for unit in units
        ]
        stages = [
            each.stage for each in (attestation.commitments.get((number, *unit)) for unit in probed) if each
        ]
        if window.phase != Phase.Opening or Stage.Drawn in stages:
            return None
        positions, opened = attestation.config.positions, stages.count(Stage.Opened)
        return (
            f"{len(stages)} of {len(probed)} units committed; the {opened} that the beacon drew opened "
            f"{positions} rows each"
        )

    def _outcome(self, number: int) -> Outcome | None:
        outcome = self.coin.attestation.last
        return outcome if outcome is not None and outcome.number >= number else None

    async def _send(self, sender: Sender, call: Call) -> Included:
        for _ in range(SENDS_MAX - 1):
            try:
                return _done(call, await sender.send(self.chain, call))
            except TransactionRefused:
                continue
        return _done(call, await sender.send(self.chain, call))


def _done(call: Call, included: Included) -> Included:
    if included.failure is not None:
        raise StoryBroken(f"{call} was refused: {included.failure}")
    return included


def _hex(raw: bytes | None) -> str | None:
    return None if raw is None else "0x" + raw.hex()
