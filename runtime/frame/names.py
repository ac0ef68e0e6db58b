"""Names: how a Python name is written in storage keys and metadata."""

from __future__ import annotations

from typing import Final

ACRONYMS: Final = {"ss58": "SS58"}
"""Words that clients expect in capitals."""


def camel(name: str) -> str:
    """`total_issuance` as `TotalIssuance`; a name in capitals already stays as it is."""
    return "".join(ACRONYMS.get(part) or part[:1].upper() + part[1:] for part in name.split("_"))


def snake(name: str) -> str:
    """`TotalIssuance` as `total_issuance`."""
    letters: list[str] = []
    for position, letter in enumerate(name):
        if letter.isupper() and position and not name[position - 1].isupper():
            letters.append("_")
        letters.append(letter.lower())
    return "".join(letters)


def plain_doc(text: str | None) -> tuple[str, ...]:
    """A docstring as metadata carries it: its lines, stripped."""
    return tuple(line.strip() for line in text.strip().splitlines()) if text else ()
