"""The development accounts: the keys that every Substrate tool knows by name, and numbered ones behind
them.
"""

from collections.abc import Iterator

from node.wallet.signer import Keypair
from runtime.crypto.derive import KeyKind

DEV_NAMES = ("Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie")

DEV_WARNING = (
    "The keys of the development accounts are public: anybody can take what they hold. "
    "Use them on a development chain only."
)
"""To be shown wherever these accounts are."""


def dev_account(name: str, kind: KeyKind = "sr25519") -> Keypair:
    """The account `//name` of the public development phrase: `dev_account("Alice")`, `dev_account("7")`."""
    return Keypair.from_suri(f"//{name}", kind)


def dev_accounts(count: int, kind: KeyKind = "sr25519") -> Iterator[tuple[str, Keypair]]:
    """The first `count` development accounts with their names: the six named ones, then `0`, `1`, and so
    on.
    """
    for index in range(count):
        name = DEV_NAMES[index] if index < len(DEV_NAMES) else str(index - len(DEV_NAMES))
        yield name, dev_account(name, kind)
