"""The calls inside a call, as a tree; and what parameters they would move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from node.gov.pallets import Governance
from runtime.frame import Call
from runtime.scale.errors import is_tuple

DEPTH_MAX: Final = 16
"""How deep a tree is shown."""
NODES_MAX: Final = 512
"""How many calls of one tree are shown."""


@dataclass(frozen=True, slots=True)
class CallTree:
    """A call, what it is told, and the calls that it makes."""

    call: Call
    arguments: tuple[tuple[str, Any, Any], ...]
    """Name, declared type and value of each argument that holds no call."""
    inner: tuple[CallTree, ...]
    cut: int
    """How many calls inside are not shown."""


@dataclass(frozen=True, slots=True)
class Move:
    """A parameter that a call would move."""

    path: str
    value: int


def tree(call: Call) -> CallTree:
    """A call with the calls inside it, as far as the bounds allow."""
    return _tree(call, 0, [NODES_MAX - 1])


def moves(gov: Governance, call: Call) -> list[Move]:
    """The parameters that a call and the calls inside it would move, in order."""
    return [Move(*each.args) for each in walk(call) if each.info is gov.parameters.set_parameter]


def walk(call: Call) -> Iterator[Call]:
    """A call, and the calls inside it, each before its own; as far as the bounds allow."""
    yield from _walk(tree(call))


def _walk(found: CallTree) -> Iterator[Call]:
    yield found.call
    for each in found.inner:
        yield from _walk(each)


def _tree(call: Call, depth: int, left: list[int]) -> CallTree:
    arguments: list[tuple[str, Any, Any]] = []
    calls: list[Call] = []
    for (name, kind), value in zip(call.info.parameters, call.args, strict=True):
        inside = _calls_in(value)
        if inside:
            calls += inside
        else:
            arguments.append((name.rstrip("_"), kind, value))
    inner: list[CallTree] = []
    for each in calls:
        if depth + 1 >= DEPTH_MAX or not left[0]:
            break
        left[0] -= 1
        inner.append(_tree(each, depth + 1, left))
    return CallTree(call, tuple(arguments), tuple(inner), len(calls) - len(inner))


def _calls_in(value: Any) -> list[Call]:
    if isinstance(value, Call):
        return [value]
    return [each for each in value if isinstance(each, Call)] if is_tuple(value) else []
