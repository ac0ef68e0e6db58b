"""The agent: watches the chain for one or several providers, and does what each has to do.

It sees what any client sees, and holds its own keys. After each final block it asks `plan` for every provider
what is to be done, and does it: products in threads, jobs in processes, transactions one nonce after the
other. A step that is under way is not begun again, a step that failed is tried again two blocks later, three
times at most. A lost connection is opened again for as long as the agent runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, assert_never

import structlog
import trio

from node.client import (
    CannotConnect,
    ChainClient,
    Disconnected,
    FellBehind,
    NoAnswer,
    RemoteError,
    RpcRefusal,
    Unknown,
    connect,
)
from node.provider.coin import Coin
from node.provider.plan import Accept, Commit, Decline, Deliver, Meet, Multiply, Open, Ready, Run, Step, plan
from node.provider.sender import Sender
from node.provider.sight import Sight, look
from node.provider.workbench import JobFailed, Workbench, cores
from node.wallet.signer import Keypair
from pallets.attestation.probe import Opening
from pallets.attestation.types import Leaf, Leaves, Stage
from runtime.frame.host import Call
from runtime.runtime import Runtime

RETRY_BLOCKS: Final = 2
"""After so many blocks a step that failed is tried again."""
ATTEMPTS_MAX: Final = 3
RECONNECT_SECONDS: Final = 1.0
RECONNECT_SECONDS_MAX: Final = 30.0
FOREVER: Final = 1 << 32
"""No block: a step that is done once and for all."""

log: Any = structlog.stdlib.get_logger("provider")

Name: TypeAlias = tuple[str, tuple[tuple[str, object], ...]]


@dataclass(slots=True)
class Attempt:
    """How far a step has come."""

    is_under_way: bool = True
    failures: int = 0
    block: int = 0
    """Sights of earlier blocks do not show yet how it ended, or are too early to try again."""


@dataclass(slots=True)
class Provider:
    """One provider of the agent's."""

    name: str
    """Its address, for the log."""
    sender: Sender
    bench: Workbench
    attempts: dict[Name, Attempt] = field(default_factory=dict[Name, Attempt])
    answered: dict[int, bool] = field(default_factory=dict[int, bool])
    """Of the window last seen: whether all units had answered."""
    is_unknown: bool = False

    def notice(self, sight: Sight) -> None:
        """Tell how windows end for this provider."""
        if sight.state is None and not self.is_unknown:
            log.warning("the chain knows no such provider", provider=self.name)
        self.is_unknown = sight.state is None
        window = sight.window
        for number, answered in list(self.answered.items()):
            if window is None or window.number != number:
                del self.answered[number]
                if answered:
                    log.info("window passed", provider=self.name, window=number)
                else:
                    log.warning("window missed", provider=self.name, window=number)
        if window is not None and sight.units:
            answers = (
                each.commitment is not None and each.commitment.stage != Stage.Drawn for each in sight.units
            )
            self.answered[window.number] = all(answers)


class StepRefused(RemoteError):
    """The chain took the transaction, and refused the call in it."""


