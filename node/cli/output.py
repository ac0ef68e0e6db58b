"""Output: what commands print on standard output, for people or as one JSON document."""

from __future__ import annotations

import json as jsons
import sys
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias, TypeGuard

from cyclopts import Parameter

Json: TypeAlias = Annotated[
    bool,
    Parameter(
        name="--json", negative="", show_default=False, help="Print one JSON document and nothing else."
    ),
]
"""The option that every command has."""


def print_json(document: Any) -> None:
    """One JSON document, indented, its integers exact."""
    say(jsons.dumps(document, indent=2, ensure_ascii=False))


def say(text: str = "") -> None:
    """A line of text, there at once even when standard output is a pipe."""
    print(text, flush=True)


def columns(rows: Sequence[tuple[str, ...]], *, gap: str = "  ", indent: str = "") -> list[str]:
    """Lines in which each column but the last is as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*(row[:-1] for row in rows), strict=True)]
    return [
        indent
        + gap.join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    ]


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether parsed JSON is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether parsed JSON is a list."""
    return isinstance(value, list)


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()
