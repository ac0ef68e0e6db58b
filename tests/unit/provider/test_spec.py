"""Specifications and receipts have one form, and one hash; what is out of bounds is refused with the
field's name.
"""

import tomllib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.provider.jobs import spec as specs
from node.provider.jobs.spec import FineTune, Infer, InvalidReceipt, InvalidSpec, Receipt, Spec, Train

DIGEST = "ab" * 32


def test_the_canonical_form_and_the_job_hash_are_pinned() -> None:
    """Tickets on chain carry this hash: it must never move."""
    data = specs.spec_bytes(Train())
    assert data == (
        b'{"batch":32,"dataset":"digits","epochs":50,"hidden":64,"momentum_shift":3,"rate_shift":10,'
        b'"seed":0,"service":"train"}'
    )
    assert specs.job_hash(Train()).hex() == "4d8f17c95644f34465d437ecbdf9348dac5733b6083e43e21d732a3ed4201d65"


digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
any_spec: st.SearchStrategy[Spec] = st.one_of(
    st.builds(
        Train,
        seed=st.integers(0, 2**32 - 1),
        hidden=st.integers(1, 256),
        epochs=st.integers(1, 40).map(lambda each: each * 25),
        batch=st.integers(1, 256),
        rate_shift=st.integers(4, 24),
        momentum_shift=st.integers(1, 8),
    ),
    st.builds(FineTune, base=digests, dataset=st.sampled_from(["digits", "digits-transposed"])),
    st.builds(Infer, base=digests, hidden=st.integers(1, 256)),
)


@given(any_spec)
def test_specifications_come_back_from_their_bytes(spec: Spec) -> None:
    assert specs.parse_spec(specs.spec_bytes(spec)) == spec


@given(any_spec, any_spec)
def test_different_jobs_have_different_hashes(one: Spec, other: Spec) -> None:
    assert (specs.job_hash(one) == specs.job_hash(other)) is (one == other)


def test_a_toml_file_is_a_specification() -> None:
    table = tomllib.loads('service = "train"\nseed = 7\nhidden = 32\n')
    assert specs.parse_spec(table) == Train(seed=7, hidden=32)


CANNOT = "the job specification cannot be read: "


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}", CANNOT + "Object missing required field `service`"),
        (b'{"service":"mine"}', CANNOT + "Invalid value 'mine' - at `$.service`"),
        (b'{"service":"train","hidden":257}', CANNOT + "Expected `int` <= 256 - at `$.hidden`"),
        (b'{"service":"train","hidden":0}', CANNOT + "Expected `int` >= 1 - at `$.hidden`"),
        (
            b'{"service":"train","epochs":30}',
            CANNOT + "Expected `int` that's a multiple of 25 - at `$.epochs`",
        ),
        (b'{"service":"train","seed":1.5}', CANNOT + "Expected `int`, got `float` - at `$.seed`"),
        (b'{"service":"train","speed":1}', CANNOT + "Object contains unknown field `speed`"),
        (b'{"service":"fine_tune","dataset":"digits"}', CANNOT + "Object missing required field `base`"),
        (
            b'{"service":"infer","base":"AB"}',
            CANNOT + r"Expected `str` matching regex '^[0-9a-f]{64}\\Z' - at `$.base`",
        ),
        (b"{" + b" " * 4096, "a job specification has at most 4096 bytes, not 4097"),
    ],
)
def test_specifications_out_of_bounds_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        specs.parse_spec(data)
    assert str(refused.value) == message


def test_a_specification_made_in_python_is_checked_before_it_is_hashed() -> None:
    with pytest.raises(InvalidSpec) as refused:
        specs.job_hash(Train(hidden=0))
    assert str(refused.value) == CANNOT + "Expected `int` >= 1 - at `$.hidden`"


def test_a_table_with_things_that_json_has_not_is_refused() -> None:
    with pytest.raises(InvalidSpec) as refused:
        specs.parse_spec({"service": object()})
    assert str(refused.value) == CANNOT + "Encoding objects of type object is unsupported"


RECEIPT = Receipt(
    spec=Train(),
    job=specs.job_hash(Train()).hex(),
    start=DIGEST,
    checkpoints=(DIGEST,) * 25,
    result=DIGEST,
    correct=350,
    total=359,
)


def test_receipts_come_back_from_their_bytes() -> None:
    data = specs.receipt_bytes(RECEIPT)
    assert specs.parse_receipt(data) == RECEIPT
    assert len(specs.receipt_hash(RECEIPT)) == 32
    assert b" " not in data
    assert RECEIPT.accuracy_ppb == 974_930_362


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"job": DIGEST},
            f"the receipt names the job {DIGEST}, and its specification is {RECEIPT.job}",
        ),
        ({"correct": 360}, "the receipt claims 360 right answers of 359"),
        (
            {"checkpoints": (DIGEST,) * 24},
            "the receipt cannot be read: Expected `array` of length >= 25 - at `$.checkpoints`",
        ),
        (
            {"start": "00"},
            r"the receipt cannot be read: Expected `str` matching regex '^[0-9a-f]{64}\\Z' - at `$.start`",
        ),
    ],
)
def test_receipts_that_contradict_themselves_are_refused(changes: dict[str, object], message: str) -> None:
    bad = specs.receipt_bytes(msgspec.structs.replace(RECEIPT, **changes))
    with pytest.raises(InvalidReceipt) as refused:
        specs.parse_receipt(bad)
    assert str(refused.value) == message


def test_a_receipt_is_bounded() -> None:
    with pytest.raises(InvalidReceipt) as refused:
        specs.parse_receipt(b" " * 16_385)
    assert str(refused.value) == "a receipt has at most 16384 bytes, not 16385"