class Agent:
    """Runs providers, whose workbenches are open, against the node at `url`."""

    def __init__(
        self, url: str, runtime: Runtime, providers: Sequence[tuple[Keypair, str, Workbench]]
    ) -> None:
        """`providers`: the key, the address, and the workbench of each. Raises `NoCoin`."""
        self.url = url
        self.runtime = runtime
        self.coin = Coin.of(runtime)
        self.providers = {key.public: Provider(name, Sender(key), bench) for key, name, bench in providers}
        self._multiplying = trio.CapacityLimiter(cores())
        self._working = trio.CapacityLimiter(cores())
        self._wake = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Work until cancelled. Raises `CannotConnect` if the first connection fails, and `OtherChain`."""
        delay, is_first = RECONNECT_SECONDS, True
        while True:
            try:
                async with connect(self.url) as client:
                    chain = await ChainClient.open(client, self.runtime)
                    log.info("connected", url=self.url, providers=len(self.providers))
                    if is_first:
                        task_status.started()
                    delay, is_first = RECONNECT_SECONDS, False
                    await self._serve(chain)
            except (CannotConnect, Disconnected, FellBehind, NoAnswer) as error:
                if is_first:
                    raise
                log.warning("connection lost", reason=str(error), again_in_s=delay)
            await trio.sleep(delay)
            delay = min(2 * delay, RECONNECT_SECONDS_MAX)

    async def _serve(self, chain: ChainClient) -> None:
        """Follow the final blocks over one connection until it ends. Raises what ended it."""
        lost: BaseException | None = None
        for provider in self.providers.values():
            provider.attempts.clear()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._listen, chain)
                await self._follow(chain, nursery)
        except* (Disconnected, FellBehind, NoAnswer) as group:
            lost = group.exceptions[0]
        if lost is not None:
            raise lost

    async def _listen(self, chain: ChainClient) -> None:
        heads = chain.client.subscribe(
            "chain_subscribeFinalizedHeads", unsubscribe="chain_unsubscribeFinalizedHeads"
        )
        async with heads as notices:
            async for _ in notices:
                self._wake.set()

    async def _follow(self, chain: ChainClient, nursery: trio.Nursery) -> None:
        seen, whos = b"", tuple(self.providers)
        sights: Mapping[bytes, Sight] = {}
        while True:
            self._wake = trio.Event()
            at = await chain.finalized_hash()
            if at != seen:
                try:
                    sights = await chain.view(lambda: look(self.coin, whos), at)
                except (RpcRefusal, Unknown) as refusal:  # the node has moved on, far ahead of this agent
                    log.warning("block skipped", reason=str(refusal))
                    sights = {}
                seen = at
            for who, sight in sights.items():
                self._advance(chain, nursery, self.providers[who], sight)
            await self._wake.wait()

    def _advance(self, chain: ChainClient, nursery: trio.Nursery, provider: Provider, sight: Sight) -> None:
        """Begin what is to be done after a block, as far as it is not under way."""
        provider.notice(sight)
        provider.bench.keep_only((*(each.task for each in sight.units), *sight.kept))
        steps = {name_of(step): step for step in plan(sight, provider.bench)}
        attempts = provider.attempts
        for name in [name for name, each in attempts.items() if name not in steps and not each.is_under_way]:
            del attempts[name]
        for name, step in steps.items():
            attempt = attempts.get(name)
            if attempt is None:
                attempt = attempts[name] = Attempt()
            elif attempt.is_under_way or sight.number < attempt.block or attempt.failures == ATTEMPTS_MAX:
                continue
            attempt.is_under_way = True
            nursery.start_soon(self._do, chain, provider, step, attempt, sight.number)

    async def _do(
        self, chain: ChainClient, provider: Provider, step: Step, attempt: Attempt, number: int
    ) -> None:
        """Do one step; whatever comes of it, the next sight decides what follows."""
        try:
            attempt.block = await self._carry_out(chain, provider, step, number)
        except (RemoteError, JobFailed) as error:
            if isinstance(error, Disconnected):
                raise
            attempt.failures += 1
            attempt.block = number + RETRY_BLOCKS
            is_last = attempt.failures == ATTEMPTS_MAX
            kind, facts = name_of(step)
            log.warning(
                f"{kind} failed", provider=provider.name, **dict(facts), reason=str(error), gives_up=is_last
            )
        finally:
            attempt.is_under_way = False
            self._wake.set()

    async def _carry_out(self, chain: ChainClient, provider: Provider, step: Step, number: int) -> int:
        """The first block whose sight shows what was done."""
        kind, facts = name_of(step)
        about = {"provider": provider.name, **dict(facts)}
        match step:
            case Multiply(task=task):
                await provider.bench.multiply(task, self._multiplying)
                log.debug(kind, **about)
                return number
            case Run(job=job):
                log.info(kind, **about)
                await provider.bench.run(job, self._working)
                log.info("done", **about)
                return number
            case Decline(why=why):
                log.warning(kind, **about, reason=why)
                return FOREVER
            case _:
                included = await provider.sender.send(chain, call_of(self.coin, step))
        if included.failure is not None:
            raise StepRefused(included.failure)
        log.info(kind, **about, block=included.block_number)
        return included.block_number


def call_of(coin: Coin, step: Commit | Open | Meet | Accept | Ready | Deliver) -> Call:
    """The call that does a step on chain."""
    match step:
        case Commit(unit=unit, root=root):
            return coin.attestation.commit.call(unit, root)
        case Open(unit=unit, openings=openings):
            return coin.attestation.open.call(unit, _leaves(openings))
        case Meet(window=window, unit=unit, openings=openings):
            return coin.attestation.meet_demand.call(window, unit, _leaves(openings))
        case Accept(ticket=ticket):
            return coin.redemption.accept.call(ticket)
        case Ready(ticket=ticket):
            return coin.redemption.ready.call(ticket)
        case Deliver(ticket=ticket, result=result):
            return coin.redemption.deliver.call(ticket, result)
        case _:
            assert_never(step)


def _leaves(openings: tuple[Opening, ...]) -> Leaves:
    return tuple(Leaf(each.round, each.position, each.inputs, each.outputs, each.path) for each in openings)


def name_of(step: Step) -> Name:
    """What tells a step from all others: its kind, and the facts by which the log knows it."""
    match step:
        case Multiply(window=window, unit=unit):
            return "multiply", (("window", window), ("unit", unit))
        case Commit(window=window, unit=unit):
            return "commit", (("window", window), ("unit", unit))
        case Open(window=window, unit=unit):
            return "open", (("window", window), ("unit", unit))
        case Meet(window=window, unit=unit):
            return "meet", (("window", window), ("unit", unit))
        case Accept(ticket=ticket):
            return "accept", (("ticket", ticket),)
        case Ready(ticket=ticket):
            return "ready", (("ticket", ticket),)
        case Run(job=job):
            return "run", (("job", job.hex()),)
        case Deliver(ticket=ticket):
            return "deliver", (("ticket", ticket),)
        case Decline(ticket=ticket):
            return "decline", (("ticket", ticket),)
        case _:
            assert_never(step)
