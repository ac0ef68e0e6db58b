"""The keyring: a folder of keys, each in a folder of its own under its name, sealed by passwords.

    alice/account.json                   an account                        node.wallet.sealed
    rpc-1/node.json                      a node's identity                 node.wallet.sealed
    validator-1/bls.json, node.json      a validator's key, and its node's node.wallet.keystore, .sealed

A key is written whole or not at all and never over another. A validator's folder also holds its `lock`, and
nothing else: what the key has signed lies with the chain's data, so that a backup of keys holds no old
history.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar

from node.wallet.bls import BlsKeypair
from node.wallet.keyfile import (
    InvalidKeyfile,
    KeyExists,
    KeyfileError,
    WrongPassword,
    read_file,
    write_folder,
)
from node.wallet.keystore import open_bls, public_of_bls, seal_bls
from node.wallet.password import Cost
from node.wallet.sealed import facts_of, open_account, open_node, seal_account, seal_node
from node.wallet.signer import SEED_BYTES, Keypair
from runtime.scale.errors import show

T = TypeVar("T")

KeyType: TypeAlias = Literal["account", "validator", "node"]
Scheme: TypeAlias = Literal["sr25519", "ed25519", "bls12-381"]

ACCOUNT: Final = "account.json"
BLS: Final = "bls.json"
NODE: Final = "node.json"
LOCK: Final = "lock"

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class NoSuchKey(KeyfileError):
    """The keyring has no key of this name, or of this type."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What is public of a key, as its files say."""

    name: str
    type: KeyType
    scheme: Scheme
    public: bytes
    """48 bytes of a validator, else 32."""
    node: bytes | None
    """The public key of the node's identity (32 bytes); an account has none."""
    folder: Path


@dataclass(frozen=True, slots=True)
class ValidatorKeys:
    """A validator's secrets."""

    bls: BlsKeypair
    identity_seed: bytes = field(repr=False)
    """The ed25519 seed of its node's identity, 32 bytes."""

    @classmethod
    def from_suri(cls, suri: str) -> ValidatorKeys:
        """All that a validator needs from one secret URI: its BLS key by `BlsKeypair.from_suri`, and the
        URI's ed25519 key as its node's identity. Raises DeriveError and InvalidPhrase.
        """
        return cls(BlsKeypair.from_suri(suri), Keypair.from_suri(suri, "ed25519").secret[:SEED_BYTES])

    @property
    def identity(self) -> Keypair:
        """The ed25519 pair of its node."""
        return Keypair.from_seed(self.identity_seed, "ed25519")


class Keyring:
    """The keys in a folder; the folder is made with the first. Raises KeyfileError, and InvalidPassword."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # Making keys.

    def create_validator(
        self,
        name: str,
        secret: bytes,
        password: str,
        *,
        identity_seed: bytes | None = None,
        cost: Cost = Cost.STRONG,
    ) -> KeyInfo:
        """Keep a validator's BLS secret (32 bytes) and its node's identity, a new one unless given.

        Raises InvalidSecret too.
        """
        seed = secrets.token_bytes(SEED_BYTES) if identity_seed is None else identity_seed
        pair = BlsKeypair.from_secret(secret)
        return self._create(
            name,
            lambda: {
                BLS: seal_bls(pair, password, cost=cost, description=name),
                NODE: seal_node(seed, password, cost=cost),
            },
        )

    def create_account(self, name: str, pair: Keypair, password: str, *, cost: Cost = Cost.STRONG) -> KeyInfo:
        """Keep an account."""
        return self._create(name, lambda: {ACCOUNT: seal_account(pair, password, cost=cost)})

    def create_node(self, name: str, seed: bytes, password: str, *, cost: Cost = Cost.STRONG) -> KeyInfo:
        """Keep the ed25519 seed (32 bytes) of a node's identity."""
        return self._create(name, lambda: {NODE: seal_node(seed, password, cost=cost)})

    # Using keys.

    def open_validator(self, name: str, password: str) -> ValidatorKeys:
        """A validator's secrets."""
        folder = self._folder_of(name, "validator")
        return ValidatorKeys(
            _using(folder / BLS, lambda data: open_bls(data, password)),
            _using(folder / NODE, lambda data: open_node(data, password)),
        )

    def open_account(self, name: str, password: str) -> Keypair:
        """An account's pair."""
        path = self._folder_of(name, "account") / ACCOUNT
        return _using(path, lambda data: open_account(data, password))

    def open_node(self, name: str, password: str) -> bytes:
        """The seed of a node's identity."""
        path = self._folder_of(name, "node") / NODE
        return _using(path, lambda data: open_node(data, password))

    def keystore(self, name: str) -> bytes:
        """A validator's EIP-2335 keystore, sealed as it is."""
        return read_file(self._folder_of(name, "validator") / BLS)

    def lock_path(self, name: str) -> Path:
        """The file that whoever signs with a validator's key holds: `node.consensus.lock`."""
        return self._folder_of(name, "validator") / LOCK

    # What there is, and what may come.

    def check_free(self, name: str) -> None:
        """Refuse a name that is none or is taken, before anybody is asked for a password."""
        folder = self._folder(name)
        if folder.exists():
            raise KeyExists(folder)

    def check_account(self, name: str) -> None:
        """Refuse a name that no account has."""
        self._folder_of(name, "account")

    def check_validator(self, name: str) -> None:
        """Refuse a name that no validator's key has."""
        self._folder_of(name, "validator")

    def info(self, name: str) -> KeyInfo:
        """What is public of a key."""
        folder = self._folder(name)
        if (folder / ACCOUNT).exists():
            account = _using(folder / ACCOUNT, facts_of)
            if account.content == "node":
                raise InvalidKeyfile(f"{folder / ACCOUNT}: it holds a node's identity, and no account")
            return KeyInfo(name, "account", account.content, account.public, None, folder)
        if not (folder / NODE).exists():
            raise NoSuchKey(f"{self.folder} has no key {name}: `ballast key list` names those there are")
        node = _using(folder / NODE, facts_of).public
        if not (folder / BLS).exists():
            return KeyInfo(name, "node", "ed25519", node, node, folder)
        bls = _using(folder / BLS, public_of_bls)
        return KeyInfo(name, "validator", "bls12-381", bls, node, folder)

    def list(self) -> list[KeyInfo]:
        """All keys, by name."""
        if not self.folder.exists():
            return []
        try:
            names = sorted(each.name for each in self.folder.iterdir() if each.is_dir())
        except OSError as error:
            raise KeyfileError(f"{self.folder} cannot be read: {error.strerror}") from None
        return [self.info(name) for name in names if _NAME.fullmatch(name)]

    def _create(self, name: str, seal: Callable[[], Mapping[str, bytes]]) -> KeyInfo:
        self.check_free(name)  # before the password is stretched; `write_folder` makes it sure
        write_folder(self._folder(name), seal())
        return self.info(name)

    def _folder(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise KeyfileError(
                f"{show(name)} is no name of a key: it has up to 64 letters, digits, dots, dashes and "
                "underscores, and begins with a letter or a digit"
            )
        return self.folder / name

    def _folder_of(self, name: str, kind: KeyType) -> Path:
        found = self.info(name)
        if found.type != kind:
            raise NoSuchKey(f"the key {name} is of the type {found.type}, and not {kind}")
        return found.folder


def _using(path: Path, use: Callable[[bytes], T]) -> T:
    """What a file gives, or the error with the file's name."""
    data = read_file(path)
    try:
        return use(data)
    except (InvalidKeyfile, WrongPassword) as error:
        raise type(error)(f"{path}: {error}") from None
