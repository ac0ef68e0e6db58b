"""Absurdity: a call whose arguments, or whose maker, make no sense; but which can be written down."""

from __future__ import annotations

import enum
from typing import Any, Final, TypeGuard

from node.economy.cast import EVERYBODY
from node.economy.register import Act
from node.economy.world import World
from runtime.frame.host import Call
from runtime.scale import EncodeError

AMOUNTS: Final = (0, 1, 2, 10**9, 2**16 - 1, 2**32 - 1, 2**63, 2**64 - 1, 2**127, 2**128 - 1)
HASH_BYTES: Final = 32


def twisted(world: World, act: Act) -> Act:
    """The act with another maker, or with one of its arguments spoiled."""
    args = act.call.args
    if not args or world.chance(0.3):
        return Act(world.random.choice(EVERYBODY), act.call)
    place = world.random.randrange(len(args))
    spoiled = _spoiled(world, args[place])
    try:
        act.call.info.arg_codecs[place].encode(spoiled)
    except (EncodeError, TypeError, ValueError):
        return act
    return Act(act.who, Call(act.call.info, (*args[:place], spoiled, *args[place + 1 :])))


def is_tuple(value: object) -> TypeGuard[tuple[Any, ...]]:
    """Whether an argument is a sequence."""
    return isinstance(value, tuple)


def _spoiled(world: World, value: Any) -> Any:
    """Another value of the same kind, at the edges where there are some."""
    random = world.random
    match value:
        case bool():
            return not value
        case enum.IntEnum():
            return random.choice(tuple(type(value)))
        case int():
            return random.choice((*AMOUNTS, value + 1, max(0, value - 1), 2 * value))
        case bytes() if len(value) == HASH_BYTES:
            return random.choice((bytes(HASH_BYTES), random.randbytes(HASH_BYTES), *EVERYBODY[:4]))
        case bytes():
            return random.randbytes(random.randrange(len(value) + 2))
        case _ if is_tuple(value):
            return random.choice(((), value + value, value[:1]))
        case _:
            return value
