"""Providers' agents on a chain in memory: the real plan, carried out block by block, without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from node.provider.agent import call_of
from node.provider.challenge import Work
from node.provider.coin import Coin
from node.provider.plan import Accept, Commit, Decline, Deliver, Meet, Multiply, Open, Ready, Run, plan
from node.provider.sight import look
from pallets.attestation.probe import Task
from runtime.executive.builder import Applied
from support.coin import CoinChain


class WrongRow(Work):
    """A product with one wrong number, in row 0: what somebody commits who did not do all of the work."""

    def _leaves(self):  # type: ignore[no-untyped-def]
        self._outputs[0] = np.array(self._outputs[0])
        self._outputs[0][0, 0] ^= 1
        return super()._leaves()


class Bench:
    """What a provider has at hand, in memory. `costs` are the jobs whose inputs are there, with their
    work.
    """

    def __init__(self, make: Callable[[Task], Work] = Work) -> None:
        self.make = make
        self.works: dict[bytes, Work] = {}
        self.costs: dict[bytes, int] = {}
        self.receipts: dict[bytes, bytes] = {}
        self.declined: dict[int, str] = {}

    def work(self, task: Task) -> Work | None:
        return self.works.get(task.seed)

    def job_work(self, job: bytes) -> int | None:
        return self.costs.get(job)

    def receipt(self, job: bytes) -> bytes | None:
        return self.receipts.get(job)


class Agents:
    """The agents of some providers, one bench each."""

    def __init__(self, chain: CoinChain, whos: Iterable[bytes], make: Callable[[Task], Work] = Work) -> None:
        self.chain = chain
        self.coin = Coin.of(chain.runtime)
        self.benches = {who: Bench(make) for who in whos}
        self.refusals: list[str] = []
        """Why calls were refused, whole messages."""

    def block(self) -> None:
        """Do in the open block what the block before asks for, and seal it."""
        self.act()
        self.chain.next_block()

    def act(self) -> None:
        """Do in the open block what the block before asks for."""
        sights = look(self.coin, tuple(self.benches))
        for who, bench in self.benches.items():
            # The open block is already begun: what it shows was to be seen when the one before was sealed.
            sight = replace(sights[who], number=self.chain.number - 1)
            for _ in range(3):  # a product made leads to a commitment in the same block
                made = [step for step in plan(sight, bench) if isinstance(step, Multiply | Run)]
                for step in made:
                    if isinstance(step, Multiply):
                        bench.works[step.task.seed] = bench.make(step.task)
                    else:
                        bench.receipts[step.job] = step.job[::-1]
                if not made:
                    break
            for step in plan(sight, bench):
                if isinstance(step, Decline):
                    bench.declined[step.ticket] = step.why
                elif isinstance(step, Commit | Open | Meet | Accept | Ready | Deliver):
                    self._note(self.chain.submit(call_of(self.coin, step), who))

    def blocks(self, count: int) -> None:
        for _ in range(count):
            self.block()

    def until(self, is_so: Callable[[], bool], most: int = 2_000) -> None:
        """Go on until something is so."""
        for _ in range(most):
            if is_so():
                return
            self.block()
        raise AssertionError(f"not so after {most} blocks")

    def windows(self, count: int) -> None:
        """Go on until so many more windows are over."""
        wanted = self.coin.attestation.opened + count
        self.until(lambda: self.coin.attestation.opened >= wanted and self.coin.attestation.window is None)

    def _note(self, applied: Applied) -> None:
        if applied.refusal is not None:
            self.refusals.append(str(applied.refusal))
