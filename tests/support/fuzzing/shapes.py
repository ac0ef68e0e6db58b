"""Valid encodings of any type, written from its portable description alone, as a foreign client would."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from runtime.scale import (
    AnyCodec,
    ArrayType,
    BitSequenceType,
    CompactType,
    CompositeType,
    PrimitiveType,
    SequenceType,
    TupleType,
    VariantDescription,
    VariantType,
    compact_bytes,
)

DEEP = 5
"""Below this depth, collections are empty and variants are those with the fewest fields."""
WIDTHS = {f"{sign}{bits}": bits for sign in "ui" for bits in (8, 16, 32, 64, 128, 256)}


class Shapes:
    """Random values of described types, with a taste for edges and for accounts that exist."""

    def __init__(self, dice: Random, accounts: Sequence[bytes] = (bytes(32),)) -> None:
        self._dice = dice
        self._accounts = accounts

    def encoding(self, codec: AnyCodec, depth: int = 0) -> bytes:
        """The encoding of some value of the type."""
        dice, description = self._dice, codec.description
        match description.definition:
            case PrimitiveType(name):
                return self._primitive(name)
            case CompactType(inner) if not _width(inner):
                return b""
            case CompactType(inner):
                return compact_bytes(self._number(_width(inner)))
            case ArrayType(32, inner) if _is_u8(inner) and dice.random() < 0.8:
                return dice.choice(self._accounts)
            case ArrayType(length, inner):
                return b"".join(self.encoding(inner, depth + 1) for _ in range(length))
            case SequenceType(inner):
                count = 0 if depth > DEEP or _is_uninhabited(inner) else dice.choice((0, 1, 1, 2, 3, 24))
                if count == 24 and not _is_u8(inner):
                    count = 4
                return compact_bytes(count) + b"".join(self.encoding(inner, depth + 1) for _ in range(count))
            case TupleType(inner):
                return b"".join(self.encoding(each, depth + 1) for each in inner)
            case CompositeType(fields):
                return b"".join(self.encoding(each.codec, depth + 1) for each in fields)
            case BitSequenceType():
                count = dice.choice((0, 1, 7, 8, 9, 20))
                return compact_bytes(count) + dice.getrandbits(count).to_bytes((count + 7) // 8, "little")
            case VariantType(variants):
                chosen = self._variant(variants, depth)
                fields = b"".join(self.encoding(each.codec, depth + 1) for each in chosen.fields)
                return bytes((chosen.index,)) + fields
        raise AssertionError(description.definition)

    def _variant(self, variants: Sequence[VariantDescription], depth: int) -> VariantDescription:
        if depth > DEEP:
            fewest = min(len(each.fields) for each in variants)
            variants = [each for each in variants if len(each.fields) == fewest]
        return self._dice.choice(variants)

    def _primitive(self, name: str) -> bytes:
        dice = self._dice
        if name == "bool":
            return dice.choice((b"\0", b"\1"))
        if name == "char":
            return ord(dice.choice("aZ€😀")).to_bytes(4, "little")
        if name == "str":
            text = dice.choice(("", "a", "some words", "€" * 20)).encode()
            return compact_bytes(len(text)) + text
        bits = WIDTHS[name]
        value = self._number(bits)
        return value.to_bytes(bits // 8, "little")

    def _number(self, bits: int) -> int:
        dice = self._dice
        if dice.random() < 0.4:
            edge = 1 << dice.choice((0, 6, 7, 14, 30, 32, 63, 64, bits))
            return max(0, min(edge + dice.choice((-1, 0, 1)), (1 << bits) - 1))
        return dice.getrandbits(dice.randint(1, bits))


def _is_u8(codec: AnyCodec) -> bool:
    return codec.description.definition == PrimitiveType("u8")


def _is_uninhabited(codec: AnyCodec) -> bool:
    """Whether the type has no value: an enum of no variants, such as a chain's reasons to freeze."""
    match codec.description.definition:
        case VariantType(variants):
            return not variants
        case CompositeType(fields):
            return any(_is_uninhabited(field.codec) for field in fields)
    return False


def _width(codec: AnyCodec) -> int:
    """The bits of an unsigned integer, or of the one in a type that holds nothing else."""
    match codec.description.definition:
        case PrimitiveType(name):
            return WIDTHS[name]
        case CompositeType((field,)):
            return _width(field.codec)
        case TupleType(()):
            return 0
    raise AssertionError(codec)
