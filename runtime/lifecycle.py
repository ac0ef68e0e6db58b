"""The lifecycle: which pallet has which hook, read once through pluggy, in the order of the spec's indices.

What could change that order (`tryfirst`, `trylast`, wrappers) is refused, and so are a misspelt hook, one
without its mark, one with other parameters, and an async one.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Final, get_type_hints

import pluggy

from runtime.executive.parts import Check, Hook
from runtime.frame import hookspecs
from runtime.frame.catalogue import MOVED_BY_RIGHT, WITHIN_BOUNDS, BoundsCheck, Catalogue, MovesCheck
from runtime.frame.governance import ParameterHistory
from runtime.frame.hooks import PROJECT
from runtime.frame.pallet import Pallet

HOOKS: Final = tuple(name for name, value in vars(hookspecs).items() if hasattr(value, f"{PROJECT}_spec"))
"""Every hook's name."""


class LoadError(Exception):
    """The chain spec and the installed pallets do not make a runtime."""


def name_of(pallet: Pallet[Any, Any]) -> str:
    """The pallet's name in this runtime."""
    assert pallet.seat is not None
    return pallet.seat.name


def hooks_of(pallets: Sequence[Pallet[Any, Any]]) -> dict[str, tuple[Hook, ...]]:
    """Every hook by its name, each with the pallets that have it. Raises LoadError."""
    manager = _Lifecycle(PROJECT)
    manager.add_hookspecs(hookspecs)
    for pallet in pallets:
        _refuse_odd_hooks(pallet)
        try:
            manager.register(pallet, name=name_of(pallet))
        except pluggy.PluginValidationError as error:
            raise LoadError(f"{name_of(pallet)}: {_one_line(error)}") from None
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise LoadError(_one_line(error)) from None
    table: dict[str, tuple[Hook, ...]] = {}
    for name in HOOKS:
        by_pallet = {impl.plugin_name: impl.function for impl in getattr(manager.hook, name).get_hookimpls()}
        table[name] = tuple(
            Hook(name_of(pallet), by_pallet[name_of(pallet)])
            for pallet in pallets
            if name_of(pallet) in by_pallet
        )
    return table


def _refuse_odd_hooks(pallet: Pallet[Any, Any]) -> None:
    for name in dir(type(pallet)):
        method = inspect.getattr_static(type(pallet), name)
        options = getattr(method, f"{PROJECT}_impl", None)
        where = f"{name_of(pallet)}.{name}"
        if options is None:
            if name in HOOKS:
                raise LoadError(f"{where} is named like a hook, and is not marked @hookimpl")
            continue
        if name not in HOOKS:
            raise LoadError(f"{where} is no hook; hooks are: {', '.join(HOOKS)}")
        if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
            raise LoadError(f"{where} is async, and a hook cannot wait")
        wanted = ", ".join(["self", *inspect.signature(getattr(hookspecs, name)).parameters])
        written = ", ".join(inspect.signature(method).parameters)
        if written != wanted:
            raise LoadError(f"{where} is written ({written}), and the hook is ({wanted})")
        for forbidden in ("tryfirst", "trylast", "hookwrapper", "wrapper"):
            if options.get(forbidden):
                raise LoadError(
                    f"{where} is marked {forbidden}, and the order of hooks is the chain spec's alone"
                )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def checks_of(pallets: Sequence[Pallet[Any, Any]], catalogue: Catalogue) -> tuple[Check, ...]:
    """Every invariant with the method that looks, all parameters first; two of one name are refused."""
    checks = [Check(WITHIN_BOUNDS, BoundsCheck(catalogue))]
    checks += [
        Check(MOVED_BY_RIGHT, MovesCheck(catalogue, pallet, pallet.host))
        for pallet in pallets
        if isinstance(pallet, ParameterHistory)
    ]
    for pallet in pallets:
        for each in pallet.invariants:
            if any(each.name == other.invariant.name for other in checks):
                raise LoadError(
                    f"{name_of(pallet)} declares invariant {each.name}, and another pallet did already"
                )
            checks.append(Check(each, getattr(pallet, each.attribute)))
    return tuple(checks)


def genesis_type(pallet: Pallet[Any, Any]) -> Any:
    """The type of a pallet's genesis record, or None when it writes none."""
    method = inspect.getattr_static(type(pallet), "build_genesis", None)
    if method is None or not hasattr(method, f"{PROJECT}_impl"):
        return None
    return get_type_hints(method, include_extras=True)["genesis"]


class _Lifecycle(pluggy.PluginManager):
    """Looks for hooks on the pallet's class, since reading an instance's attributes would read storage."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        method = inspect.getattr_static(type(plugin), name, None)
        return getattr(method, f"{PROJECT}_impl", None)
