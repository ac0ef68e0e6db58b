"""Patches: how a mutant changes the machine for the length of a run, and how the machine is whole again."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any


class Patch:
    """Attributes of classes replaced inside a `with` block."""

    def __init__(self) -> None:
        self._before: list[tuple[type[Any], str, Any]] = []

    def __enter__(self) -> Patch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for owner, name, value in reversed(self._before):
            setattr(owner, name, value)
        self._before.clear()

    def replace(self, owner: type[Any], name: str, value: Any) -> Any:
        """Set an attribute of a class that has it; what it was."""
        before = owner.__dict__[name]
        self._before.append((owner, name, before))
        setattr(owner, name, value)
        return before

    def silence(self, owner: type[Any], name: str, answer: Any = None) -> None:
        """Have a method do nothing but answer this."""

        def silent(*given: Any, **named: Any) -> Any:
            return answer

        self.replace(owner, name, silent)

    def around(self, owner: type[Any], name: str, wrap: Callable[..., Any]) -> None:
        """Have `wrap(method, self, ...)` called in a method's place."""
        method = owner.__dict__[name]

        def wrapped(self: Any, *given: Any, **named: Any) -> Any:
            return wrap(method, self, *given, **named)

        self.replace(owner, name, wrapped)
