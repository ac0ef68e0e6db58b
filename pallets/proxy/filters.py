"""Filters: which calls each type of proxy may make, told by names, and resolved to the calls of a chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeGuard

from pallets.proxy.types import Allowance, ProxyType
from runtime.frame import Pallet
from runtime.frame.call import CallDeclaration
from runtime.frame.pallet import Declared

Calls: TypeAlias = frozenset[CallDeclaration[Any, Any]]


class BadFilter(TypeError):
    """The lists of the chain spec name what the chain has not: says which."""


def calls_of(
    proxy_type: ProxyType, allowances: Sequence[Allowance], pallets: Iterable[Declared]
) -> Calls | None:
    """The calls that a type of proxy may make; None: all. Raises `BadFilter`.

    A pallet goes by the name of its class, which is the one under which chain specs seat it.
    """
    if proxy_type is ProxyType.Any:
        return None
    known = {type(each).__name__: type(each) for each in pallets if _is_pallet(each)}
    found = [
        call
        for allowance in allowances
        if allowance.proxy_type is proxy_type
        for name in allowance.calls
        for call in _named(proxy_type, name, known)
    ]
    return frozenset(found)


def check(allowances: Sequence[Allowance], pallets: Sequence[Declared]) -> None:
    """Raises `BadFilter` unless each type is listed at most once, and every name is one of the chain."""
    for at, allowance in enumerate(allowances):
        if allowance.proxy_type is ProxyType.Any:
            raise BadFilter("filters: Any may do everything, and takes no list")
        if any(allowance.proxy_type is other.proxy_type for other in allowances[:at]):
            raise BadFilter(f"filters: {allowance.proxy_type.name} is listed twice")
        calls_of(allowance.proxy_type, allowances, pallets)


def _named(
    proxy_type: ProxyType, name: str, known: dict[str, type[Pallet[Any, Any]]]
) -> tuple[CallDeclaration[Any, Any], ...]:
    """The call of a name, or all calls of the pallet of that name."""
    owner, _, wanted = name.partition(".")
    where = f"filters: {proxy_type.name} allows {name!r}"
    if owner not in known:
        raise BadFilter(f"{where}, and the chain has no pallet {owner!r}; it has: {', '.join(sorted(known))}")
    calls = known[owner].calls
    if not calls:
        raise BadFilter(f"{where}, and the pallet has no calls")
    if owner == name:
        return tuple(calls.values())
    if wanted not in calls:
        raise BadFilter(f"{where}, and the pallet has no such call; its calls are: {', '.join(calls)}")
    return (calls[wanted],)


def _is_pallet(value: Declared) -> TypeGuard[Pallet[Any, Any]]:
    return isinstance(value, Pallet)
