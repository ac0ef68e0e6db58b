"""Random SCALE types with their values, for property tests: any type that the codec can express."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from runtime.scale import (
    AnyCodec,
    BitVec,
    Char,
    Codec,
    Err,
    Field,
    Ok,
    array_codec,
    bytes_codec,
    codec_of,
    compact_codec,
    fixed_bytes_codec,
    lazy,
    map_codec,
    option_codec,
    result_codec,
    set_codec,
    str_codec,
    struct_codec,
    tuple_codec,
    variant,
    variant_codec,
    vec_codec,
)
from runtime.scale.integers import SIGNED, UNSIGNED


@dataclass(frozen=True)
class Kind:
    """A type, and a strategy of its values."""

    codec: AnyCodec
    values: st.SearchStrategy[Any]


def _integers() -> list[Kind]:
    kinds: list[Kind] = []
    for bits, codec in UNSIGNED.items():
        kinds.append(Kind(codec, st.integers(0, (1 << bits) - 1)))
        magnitudes = st.integers(0, bits).flatmap(lambda width: st.integers(0, (1 << width) - 1))
        kinds.append(Kind(compact_codec(codec), magnitudes))
    for bits, codec in SIGNED.items():
        kinds.append(Kind(codec, st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)))
    return kinds


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
KEYS = [
    *_integers(),
    Kind(codec_of(bool), st.booleans()),
    Kind(codec_of(Char), st.characters(codec="utf-8")),
    Kind(str_codec(), TEXT),
    Kind(str_codec(48), TEXT),
    Kind(bytes_codec(), st.binary(max_size=80)),
    Kind(bytes_codec(9), st.binary(max_size=9)),
    *(Kind(fixed_bytes_codec(n), st.binary(min_size=n, max_size=n)) for n in (0, 1, 4, 20, 32, 64)),
]
"""Types without parts, all of which Python can order."""

LEAVES = [
    *KEYS,
    Kind(codec_of(BitVec), st.lists(st.booleans(), max_size=20).map(tuple)),
    Kind(codec_of(None), st.none()),
]


def _tuples(
    values: st.SearchStrategy[Any], least: int = 0, most: int = 5
) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, min_size=least, max_size=most).map(tuple)


def _vec(kind: Kind) -> Kind:
    return Kind(vec_codec(kind.codec), _tuples(kind.values))


def _bounded(kind: Kind) -> Kind:
    return Kind(vec_codec(kind.codec, 3), _tuples(kind.values, most=3))


def _array(kind: Kind) -> Kind:
    return Kind(array_codec(kind.codec, 3), _tuples(kind.values, 3, 3))


def _long_array(kind: Kind) -> Kind:
    return Kind(array_codec(kind.codec, 70), kind.values.map(lambda value: (value,) * 70))


def _option(kind: Kind) -> Kind:
    if kind.codec.name.startswith(("Option<", "()")):
        return _vec(kind)
    return Kind(option_codec(kind.codec), st.none() | kind.values)


def _product(kinds: list[Kind]) -> Kind:
    return Kind(tuple_codec([each.codec for each in kinds]), st.tuples(*(each.values for each in kinds)))


def _struct(kinds: list[Kind]) -> Kind:
    fields = [Field(f"field_{position}", each.codec) for position, each in enumerate(kinds)]
    return Kind(struct_codec("Drawn", fields), st.tuples(*(each.values for each in kinds)))


def _sum(kinds: list[Kind]) -> Kind:
    """An enum whose values are pairs of index and fields."""

    def one(index: int, kind: Kind) -> Any:
        return variant(
            f"V{index}",
            index,
            [Field(None, kind.codec)],
            make=lambda value: (index, value),
            take=lambda pair: (pair[1],),
        )

    indices = [(7 * position) % 256 for position in range(len(kinds))]
    codec = variant_codec(
        "Choice", [one(*each) for each in zip(indices, kinds, strict=True)], key_of=lambda pair: pair[0]
    )
    values = [
        kind.values.map(lambda value, index=index: (index, value))  # type: ignore[misc]
        for index, kind in zip(indices, kinds, strict=True)
    ]
    return Kind(codec, st.one_of(values))


def _result(kinds: list[Kind]) -> Kind:
    good, bad = kinds[0], kinds[-1]
    return Kind(result_codec(good.codec, bad.codec), good.values.map(Ok) | bad.values.map(Err))


def _map(pair: tuple[Kind, Kind]) -> Kind:
    key, value = pair
    values = st.dictionaries(key.values, value.values, max_size=4)
    return Kind(
        map_codec(key.codec, value.codec), values.map(lambda table: tuple(sorted(table.items(), key=_first)))
    )


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]


def _index_of(pair: Any) -> Any:
    """The index of a pair of index and value; anything else is no such pair."""
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError(pair)
    return pair[0]


def _set(key: Kind) -> Kind:
    values = st.sets(key.values, max_size=5).map(lambda keys: tuple(sorted(keys)))
    return Kind(set_codec(key.codec), values)


def _recursive(kind: Kind) -> Kind:
    """A tree with values of `kind` at its leaves, as pairs of index and value."""
    tree: Codec[Any] = variant_codec(
        "Tree",
        [
            variant(
                "Leaf",
                0,
                [Field(None, kind.codec)],
                make=lambda value: (0, value),
                take=lambda pair: (pair[1],),
            ),
            variant(
                "Fork",
                1,
                [Field(None, vec_codec(lazy(lambda: tree)))],
                make=lambda trees: (1, trees),
                take=lambda pair: (pair[1],),
            ),
        ],
        key_of=_index_of,
    )
    leaves = kind.values.map(lambda value: (0, value))
    forks = st.recursive(
        leaves, lambda inner: _tuples(inner, most=3).map(lambda trees: (1, trees)), max_leaves=6
    )
    return Kind(tree, forks)


def _grow(kinds: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    several = st.lists(kinds, min_size=1, max_size=5)
    one: list[Callable[[Kind], Kind]] = [_vec, _bounded, _array, _long_array, _option, _recursive]
    many: list[Callable[[list[Kind]], Kind]] = [_product, _struct, _sum, _result]
    keys = st.sampled_from(KEYS)
    return st.one_of(
        *(kinds.map(build) for build in one),
        *(several.map(build) for build in many),
        st.tuples(keys, kinds).map(_map),
        keys.map(_set),
    )


KINDS: st.SearchStrategy[Kind] = st.recursive(st.sampled_from(LEAVES), _grow, max_leaves=6)
"""Any type."""


@st.composite
def typed_values(draw: st.DrawFn) -> tuple[AnyCodec, Any]:
    """Any type, with a value of it."""
    kind = draw(KINDS)
    return kind.codec, draw(kind.values)
