"""BLS signature verification: what validators' votes, certificates and proofs of possession rest upon.

The scheme and the rules that its callers keep are in `bls_scheme.py`. Here it is bound to the one backend of
this process: arkworks, or py_ecc, which is some two hundred times slower, where arkworks has no build. Both
give the same verdicts, and a backend shows that it knows right from wrong before it is used.
"""

import sys
import warnings
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, Final, Literal, TypeAlias

from runtime.crypto.bls_curve import ORDER, PUBLIC_BYTES, SECRET_BYTES, SIGNATURE_BYTES
from runtime.crypto.bls_known_answers import knows_the_answers
from runtime.crypto.bls_scheme import (
    POSSESSION_DOMAIN,
    VOTE_DOMAIN,
    WEIGHT_MAX,
    InvalidPublicKey,
    InvalidSignature,
    KeySum,
    NothingToAggregate,
    PublicKey,
    Scheme,
)

__all__ = [
    "BACKENDS",
    "KEYS_CACHED_MAX",
    "ORDER",
    "POSSESSION_DOMAIN",
    "PUBLIC_BYTES",
    "SECRET_BYTES",
    "SIGNATURE_BYTES",
    "VOTE_DOMAIN",
    "WEIGHT_MAX",
    "Backend",
    "BackendError",
    "BackendName",
    "InvalidPublicKey",
    "InvalidSignature",
    "KeySum",
    "NothingToAggregate",
    "PublicKey",
    "aggregate",
    "fast_aggregate_verify",
    "get_backend",
    "load_pubkey",
    "pop_verify",
    "sum_keys",
    "use",
    "verify",
    "verify_batch",
    "verify_signers",
]

BackendName: TypeAlias = Literal["arkworks", "py_ecc"]
Backend: TypeAlias = Scheme[Any, Any]
"""The scheme over some library's points, opaque to everybody else."""

BACKENDS: Final[tuple[BackendName, ...]] = ("arkworks", "py_ecc")
"""The backends, best first."""
KEYS_CACHED_MAX: Final = 1_024
"""How many decoded keys are remembered: the committees of eight epochs, 128 validators each."""


class BackendError(Exception):
    """A backend that this process cannot verify with."""


def load_pubkey(data: bytes) -> PublicKey:
    """The public key of 48 bytes, decoded once and remembered.

    Raises `InvalidPublicKey` unless they are the one encoding of a point of the group that is not infinity. A
    key enters a set only after `pop_verify`.
    """
    return _load_pubkey(data)


def verify(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (96 bytes) of `message` is the key's. Never raises."""
    return get_backend().verify(key, message, signature)


def pop_verify(key: PublicKey, proof: bytes) -> bool:
    """Whether `proof` (96 bytes) shows that somebody holds the key's secret. Never raises."""
    return get_backend().pop_verify(key, proof)


def aggregate(signatures: Sequence[bytes]) -> bytes:
    """The sum of signatures, 96 bytes. Raises `NothingToAggregate` when there are none, and
    `InvalidSignature` for bytes that are no signature.
    """
    return get_backend().aggregate(signatures)


def fast_aggregate_verify(keys: Sequence[PublicKey], message: bytes, signature: bytes) -> bool:
    """Whether `signature` is the sum of a signature of `message` by each of the keys, which must all have
    proven their possession. No for no keys, and for keys that cancel each other out. Never raises.
    """
    return get_backend().fast_aggregate_verify(keys, message, signature)


def sum_keys(keys: Sequence[PublicKey]) -> KeySum:
    """The keys of a committee with their sum, for `verify_signers`."""
    return get_backend().sum_keys(keys)


def verify_signers(committee: KeySum, signers: Sequence[int], message: bytes, signature: bytes) -> bool:
    """`fast_aggregate_verify` for the keys of a committee at the places `signers`, strictly ascending, by
    adding up those or by taking the absent off the sum. Never raises.
    """
    return get_backend().verify_signers(committee, signers, message, signature)


def verify_batch(votes: Sequence[tuple[PublicKey, bytes, bytes]], weights: Sequence[int]) -> bool:
    """Whether each of the votes (key, message, signature) is valid by itself; dearer by a pairing only for
    each further message. No for no votes.

    The weights, one for each vote and from 1 to `WEIGHT_MAX`, have to be drawn at random after the votes were
    received. Raises `ValueError` for other weights, and for votes never.
    """
    return get_backend().verify_batch(votes, weights)


# The backend of this process.


def get_backend(name: BackendName | None = None) -> Backend:
    """The backend of this name; without one, that of this process: what `use` said, else arkworks, else
    py_ecc with a `RuntimeWarning`.

    Raises `BackendError` when the library is not installed or fails the known-answer test.
    """
    if name is not None:
        return _tested(name)
    return _settled.get("backend") or _settled.setdefault("backend", _best())


def use(name: BackendName) -> None:
    """Verify by this backend from now on. A node says so when it starts, if its configuration does.

    Raises `BackendError` when this process has already settled on another.
    """
    settled = _settled.setdefault("backend", _tested(name))
    if settled.name != name:
        raise BackendError(
            f"BLS signatures are already verified by {settled.name}: choose {name} before the first of them"
        )


_settled: Final[dict[Literal["backend"], Backend]] = {}
"""At most one entry, written once: the whole process gives its verdicts by one library."""


@lru_cache(maxsize=KEYS_CACHED_MAX)
def _load_pubkey(data: bytes) -> PublicKey:
    return get_backend().load_pubkey(data)


def _best() -> Backend:
    try:
        return _tested("arkworks")
    except BackendError as error:
        if not isinstance(error.__cause__, ImportError):
            raise
    warnings.warn(
        "py_arkworks_bls12381 cannot be imported: BLS signatures are verified by py_ecc, some 200 times "
        "slower. Such a node can follow a chain but not validate; install py_arkworks_bls12381",
        RuntimeWarning,
        stacklevel=3,
    )
    return _tested("py_ecc")


@cache
def _tested(name: BackendName) -> Backend:
    """The backend, once it has passed its known-answer test."""
    backend = _load(name)
    if not knows_the_answers(backend):
        raise BackendError(f"the BLS backend {name} fails its known-answer test: do not verify with it")
    return backend


def _load(name: BackendName) -> Backend:
    """Each library is imported by whom it serves alone: py_ecc takes half a second."""
    try:
        if name == "arkworks":
            from runtime.crypto.bls_arkworks import Arkworks

            return Scheme(Arkworks())
        depth = sys.getrecursionlimit()
        from runtime.crypto.bls_pyecc import PyEcc

        # py_ecc raises the limit a hundredfold; hostile nesting would then end the process, not be refused.
        sys.setrecursionlimit(depth)
        return Scheme(PyEcc())
    except ImportError as error:
        raise BackendError(f"the BLS backend {name} cannot be imported: {error}") from error
