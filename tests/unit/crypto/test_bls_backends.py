"""Which library verifies: chosen once, tested before it is trusted, never silently the slow one.

What a process settles on is seen in processes of their own.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from runtime.crypto import bls
from runtime.crypto.bls_arkworks import Arkworks
from runtime.crypto.bls_known_answers import knows_the_answers
from runtime.crypto.bls_scheme import Scheme

NO_ARKWORKS = "sys.modules['py_arkworks_bls12381'] = None"
NO_PY_ECC = "sys.modules['py_ecc'] = None"
TIMEOUT_SECONDS = 60


def process(*lines: str) -> str:
    """What a new interpreter prints, warnings included, that runs these lines."""
    script = "\n".join(("import sys", "from runtime.crypto import bls", *lines))
    command = [sys.executable, "-W", "always", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    return done.stdout + done.stderr


def test_arkworks_is_the_default_and_nothing_else_is_imported() -> None:
    assert process("print(bls.get_backend().name, 'py_ecc' in sys.modules)") == "arkworks False\n"


def test_py_ecc_takes_over_with_a_loud_warning() -> None:
    printed = process(NO_ARKWORKS, "print(bls.get_backend().name)", "print(bls.get_backend().name)")
    assert printed.startswith("py_ecc\npy_ecc\n")
    assert printed.count("RuntimeWarning") == 1
    assert (
        "RuntimeWarning: py_arkworks_bls12381 cannot be imported: BLS signatures are verified by py_ecc, "
        "some 200 times slower. Such a node can follow a chain but not validate; install "
        "py_arkworks_bls12381"
    ) in printed


def test_a_backend_asked_for_by_name_is_that_one_or_an_error() -> None:
    printed = process(NO_ARKWORKS, "bls.get_backend('arkworks')")
    assert printed.rstrip().endswith(
        "BackendError: the BLS backend arkworks cannot be imported: "
        "import of py_arkworks_bls12381 halted; None in sys.modules"
    )
    printed = process(NO_PY_ECC, "bls.use('py_ecc')")
    assert "BackendError: the BLS backend py_ecc cannot be imported: " in printed
    assert bls.get_backend("py_ecc").name == "py_ecc"


def test_the_configuration_chooses_before_the_first_use_and_never_after() -> None:
    lines = ("bls.use('py_ecc')", "print(bls.get_backend().name)", "bls.use('py_ecc')", "bls.use('arkworks')")
    printed = process(*lines)
    assert printed.startswith("py_ecc\n")
    assert "RuntimeWarning" not in printed
    assert printed.rstrip().endswith(
        "BackendError: BLS signatures are already verified by py_ecc: "
        "choose arkworks before the first of them"
    )


def test_a_backend_that_fails_its_test_verifies_nothing() -> None:
    """And py_ecc does not step in: a broken library is a matter for a person."""
    printed = process(
        "from runtime.crypto.bls_arkworks import Arkworks",
        "Arkworks.pairs_to_one = lambda self, pairs: True",
        "bls.get_backend()",
    )
    assert printed.rstrip().endswith(
        "BackendError: the BLS backend arkworks fails its known-answer test: do not verify with it"
    )
    assert "RuntimeWarning" not in printed


LIES: dict[str, tuple[str, Callable[..., Any]]] = {
    "accepts everything": ("pairs_to_one", lambda _self, _pairs: True),
    "accepts nothing": ("pairs_to_one", lambda _self, _pairs: False),
    "has no first group": ("in_subgroup_g1", lambda _self, _point: True),
    "has no second group": ("in_subgroup_g2", lambda _self, _point: True),
    "hashes under another domain": (
        "hash_to_g2",
        lambda _self, message, _domain: Arkworks().hash_to_g2(message, bls.POSSESSION_DOMAIN),
    ),
    "forgets a scalar": ("multiply_g1", lambda _self, point, _scalar: point),
    "forgets another": ("multiply_g2", lambda _self, point, _scalar: point),
}


@pytest.mark.parametrize("lie", LIES)
def test_the_known_answers_tell_a_liar(lie: str) -> None:
    name, function = LIES[lie]
    liar = type("Liar", (Arkworks,), {name: function})
    assert knows_the_answers(Scheme(Arkworks()))
    assert not knows_the_answers(Scheme(liar()))


def test_a_message_is_hashed_once_for_all_its_votes() -> None:
    hashed: list[bytes] = []

    class Recording(Arkworks):
        """Arkworks that writes down what it hashes."""

        def hash_to_g2(self, message: bytes, domain: bytes) -> Any:
            hashed.append(domain + message)
            return super().hash_to_g2(message, domain)

        def pairs_to_one(self, pairs: Sequence[tuple[Any, Any]]) -> bool:
            return True

    scheme = Scheme(Recording())
    key = scheme.load_pubkey(scheme.curve.encode_g1(scheme.curve.generator))
    infinity = b"\xc0" + bytes(95)
    for message in (b"a", b"b", b"a"):
        assert scheme.verify(key, message, infinity)
    assert scheme.pop_verify(key, infinity)
    assert hashed == [bls.VOTE_DOMAIN + b"a", bls.VOTE_DOMAIN + b"b", bls.POSSESSION_DOMAIN + key.data]


def test_votes_that_are_verified_and_then_added_up_are_decoded_once() -> None:
    decoded: list[bytes] = []

    class Recording(Arkworks):
        """Arkworks that writes down which signatures it decodes."""

        def decode_g2(self, data: bytes) -> Any:
            decoded.append(data)
            return super().decode_g2(data)

    scheme = Scheme(Recording())
    key = scheme.load_pubkey(scheme.curve.encode_g1(scheme.curve.generator))
    votes = [scheme.curve.encode_g2(scheme.curve.hash_to_g2(each, bls.VOTE_DOMAIN)) for each in (b"a", b"b")]
    assert scheme.verify_batch([(key, b"a", votes[0]), (key, b"b", votes[1])], [1, 1])
    assert len(scheme.aggregate(votes)) == bls.SIGNATURE_BYTES
    assert decoded == votes


def test_py_ecc_leaves_the_depth_of_recursion_as_it_was() -> None:
    """It would let hostile nesting, in JSON say, overflow the stack where it is refused otherwise."""
    lines = ("before = sys.getrecursionlimit()", "bls.use('py_ecc')", "bls.get_backend()")
    assert process(*lines, "print(sys.getrecursionlimit() == before)") == "True\n"
