"""The cache of two generations: what stays, what goes, and that the limit holds."""

from collections.abc import Collection

from runtime.state import MemoryStates
from runtime.state.cache import SWEEP_MAX, Generations


def total_length(values: Collection[bytes]) -> int:
    return sum(map(len, values))


def test_what_is_asked_for_stays_and_the_rest_goes() -> None:
    cache: Generations[int, str] = Generations(8)
    for key in range(40):
        cache.put(key, str(key))
        assert cache.get(0) == "0"
        assert len(cache) <= 8
    assert cache.get(1) is None and 1 not in cache
    assert [key for key in range(40) if key in cache][-4:] == [36, 37, 38, 39]


def test_weight_is_bounded_whatever_is_put_and_dropped() -> None:
    cache: Generations[int, bytes] = Generations(100, total_length)
    for key in range(200):
        cache.put(key % 13, bytes(key % 40))
        cache.drop([key % 7])
        held = {**cache.old, **cache.young}
        assert cache.weight == sum(map(len, held.values())) <= 100


def test_of_more_than_fits_the_last_are_kept() -> None:
    cache: Generations[int, bytes] = Generations(100, total_length)
    cache.put(0, bytes(10))
    cache.add({key: bytes(20) for key in range(1, 10)})
    assert sorted({**cache.old, **cache.young}) == [7, 8, 9]
    cache.put(9, bytes(60))
    assert cache.get(9) is None, "a value too heavy for a generation is not kept, nor what it replaces"


def test_a_new_value_replaces_an_old_one_in_either_generation() -> None:
    cache: Generations[str, int] = Generations(100)
    cache.put("key", 1)
    cache.rotate()
    cache.put("key", 2)
    assert cache.get("key") == 2 and len(cache) == 1


def test_what_is_discarded_is_freed_in_slices() -> None:
    cache: Generations[int, int] = Generations(8 * SWEEP_MAX)
    cache.add(dict.fromkeys(range(3 * SWEEP_MAX), 1))
    discarded = cache.young
    cache.rotate()
    cache.rotate()
    for left in (2, 1, 0, 0):
        cache.sweep()
        assert len(discarded) == left * SWEEP_MAX


def test_what_was_absent_is_found_once_a_block_has_written_it() -> None:
    """Also where the block brings only the bytes, and no decoded value."""
    states = MemoryStates()
    states.genesis({b"other": b"1"})
    assert states.head.read(b"key", bytes.decode) is None
    states.finalize(states.head.child({b"key": b"value"}, {}))
    assert states.head.read(b"key", bytes.decode) == "value"
