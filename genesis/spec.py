"""The chain spec: a chain as one JSON file - its name, its pallets with their constants and wiring, its first
state.

    {
      "name": "...", "id": "...", "properties": {"ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "CPC"},
      "specVersion": 1,
      "pallets": [{"index": 0, "pallet": "System", "config": {...}, "uses": {...}}, ...],
      "genesis": {"Balances": {...}, ...}
    }
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

from runtime.crypto import ss58
from runtime.spec import EXTENSIONS, PALLETS_MAX, RuntimeSpec, SeatSpec

_KEYS: Final = ("name", "id", "properties", "specVersion", "pallets", "extensions", "genesis")
_SEAT_KEYS: Final = ("index", "pallet", "name", "config", "uses")
DEFAULT_PROPERTIES: Final[Mapping[str, Any]] = {"ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "CPC"}
DECIMALS_MAX: Final = 38
"""A balance has no more decimal digits."""
SHOWN_CHARACTERS_MAX: Final = 40
"""How much of a key without meaning a refusal repeats."""
VERSION_MAX: Final = (1 << 32) - 1
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class SpecError(Exception):
    """A chain spec is not well-formed; says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSpec:
    """A chain, before it runs."""

    name: str
    """What people call it."""
    id: str
    """What tools call it; a name of folders and files."""
    runtime: RuntimeSpec
    """The pallets and their wiring."""
    genesis: Mapping[str, Any]
    """The first state, as plain values by pallet name."""
    properties: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULT_PROPERTIES))
    """What clients show amounts and addresses with."""


def parse_spec(plain: Any) -> ChainSpec:
    """The chain spec that a parsed JSON document describes; raises SpecError."""
    document = _object(plain, "the chain spec")
    _known(document, _KEYS, "the chain spec")
    for key in ("name", "id", "specVersion", "pallets"):
        if key not in document:
            raise SpecError(f"the chain spec lacks {key!r}")
    return ChainSpec(
        name=_text(document["name"], "name"),
        id=_id(document["id"]),
        properties=_properties(document.get("properties", {})),
        genesis=_object(document.get("genesis", {}), "genesis"),
        runtime=RuntimeSpec(
            spec_version=_number(document["specVersion"], "specVersion", VERSION_MAX),
            pallets=tuple(
                _seat(each, f"pallets[{place}]")
                for place, each in enumerate(_list(document["pallets"], "pallets"))
            ),
            extensions=tuple(
                _text(each, f"extensions[{place}]")
                for place, each in enumerate(_list(document.get("extensions", [*EXTENSIONS]), "extensions"))
            ),
        ),
    )


def write_spec(spec: ChainSpec) -> dict[str, Any]:
    """The JSON document of a chain spec; `parse_spec` reads it back."""
    return {
        "name": spec.name,
        "id": spec.id,
        "properties": dict(spec.properties),
        "specVersion": spec.runtime.spec_version,
        "pallets": [_write_seat(seat) for seat in spec.runtime.pallets],
        "extensions": list(spec.runtime.extensions),
        "genesis": dict(spec.genesis),
    }


def _write_seat(seat: SeatSpec) -> dict[str, Any]:
    written: dict[str, Any] = {"index": seat.index, "pallet": seat.pallet}
    if seat.name:
        written["name"] = seat.name
    if seat.config:
        written["config"] = dict(seat.config)
    if seat.uses:
        written["uses"] = dict(seat.uses)
    return written


def _seat(plain: Any, where: str) -> SeatSpec:
    seat = _object(plain, where)
    _known(seat, _SEAT_KEYS, where)
    for key in ("index", "pallet"):
        if key not in seat:
            raise SpecError(f"{where} lacks {key!r}")
    return SeatSpec(
        index=_number(seat["index"], f"{where}.index", PALLETS_MAX - 1),
        pallet=_text(seat["pallet"], f"{where}.pallet"),
        name=_text(seat.get("name", ""), f"{where}.name"),
        config=_object(seat.get("config", {}), f"{where}.config"),
        uses={
            given: _text(name, f"{where}.uses.{_shown(given)}")
            for given, name in _object(seat.get("uses", {}), f"{where}.uses").items()
        },
    )


def _id(plain: Any) -> str:
    text = _text(plain, "id")
    if not _ID.fullmatch(text):
        raise SpecError(
            "id names folders and files: 1 to 64 letters, digits, dots, dashes and underscores, "
            "the first a letter or a digit"
        )
    return text


def _properties(plain: Any) -> dict[str, Any]:
    """The properties, those that the node itself reads checked."""
    found = {**DEFAULT_PROPERTIES, **_object(plain, "properties")}
    prefix = _number(found["ss58Format"], "properties.ss58Format", ss58.PREFIX_MAX)
    if prefix in ss58.RESERVED_PREFIXES:
        raise SpecError(f"properties.ss58Format {prefix} is reserved")
    _number(found["tokenDecimals"], "properties.tokenDecimals", DECIMALS_MAX)
    _text(found["tokenSymbol"], "properties.tokenSymbol")
    return found


def _known(given: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in given:
        if key not in known:
            raise SpecError(
                f"{where} has a key {_shown(key)!r} that means nothing; keys are: {', '.join(known)}"
            )


def _shown(key: str) -> str:
    return key if len(key) <= SHOWN_CHARACTERS_MAX else key[:SHOWN_CHARACTERS_MAX] + "..."


def _object(value: Any, where: str) -> dict[str, Any]:
    if not _is_object(value):
        raise SpecError(f"{where} is no object")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not _is_list(value):
        raise SpecError(f"{where} is no list")
    return value


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise SpecError(f"{where} is no text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SpecError(f"{where} holds half a character: a surrogate without the other") from None
    return value


def _number(value: Any, where: str, largest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise SpecError(f"{where} is no whole number")
    if not 0 <= value <= largest:
        raise SpecError(f"{where} is outside [0, {largest}]")
    return value
