"""The portable registry: every type of the chain by number, as metadata tells clients about them."""

from __future__ import annotations

from typing import Final

from runtime.scale.annotations import codec_of
from runtime.scale.codec import (
    AnyCodec,
    ArrayType,
    BitSequenceType,
    CompactType,
    CompositeType,
    Definition,
    Description,
    Field,
    PrimitiveType,
    SequenceType,
    TupleType,
    VariantType,
)
from runtime.scale.declared import Enum, Struct
from runtime.scale.marks import U8, U32, Compact

PRIMITIVES: Final = (
    *("bool", "char", "str"),
    *("u8", "u16", "u32", "u64", "u128", "u256"),
    *("i8", "i16", "i32", "i64", "i128", "i256"),
)
"""Primitive types by their index in the encoding."""


class PortableField(Struct, path="scale_info::ty::Field"):
    """A field of a composite or a variant."""

    name: str | None
    type: Compact[U32]
    type_name: str | None
    docs: tuple[str, ...]


class PortableVariant(Struct, path="scale_info::ty::Variant"):
    """A variant of an enum."""

    name: str
    fields: tuple[PortableField, ...]
    index: U8
    docs: tuple[str, ...]


class TypeDef(Enum, path="scale_info::ty::TypeDef"):
    """What a type is made of; other types by their id."""


class Composite(TypeDef, index=0, unnamed=True):
    """A struct."""

    fields: tuple[PortableField, ...]


class Variants(TypeDef, index=1, unnamed=True, name="Variant"):
    """An enum."""

    variants: tuple[PortableVariant, ...]


class Sequence(TypeDef, index=2, unnamed=True):
    """A vector."""

    type: Compact[U32]


class Array(TypeDef, index=3, unnamed=True):
    """An array of fixed length."""

    length: U32
    type: Compact[U32]


class Tuple(TypeDef, index=4, unnamed=True):
    """A tuple."""

    types: tuple[Compact[U32], ...]


class Primitive(TypeDef, index=5, unnamed=True):
    """A type of the language, by its place in PRIMITIVES."""

    primitive: U8


class CompactOf(TypeDef, index=6, unnamed=True, name="Compact"):
    """The compact form of an integer."""

    type: Compact[U32]


class BitSequence(TypeDef, index=7, unnamed=True):
    """Bits, packed into `store` by `order`."""

    store: Compact[U32]
    order: Compact[U32]


class PortableParameter(Struct, path="scale_info::ty::TypeParameter"):
    """A parameter of a generic type."""

    name: str
    type: Compact[U32] | None


class Type(Struct, path="scale_info::ty::Type"):
    """A type, as clients know it."""

    path: tuple[str, ...]
    params: tuple[PortableParameter, ...]
    definition: TypeDef
    docs: tuple[str, ...]


class PortableType(Struct, path="scale_info::portable::PortableType"):
    """A type and its id, which is its place in the registry."""

    id: Compact[U32]
    type: Type


class Registry:
    """Ids for types, in the order in which they are first met, from a type to the types inside it.

    Types with a path are the same when their codec is; types without one (vectors, tuples, arrays,
    primitives) when they are made of the same types.
    """

    def __init__(self) -> None:
        self._types: list[Type | None] = []
        self._ids: dict[AnyCodec, int] = {}
        self._structural: dict[TypeDef, int] = {}
        self._open: list[AnyCodec] = []

    def register(self, codec: AnyCodec) -> int:
        """The id of the type of `codec`, which it and every type inside it get now if they have none."""
        codec = codec.target
        known = self._ids.get(codec)
        if known is not None:
            return known
        description = codec.description
        if not description.path:
            return self._register_structural(codec, description)
        identifier = self._ids[codec] = len(self._types)
        self._types.append(None)
        self._types[identifier] = self._portable(description)
        return identifier

    def _register_structural(self, codec: AnyCodec, description: Description) -> int:
        if codec in self._open:
            raise TypeError(f"{codec.name} contains itself, and no type with a name is between")
        self._open.append(codec)
        portable = self._portable(description)
        self._open.pop()
        identifier = self._structural.get(portable.definition)
        if identifier is None:
            identifier = self._structural[portable.definition] = len(self._types)
            self._types.append(portable)
        self._ids[codec] = identifier
        return identifier

    def types(self) -> tuple[PortableType, ...]:
        """Every registered type, by id."""
        return tuple(
            PortableType(identifier, portable)
            for identifier, portable in enumerate(self._types)
            if portable is not None
        )

    def encode(self) -> bytes:
        """The registry as metadata has it: `Vec<PortableType>`."""
        return _TYPES.encode(self.types())

    def _portable(self, description: Description) -> Type:
        params = tuple(
            PortableParameter(name, None if codec is None else self.register(codec))
            for name, codec in description.params
        )
        return Type(description.path, params, self._definition(description.definition), description.docs)

    def _definition(self, definition: Definition) -> TypeDef:
        match definition:
            case CompositeType(fields):
                return Composite(self._fields(fields))
            case VariantType(variants):
                return Variants(
                    tuple(
                        PortableVariant(each.name, self._fields(each.fields), each.index, each.docs)
                        for each in variants
                    )
                )
            case SequenceType(codec):
                return Sequence(self.register(codec))
            case ArrayType(length, codec):
                return Array(length, self.register(codec))
            case TupleType(codecs):
                return Tuple(tuple(self.register(codec) for codec in codecs))
            case PrimitiveType(name):
                return Primitive(PRIMITIVES.index(name))
            case CompactType(codec):
                return CompactOf(self.register(codec))
            case BitSequenceType(store, order):
                return BitSequence(self.register(store), self.register(order))

    def _fields(self, fields: tuple[Field, ...]) -> tuple[PortableField, ...]:
        return tuple(
            PortableField(
                field.name,
                self.register(field.codec),
                field.codec.name if field.type_name is None else field.type_name,
                field.docs,
            )
            for field in fields
        )


_TYPES: Final = codec_of(tuple[PortableType, ...])
