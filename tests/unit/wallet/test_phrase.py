"""Phrases are BIP-39's, their secrets are Substrate's, and a mistaken phrase is refused without being
shown.
"""

import pytest

from node.wallet import phrase
from node.wallet.phrase import InvalidPhrase
from runtime.crypto.derive import DEV_PHRASE, DEV_SEED


@pytest.mark.parametrize("words", [12, 24])
def test_a_new_phrase_has_its_words_and_is_valid(words: int) -> None:
    first, second = phrase.generate(words), phrase.generate(words)  # type: ignore[arg-type]
    assert len(first.split()) == words
    assert phrase.normalise(first) == first
    assert first != second


@pytest.mark.parametrize(
    ("words", "mini_secret"),
    [
        (
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
            "44e9d125f037ac1d51f0a7d3649689d422c2af8b1ec8e00d71db4d7bf6d127e3",
        ),
        (
            "legal winner thank year wave sausage worth useful legal winner thank yellow",
            "4313249608fe8ac10fd5886c92c4579007272cb77c21551ee5b8d60b78041685",
        ),
    ],
)
def test_mini_secrets_are_substrates(words: str, mini_secret: str) -> None:
    """Vectors of the substrate-bip39 crate, with the password `Substrate`."""
    assert phrase.to_mini_secret(words, "Substrate").hex() == mini_secret


def test_the_development_phrase_gives_the_development_seed() -> None:
    assert phrase.to_mini_secret(DEV_PHRASE) == DEV_SEED


def test_case_and_spacing_do_not_matter() -> None:
    assert phrase.to_mini_secret("  " + DEV_PHRASE.upper().replace(" ", "\n ")) == DEV_SEED


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "a phrase has 12, 15, 18, 21 or 24 words, not 0"),
        (DEV_PHRASE + " walk", "a phrase has 12, 15, 18, 21 or 24 words, not 13"),
        (
            DEV_PHRASE.replace("lake", "lakke"),
            "word 4 of the phrase is not in the English BIP-39 list",
        ),
        (
            DEV_PHRASE.replace("walk", "obey"),
            "the checksum in the last word does not fit: a word is mistaken or out of its place",
        ),
    ],
)
def test_refusals_name_the_place_and_not_the_word(words: str, message: str) -> None:
    with pytest.raises(InvalidPhrase) as refusal:
        phrase.to_mini_secret(words)
    assert str(refusal.value) == message
