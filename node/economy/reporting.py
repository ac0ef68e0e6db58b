"""Reporting: what honest reporters see of the market, and what they say of it a day."""

from __future__ import annotations

from typing import Final

from node.economy.world import World
from pallets.oracle import commitment_of
from pallets.oracle.types import Report, Reports
from runtime.types import AccountId, Hash
from runtime.types.fixed import PPB

SALT: Final = b"\x5a" * 32
DAY_HOURS: Final = 24
FIGURE_MAX: Final = (1 << 64) - 1


def reports_of(world: World, who: AccountId, *, wrong: bool = False) -> Reports:
    """What a reporter says of both classes: the truth within half a percent, or half of it.

    Both classes are said to be sold alike, so the mainstream is what the world says it is.
    """
    noise = world.random.randrange(995, 1_006)
    rating = max(1, world.mainstream * noise // 1_000)
    price = max(1, world.cost_ppb * world.progress_ppb // PPB)
    if wrong:
        price, rating = price // 2 + 1, rating // 2 + 1
    return tuple(
        Report(class_id, min(price, FIGURE_MAX), 1_000, rating, 1_000, bytes(32))
        for class_id in sorted(world.standards.classes)[:2]
    )


def commitment(round_: int, who: AccountId, reports: Reports) -> Hash:
    """The hash by which a reporter commits."""
    return commitment_of(round_, who, reports, SALT)


def report(world: World) -> None:
    """What reporters do in this block, so that a round closes when the standard takes its daily step: those
    with enough coins commit two blocks before it, and show one block before it.
    """
    day = world.blocks_in(DAY_HOURS)
    until = -world.chain.number % day
    if day == 1 or until == 1:
        _show(world)
    if day <= 2 or until == 2:
        _commit(world)


def _commit(world: World) -> None:
    round_ = world.oracle.round_now()
    least = world.oracle.minimum_bond
    for who in world.oracle.roster:
        seat = world.oracle.reporters[who]
        if seat.is_dismissed or seat.bond < least or not world.chance(world.diligence):
            continue
        reports = reports_of(world, who, wrong=who in world.liars and world.chance(0.6))
        world.committed[who] = round_, reports
        world.perform(who, world.oracle.commit.call(commitment(round_, who, reports)))


def _show(world: World) -> None:
    last = world.oracle.round_now() - 1
    for who, (round_, reports) in tuple(world.committed.items()):
        if round_ < last:
            del world.committed[who]
        elif round_ == last:
            del world.committed[who]
            world.perform(who, world.oracle.reveal.call(reports, SALT))
