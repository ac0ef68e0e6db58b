"""A validator's pair signs what its public key verifies, takes no secret that is none, and hides the one it
has.
"""

from typing import Any

import pytest

from node.wallet.bls import BlsKeypair, InvalidSecret
from node.wallet.signer import Keypair
from runtime.crypto import bls
from runtime.crypto.bls_arkworks import Arkworks
from runtime.crypto.bls_scheme import Scheme
from runtime.crypto.derive import DEV_PHRASE, DEV_SEED, DeriveError

MESSAGE = b"notarize 7"
RANGE = "a BLS secret is above 0 and below the order of the group"

EIP_2333 = [
    (
        (
            "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
            "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"
        ),
        6083874454709270928345386274498605044986640685124978867557563392430687146096,
    ),
    (
        "3141592653589793238462643383279502884197169399375105820974944592",
        29757020647961307431480504535336562678282505419141012933316116377660817309383,
    ),
    (
        "0099FF991111002299DD7744EE3355BBDD8844115566CC55663355668888CC00",
        27580842291869792442942448775674722299803720648445448686099262467207037398656,
    ),
    (
        "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
        19022158461524446591288038168518313374041767046816487870552872741050760015818,
    ),
]


@pytest.fixture(params=bls.BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bls.Backend:
    """The backend of this process, for the length of a test."""
    chosen = bls.get_backend(request.param)
    monkeypatch.setattr(bls, "get_backend", lambda: chosen)
    return chosen


def test_a_pair_signs_and_proves_what_its_key_verifies(backend: bls.Backend) -> None:
    pair = BlsKeypair.from_seed(b"s" * 32)
    key = backend.load_pubkey(pair.public)
    assert backend.verify(key, MESSAGE, pair.sign(MESSAGE))
    assert backend.pop_verify(key, pair.pop_prove())


def test_both_backends_make_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[bytes, bytes, bytes]] = []
    for backend in map(bls.get_backend, bls.BACKENDS):
        with monkeypatch.context() as patch:
            patch.setattr(bls, "get_backend", lambda chosen=backend: chosen)
            pair = BlsKeypair.from_seed(b"s" * 32)
            made.append((pair.public, pair.sign(MESSAGE), pair.pop_prove()))
    assert made[0] == made[1]


@pytest.mark.parametrize(("seed", "master"), EIP_2333)
def test_seeds_give_eip_2333s_master_secrets(seed: str, master: int) -> None:
    """Its test cases 0 to 3."""
    pair = BlsKeypair.from_seed(bytes.fromhex(seed))
    assert pair.secret == master
    assert pair == BlsKeypair.from_secret(master) == BlsKeypair.from_secret(pair.secret_bytes)
    assert pair.secret_bytes == master.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (0, RANGE),
        (-1, RANGE),
        (bls.ORDER, RANGE),
        (bls.ORDER + 1, RANGE),
        (bytes(32), RANGE),
        (b"\xff" * 32, RANGE),
        (bls.ORDER.to_bytes(32, "big"), RANGE),
        (b"\1" * 31, "a BLS secret has 32 bytes, not 31"),
        (b"\1" * 33, "a BLS secret has 32 bytes, not 33"),
    ],
)
def test_what_is_no_secret_is_refused_and_never_reduced(
    backend: bls.Backend, secret: int | bytes, message: str
) -> None:
    """Trap: the raw library takes 0, whose key everybody has, and makes 1 of the order plus 1."""
    with pytest.raises(InvalidSecret) as refusal:
        BlsKeypair.from_secret(secret)
    assert str(refusal.value) == message


def test_the_least_and_the_greatest_secret_are_secrets(backend: bls.Backend) -> None:
    least, greatest = BlsKeypair.from_secret(1), BlsKeypair.from_secret(bls.ORDER - 1)
    assert least.public == backend.curve.encode_g1(backend.curve.generator)
    assert greatest.public == bytes((least.public[0] ^ 0x20,)) + least.public[1:]


@pytest.mark.parametrize("length", [0, 31, 1_025])
def test_a_seed_has_a_least_and_a_greatest_length(length: int) -> None:
    with pytest.raises(InvalidSecret) as refusal:
        BlsKeypair.from_seed(bytes(length))
    assert str(refusal.value) == f"a BLS seed has 32 to 1024 bytes, not {length}"


class Recording(Arkworks):
    """Arkworks that writes down by what it multiplies."""

    def __init__(self) -> None:
        self.scalars: list[int] = []

    def multiply_g1(self, point: Any, scalar: int) -> Any:
        self.scalars.append(scalar)
        return super().multiply_g1(point, scalar)

    def multiply_g2(self, point: Any, scalar: int) -> Any:
        self.scalars.append(scalar)
        return super().multiply_g2(point, scalar)


def test_the_secret_itself_is_never_a_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap: the time of a multiplication depends on its scalar. Each pair of factors is fresh, its sum the
    secret, and the signature the same.
    """
    curve = Recording()
    monkeypatch.setattr(bls, "get_backend", lambda: Scheme(curve))
    pair = BlsKeypair.from_secret(77)
    signatures = {pair.sign(MESSAGE) for _ in range(4)}
    assert len(signatures) == 1
    factors = curve.scalars
    assert len(set(factors)) == len(factors) == 2 * 5
    assert all(
        (one + other) % bls.ORDER == 77 for one, other in zip(factors[::2], factors[1::2], strict=True)
    )
    plain = curve.encode_g2(Arkworks().multiply_g2(curve.hash_to_g2(MESSAGE, bls.VOTE_DOMAIN), 77))
    assert signatures == {plain}


def test_new_pairs_differ() -> None:
    assert BlsKeypair.generate() != BlsKeypair.generate()


def test_the_secret_stays_out_of_the_repr() -> None:
    pair = BlsKeypair.from_seed(b"s" * 32)
    assert repr(pair) == f"BlsKeypair(public={pair.public!r})"


# Secret URIs.


def test_a_uri_names_one_pair_for_ever() -> None:
    """Genesis presets hold these keys: the rule may never change."""
    alice = BlsKeypair.from_suri("//Alice")
    assert alice.public.hex() == (
        "a51182134aaae3a0b044b129fc1199e07de9cb8e83c705eac3cd40f78dee557d92eb5e29684c59cc217206c082678ba9"
    )
    assert alice == BlsKeypair.from_suri(f"{DEV_PHRASE}//Alice")
    assert alice == BlsKeypair.from_suri(f"0x{DEV_SEED.hex()}//Alice")
    others = ("", "//Bob", "//Alice//1", "//Alice///password")
    assert len({alice.public, *(BlsKeypair.from_suri(suri).public for suri in others)}) == 5


def test_the_account_of_the_same_uri_has_another_secret() -> None:
    mini_secret = Keypair.from_suri("//Alice", "ed25519").secret[:32]
    assert BlsKeypair.from_suri("//Alice") != BlsKeypair.from_seed(mini_secret)


def test_soft_junctions_are_refused() -> None:
    with pytest.raises(DeriveError) as refusal:
        BlsKeypair.from_suri("//Alice/0")
    assert str(refusal.value) == "junction 2 is soft, and ed25519 keys have hard junctions (//) only"
