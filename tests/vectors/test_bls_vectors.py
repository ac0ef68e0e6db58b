"""Ethereum's published BLS cases: both backends give the published bytes and verdicts.

py_ecc, which takes half a second for a pairing, answers some of each kind, and those of decoding all.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from node.wallet.bls import BlsKeypair, InvalidSecret
from runtime.crypto import bls
from runtime.crypto.bls_curve import MODULUS, Curve

Case = dict[str, Any]
CASES: dict[str, list[Case]] = json.loads((Path(__file__).parent / "bls.json").read_text())["cases"]
COUNTS = {
    "sign": 10,
    "verify": 29,
    "aggregate": 6,
    "fast_aggregate_verify": 12,
    "batch_verify": 4,
    "hash_to_G2": 4,
    "deserialization_G1": 16,
    "deserialization_G2": 18,
}
SLOW_CASES = {
    "sign": ("sign_case_11b8c7cad5238946", "sign_case_zero_privkey"),
    "verify": (
        "verify_valid_case_2ea479adf8c40300",
        "verify_wrong_pubkey_case_2f09d443ab8a3ac2",
        "verify_tampered_signature_case_e8a50c445c855360",
        "verify_infinity_pubkey_and_infinity_signature",
    ),
    "fast_aggregate_verify": (
        "fast_aggregate_verify_valid_3d7576f3c0e3570a",
        "fast_aggregate_verify_extra_pubkey_5a38e6b4017fe4dd",
        "fast_aggregate_verify_na_pubkeys_and_infinity_signature",
        "fast_aggregate_verify_na_pubkeys_and_na_signature",
        "fast_aggregate_verify_infinity_pubkey",
    ),
    "batch_verify": (
        "batch_verify_invalid_forged_signature_set",
        "batch_verify_valid_multiple_signature_set",
    ),
}


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}-{case['case']}")
        for name in bls.BACKENDS
        for case in CASES[kind]
        if name != "py_ecc" or kind not in SLOW_CASES or case["case"] in SLOW_CASES[kind]
    ]


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_no_case_got_lost() -> None:
    assert {kind: len(found) for kind, found in CASES.items()} == COUNTS
    for kind, names in SLOW_CASES.items():
        assert set(names) <= {case["case"] for case in CASES[kind]}


@pytest.mark.parametrize(("name", "case"), cases("sign"))
def test_sign(name: bls.BackendName, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = bls.get_backend(name)
    monkeypatch.setattr(bls, "get_backend", lambda: backend)
    secret = int(case["input"]["privkey"], 16)
    if case["output"] is None:
        with pytest.raises(InvalidSecret):
            BlsKeypair.from_secret(secret)
    else:
        pair = BlsKeypair.from_secret(secret)
        assert pair.sign(unhex(case["input"]["message"])) == unhex(case["output"])


@pytest.mark.parametrize(("name", "case"), cases("verify"))
def test_verify(name: bls.BackendName, case: Case) -> None:
    given, backend = case["input"], bls.get_backend(name)
    try:
        key = backend.load_pubkey(unhex(given["pubkey"]))
    except bls.InvalidPublicKey:
        assert case["output"] is False
    else:
        assert backend.verify(key, unhex(given["message"]), unhex(given["signature"])) is case["output"]


@pytest.mark.parametrize(("name", "case"), cases("aggregate"))
def test_aggregate(name: bls.BackendName, case: Case) -> None:
    backend, signatures = bls.get_backend(name), [unhex(text) for text in case["input"]]
    if case["output"] is None:
        with pytest.raises(bls.NothingToAggregate):
            backend.aggregate(signatures)
    else:
        assert backend.aggregate(signatures) == unhex(case["output"])


@pytest.mark.parametrize(("name", "case"), cases("fast_aggregate_verify"))
def test_fast_aggregate_verify(name: bls.BackendName, case: Case) -> None:
    given, backend = case["input"], bls.get_backend(name)
    try:
        keys = [backend.load_pubkey(unhex(text)) for text in given["pubkeys"]]
    except bls.InvalidPublicKey:
        assert case["output"] is False
        return
    message, signature = unhex(given["message"]), unhex(given["signature"])
    assert backend.fast_aggregate_verify(keys, message, signature) is case["output"]
    everyone = range(len(keys))
    assert backend.verify_signers(backend.sum_keys(keys), everyone, message, signature) is case["output"]


@pytest.mark.parametrize(("name", "case"), cases("batch_verify"))
def test_batch_verify(name: bls.BackendName, case: Case) -> None:
    given, backend = case["input"], bls.get_backend(name)
    try:
        keys = [backend.load_pubkey(unhex(text)) for text in given["pubkeys"]]
    except bls.InvalidPublicKey:
        assert case["output"] is False
        return
    messages, signatures = map(unhex, given["messages"]), map(unhex, given["signatures"])
    votes = list(zip(keys, messages, signatures, strict=True))
    weights = [2**127 + 12_345 * place for place, _ in enumerate(votes)]
    assert backend.verify_batch(votes, weights) is case["output"]


@pytest.mark.parametrize(("name", "case"), cases("hash_to_G2"))
def test_hash_to_g2(name: bls.BackendName, case: Case) -> None:
    """RFC 9380, J.10.1, of which the first coordinate and the sign of the second are seen."""
    curve: Curve[Any, Any] = bls.get_backend(name).curve
    domain = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_"
    real, imaginary = (unhex(text) for text in case["output"]["x"].split(","))
    encoded = curve.encode_g2(curve.hash_to_g2(case["input"]["msg"].encode(), domain))
    assert encoded[0] & 0x80
    assert bytes((encoded[0] & 0x1F,)) + encoded[1:] == imaginary + real
    larger = int(case["output"]["y"].split(",")[1], 16) * 2 > MODULUS
    assert bool(encoded[0] & 0x20) is larger


@pytest.mark.parametrize(("name", "case"), cases("deserialization_G1"))
def test_deserialization_g1(name: bls.BackendName, case: Case) -> None:
    """As published, but for infinity: it has an encoding and is no key."""
    data, backend = unhex(case["input"]["pubkey"]), bls.get_backend(name)
    if case["output"] and case["case"] != "deserialization_succeeds_infinity_with_true_b_flag":
        key = backend.load_pubkey(data)
        assert key.data == bytes(key) == backend.curve.encode_g1(key.point) == data
    else:
        with pytest.raises(bls.InvalidPublicKey):
            backend.load_pubkey(data)


@pytest.mark.parametrize(("name", "case"), cases("deserialization_G2"))
def test_deserialization_g2(name: bls.BackendName, case: Case) -> None:
    data, backend = unhex(case["input"]["signature"]), bls.get_backend(name)
    if case["output"]:
        assert backend.aggregate([data]) == data
    else:
        with pytest.raises(bls.InvalidSignature):
            backend.aggregate([data])
