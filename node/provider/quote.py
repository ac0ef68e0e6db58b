"""What a redemption takes: how many coins a job is worth, the fee on them, and how long the wait is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from genesis.coin import COIN
from node.provider.coin import Coin
from node.provider.jobs import dataset
from node.provider.jobs.dataset import CLASSES, PIXELS
from node.provider.jobs.spec import FineTune, Infer, Spec, Train
from pallets.redemption.fee import decayed, fee_ppb, grown
from pallets.redemption.pallet import LARGEST_SHARE, SMALLEST_SHARE
from pallets.redemption.types import Service
from runtime.frame.coin import Mode
from runtime.types.fixed import PPB, div_ceil, mul_div_ceil

INTEGER_FACTOR: Final = 6
"""Service factor: a fixed-point multiply-add of the jobs takes the time of so many of the probe."""
STEP_WORK: Final = 800_000
"""What one step of training costs apart from its arithmetic, in multiply-adds of the probe."""
PASSES: Final = 3
"""A step multiplies forward, and back for the gradients of both layers."""


@dataclass(frozen=True, slots=True)
class Quote:
    """An offer, good for the block that it was made over."""

    amount: int
    """Whole coins, in the smallest unit, that the ticket holds and that are burned at the end."""
    fee: int
    """Paid on top at once, and not returned."""
    work: int
    """What the job costs, in byte multiply-adds of the probe."""
    wait_hours: int
    """How long those who came before keep all providers busy, in hours of chain time, rounded up."""
    wait_blocks: int
    """The same in blocks."""
    wait_hours_max: int
    """W_max: no redemption waits longer while no issuer is deficient."""
    queue: int
    """How many tickets wait."""
    mode: Mode


class NotServed(Exception):
    """Nobody would serve the job now."""


def service_of(spec: Spec) -> Service:
    """What a ticket for this job is exchanged for."""
    match spec:
        case Train():
            return Service.Train
        case FineTune():
            return Service.FineTune
        case Infer():
            return Service.Infer


def job_work(spec: Spec) -> int:
    """What a job costs, in byte multiply-adds of the probe; by its specification alone."""
    data = dataset.load(spec.dataset)
    each = INTEGER_FACTOR * (PIXELS + CLASSES) * spec.hidden
    if isinstance(spec, Infer):
        return each * len(data.held_out)
    steps = spec.epochs * div_ceil(len(data.training), spec.batch)
    return PASSES * each * spec.epochs * len(data.training) + steps * STEP_WORK


def quote(coin: Coin, spec: Spec) -> Quote:
    """What a job takes over the state that the pallets stand over. Raises `NotServed`."""
    supply = coin.ledger.total_supply()
    _, standard = coin.standards.standard_now()
    work = job_work(spec)
    smallest = max(COIN, div_ceil(supply, SMALLEST_SHARE))
    amount = max(smallest, div_ceil(work, standard) * COIN)
    largest = max(smallest, supply // LARGEST_SHARE)
    if amount > largest:
        worth, most = amount // COIN, largest // COIN
        raise NotServed(f"the job is worth {worth} coins, and one ticket holds at most {most}")
    capacity = sum(
        coin.providers.capacity_of(who)
        for who in coin.providers.roster_now()
        if coin.providers.serves(who, 0, 0)
    )
    if not capacity:
        raise NotServed("no provider has capacity now: wait until one has proven some")
    queue, queued = coin.redemption.queue_now()
    busy = queued + sum(coin.ledger.debt_of(who).assigned for who in coin.providers.roster_now())
    return Quote(
        amount=amount,
        fee=redemption_fee(coin, amount),
        work=work,
        wait_hours=div_ceil(busy, capacity),
        wait_blocks=coin.standards.blocks_for(busy, capacity) if busy else 0,
        wait_hours_max=coin.providers.wait_now(),
        queue=queue,
        mode=coin.ledger.mode_now(),
    )


def redemption_fee(coin: Coin, amount: int) -> int:
    """What the redemption of `amount` costs if it were in the next block."""
    if coin.ledger.mode_now() >= Mode.Orange:
        return 0
    redemption, supply = coin.redemption, coin.ledger.total_supply()
    base, hour = redemption.base, coin.standards.blocks_in(1)
    hours = (coin.redemption.host.number + 1 - base.at) // hour
    moved = grown(decayed(base.ppb, hours), min(amount, supply), max(1, supply))
    return mul_div_ceil(amount, fee_ppb(redemption.fee_floor_ppb, moved), PPB)
