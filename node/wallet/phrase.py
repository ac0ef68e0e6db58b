"""Recovery phrases: twelve or twenty-four words of BIP-39 that stand for a secret.

Substrate departs from BIP-39 in one step: the mini secret comes from the phrase's *entropy* and not from its
words, as the first 32 bytes of PBKDF2-HMAC-SHA512(entropy, "mnemonic" || password, 2048 rounds). So a phrase
gives the same keys here as in every Substrate wallet, and other keys than in a wallet of another chain.

Error messages name a word by its place and never quote it: a phrase is a secret.
"""

import re
from typing import Literal

from bip39 import bip39_generate, bip39_to_mini_secret, bip39_validate

WORD_COUNTS = (12, 15, 18, 21, 24)


class InvalidPhrase(ValueError):
    """Words that are no BIP-39 phrase."""


def generate(words: Literal[12, 24] = 12) -> str:
    """A new phrase of English words from the system's entropy: 128 bits in 12 words, 256 in 24."""
    return bip39_generate(words)


def normalise(phrase: str) -> str:
    """The phrase in lower case with single spaces; raises `InvalidPhrase` saying which rule it breaks."""
    words = phrase.lower().split()
    if len(words) not in WORD_COUNTS:
        raise InvalidPhrase(f"a phrase has 12, 15, 18, 21 or 24 words, not {len(words)}")
    clean = " ".join(words)
    _check_text(clean)
    if not bip39_validate(clean):
        raise InvalidPhrase(_why_invalid(clean))
    return clean


def to_mini_secret(phrase: str, password: str = "") -> bytes:
    """The 32-byte mini secret of a phrase, as Substrate derives it; raises `InvalidPhrase`."""
    clean = normalise(phrase)
    _check_text(password)
    return bip39_to_mini_secret(clean, password)


def _check_text(text: str) -> None:
    """Refuse what is no Unicode text, such as the bytes of another encoding on a command line."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidPhrase(f"character {error.start + 1} of a phrase has no UTF-8 form") from None


def _why_invalid(phrase: str) -> str:
    """What the library found wrong: a word by its place, or the checksum."""
    try:
        bip39_to_mini_secret(phrase, "")
    except ValueError as error:
        if place := re.search(r"invalid word in phrase with index (\d+)", str(error)):
            return f"word {int(place[1]) + 1} of the phrase is not in the English BIP-39 list"
    return "the checksum in the last word does not fit: a word is mistaken or out of its place"
