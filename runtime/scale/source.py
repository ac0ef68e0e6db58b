"""Python source being written, with the objects that it names: how codecs are compiled, once per type."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType
from typing import Any, Final

SOURCES_MAX: Final = 4_096
"""Of how many texts the code is kept: types that are alike compile to the same text."""


class Source:
    """Lines of one generated function, and the constants bound into its globals."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[str, object] = {}
        self._count = 0
        self._indent = 1

    def fresh(self, stem: str = "v") -> str:
        """A name that is used nowhere else in the function."""
        self._count += 1
        return f"{stem}{self._count}"

    def bind(self, value: object, stem: str = "c") -> str:
        """A name for `value` in the generated function."""
        name = self.fresh(f"_{stem}")
        self._names[name] = value
        return name

    def line(self, text: str) -> None:
        """Add one line to the function's body."""
        self._lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, header: str) -> Generator[None]:
        """Lines added inside are the block under `header`."""
        self.line(header)
        self._indent += 1
        yield
        self._indent -= 1

    def function(self, name: str, parameters: str) -> Any:
        """Compile the lines as the body of a function, and return it."""
        body = "\n".join(self._lines) or "    pass"
        exec(_compiled(f"def {name}({parameters}):\n{body}\n"), self._names)
        return self._names[name]


@lru_cache(SOURCES_MAX)
def _compiled(source: str) -> CodeType:
    return compile(source, "<codec>", "exec")
