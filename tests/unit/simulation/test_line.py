"""The line keeps the laws that the curve keeps: the scheme over it tells right from wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.consensus.certificates import BLS
from node.simulation.nodes.line import Line, on_the_line
from node.wallet.bls import BlsKeypair
from runtime.crypto import bls
from runtime.crypto.bls_curve import ORDER, PUBLIC_BYTES, SIGNATURE_BYTES
from runtime.simplex import Committee, Validator

POINTS = st.integers(0, ORDER - 1)
LINE = Line()


@given(POINTS, POINTS, POINTS)
def test_the_pairing_is_linear_on_both_sides(a: int, b: int, scalar: int) -> None:
    minus = LINE.negate(1)
    assert LINE.pairs_to_one(
        [(LINE.multiply_g1(a, scalar), b), (LINE.negate(a), LINE.multiply_g2(b, scalar))]
    )
    assert LINE.pairs_to_one([(LINE.sum_g1([a, b]), 1), (minus, LINE.sum_g2([a, b]))])
    assert LINE.combine_g1([a, b], [scalar, 1]) == LINE.sum_g1([LINE.multiply_g1(a, scalar), b])
    assert LINE.pairs_to_one([(1, a), (minus, b)]) == (a == b)


@given(POINTS)
def test_points_have_one_encoding(point: int) -> None:
    assert LINE.decode_g1(LINE.encode_g1(point)) == point
    assert LINE.decode_g2(LINE.encode_g2(point)) == point
    assert (len(LINE.encode_g1(point)), len(LINE.encode_g2(point))) == (PUBLIC_BYTES, SIGNATURE_BYTES)


@given(st.binary(min_size=SIGNATURE_BYTES, max_size=SIGNATURE_BYTES))
def test_bytes_are_a_point_or_refused(data: bytes) -> None:
    try:
        point = LINE.decode_g2(data)
    except ValueError as error:
        assert str(error) == "no point of the line"
    else:
        assert LINE.encode_g2(point) == data


def test_signatures_proofs_and_sums_hold_for_what_they_are_of() -> None:
    with on_the_line():
        pairs = [BlsKeypair.from_seed(bytes([number]) * 32) for number in range(4)]
        keys = [bls.load_pubkey(each.public) for each in pairs]
        signed = [each.sign(b"yes") for each in pairs]
        assert bls.verify(keys[0], b"yes", signed[0])
        assert not bls.verify(keys[0], b"no", signed[0])
        assert not bls.verify(keys[1], b"yes", signed[0])
        assert bls.pop_verify(keys[0], pairs[0].pop_prove())
        assert not bls.pop_verify(keys[0], pairs[0].sign(pairs[0].public))
        total = bls.aggregate(signed[:3])
        committee = Committee(0, tuple(Validator(bytes(32), each.public, bytes(32), 1) for each in pairs))
        members = BLS.keys(committee)
        assert members.sum_holds([0, 1, 2], b"yes", total)
        assert not members.sum_holds([0, 1, 3], b"yes", total)
        weights = [3, 5, 7, 11]
        assert members.votes_hold([0, 1, 2, 3], b"yes", signed, weights)
        swapped = [signed[1], signed[0], *signed[2:]]
        assert not members.votes_hold([0, 1, 2, 3], b"yes", swapped, weights)


def test_what_is_of_the_line_is_void_on_the_curve() -> None:
    name = bls.get_backend().name
    with on_the_line():
        public = BlsKeypair.from_seed(bytes(32)).public
        assert bls.load_pubkey(public).backend == bls.get_backend().name == "line"
    assert bls.get_backend().name == name
    assert BlsKeypair.from_seed(bytes(32)).public != public
    with pytest.raises(bls.InvalidPublicKey):
        bls.load_pubkey(public)
