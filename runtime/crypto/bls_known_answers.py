"""The known-answer test of a BLS backend: published answers that it must give before anybody relies on it.

The cases are ethereum/bls12-381-tests' (CC0): a signature, and two points of the curves that lie outside of
the groups. All its cases are in the tests.
"""

from typing import Any, Final

from runtime.crypto.bls_scheme import VOTE_DOMAIN, InvalidPublicKey, InvalidSignature, Scheme

_SECRET: Final = 0x263DBD792F5B1BE47ED85F8938C0F29586AF0D3AC7B977F21C278FE1462040E3
_PUBLIC: Final = bytes.fromhex(
    "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a"
)
_MESSAGE: Final = bytes(32)
_SIGNATURE: Final = bytes.fromhex(
    "b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb515809"
    "0352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55"
)
_OUTSIDE_G1: Final = bytes.fromhex("81" + "23456789abcdef01" * 5 + "23456789abcdef")
_OUTSIDE_G2: Final = bytes.fromhex("81" + "23456789abcdef01" * 11 + "23456789abcdef")


def knows_the_answers(scheme: Scheme[Any, Any]) -> bool:
    """Whether the backend makes the published key and signature, accepts them, and refuses what it must."""
    curve = scheme.curve
    return (
        curve.encode_g1(curve.multiply_g1(curve.generator, _SECRET)) == _PUBLIC
        and curve.encode_g2(curve.multiply_g2(curve.hash_to_g2(_MESSAGE, VOTE_DOMAIN), _SECRET)) == _SIGNATURE
        and scheme.verify(scheme.load_pubkey(_PUBLIC), _MESSAGE, _SIGNATURE)
        and not scheme.verify(scheme.load_pubkey(_PUBLIC), b"another message", _SIGNATURE)
        and _refuses_to_load(scheme)
    )


def _refuses_to_load(scheme: Scheme[Any, Any]) -> bool:
    try:
        scheme.load_pubkey(_OUTSIDE_G1)
    except InvalidPublicKey:
        pass
    else:
        return False
    try:
        scheme.aggregate([_OUTSIDE_G2])
    except InvalidSignature:
        return True
    return False
