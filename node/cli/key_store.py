"""`ballast key new | import | export | list`: keys that are kept in files, under passwords."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from cyclopts import Parameter

from node.cli.faults import Fault, expected
from node.cli.key_password import PasswordFile, read_password
from node.cli.names import STDIN, address_of, keypair_of, read_secret
from node.cli.output import Json, columns, print_json, say
from node.cli.places import data_folder
from node.wallet import phrase
from node.wallet.bls import BlsKeypair, InvalidSecret
from node.wallet.imported import FileForm, form_of, open_file
from node.wallet.keyfile import InvalidKeyfile, KeyfileError, WrongPassword, read_file, write_file
from node.wallet.keyring import KeyInfo, Keyring, KeyType, ValidatorKeys
from node.wallet.password import InvalidPassword
from node.wallet.phrase import InvalidPhrase
from node.wallet.polkadot_json import seal_polkadot
from node.wallet.signer import DEFAULT_PREFIX, SEED_BYTES, Keypair
from runtime.crypto.derive import DeriveError, KeyKind

WORDS: Final = 24
"""Of the phrase behind a new key: 256 bits."""

BasePath: TypeAlias = Annotated[
    Path | None,
    Parameter(
        name="--base-path",
        help="The folder of the data. By default the user's data folder, or $BALLAST_HOME.",
    ),
]
"""The option that says where a node's data is."""
KeysFolder: TypeAlias = Annotated[
    Path | None, Parameter(name="--keys", help="The folder of the keyring; BASE-PATH/keys unless given.")
]
"""The option that says where the keys are."""
Name: TypeAlias = Annotated[str, Parameter(help="The key's name in the keyring.")]
"""The argument that names a key."""
SchemeOption: TypeAlias = Annotated[
    KeyKind, Parameter(name="--scheme", help="The signature scheme of an account.")
]
"""The option that says how an account signs."""
Prefix: TypeAlias = Annotated[
    int, Parameter(name="--prefix", help="The SS58 prefix of the network that addresses are for.")
]
"""The option that says how addresses are written."""
Format: TypeAlias = Literal["public", "eip2335", "polkadot-js"]


def keyring_at(base_path: Path | None, keys: Path | None) -> Keyring:
    """The keyring of `--keys` and `--base-path`."""
    return Keyring(keys or (base_path or data_folder()) / "keys")


def keyring_errors() -> AbstractContextManager[None]:
    """What may go wrong with a key, each as a Fault."""
    return expected(KeyfileError, InvalidPassword, InvalidSecret, DeriveError, InvalidPhrase)


# Commands.


def new(
    name: Name,
    /,
    *,
    kind: Annotated[
        KeyType,
        Parameter(
            help="account: signs transactions. validator: votes, with a BLS key and a node's identity. "
            "node: the identity of a node that does not vote."
        ),
    ] = "account",
    scheme: SchemeOption = "sr25519",
    show_phrase: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Print the recovery phrase, once: `key import` makes the key again from it.",
        ),
    ] = False,
    password_file: PasswordFile = None,
    keys: KeysFolder = None,
    base_path: BasePath = None,
    json: Json = False,
) -> None:
    """Make a key and keep it under a password. Back up its folder, or write down its phrase."""
    secret = phrase.generate(WORDS)
    with keyring_errors():
        info = _keep_uri(keyring_at(base_path, keys), name, secret, kind, scheme, password_file)
    _show(info, DEFAULT_PREFIX, json, {"phrase": secret} if show_phrase else {})


def import_(
    name: Name,
    source: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True,
            help="A file (an EIP-2335 keystore, an export of polkadot.js, a file of another keyring); or a "
            "secret URI, which begins with // or 0x or has words; - reads the URI.",
        ),
    ],
    /,
    *,
    kind: Annotated[
        KeyType | None,
        Parameter(help="What a secret URI is for, an account unless given; a file says what it holds."),
    ] = None,
    scheme: SchemeOption = "sr25519",
    source_password_file: Annotated[
        Path | None,
        Parameter(
            help="A file whose first line is the password of the imported file; that of the new key unless "
            "given."
        ),
    ] = None,
    password_file: PasswordFile = None,
    keys: KeysFolder = None,
    base_path: BasePath = None,
    json: Json = False,
) -> None:
    """Take in a key that exists already, from a file or a secret URI, and keep it
    under a password.

    A validator's key that was at work elsewhere needs its history too: `ballast
    key guard import`.
    """
    keyring = keyring_at(base_path, keys)
    with keyring_errors():
        if source == STDIN or source.startswith(("//", "0x")) or " " in source:
            secret = read_secret(source)
            info = _keep_uri(keyring, name, secret, kind or "account", scheme, password_file)
        else:
            info = _keep_file(keyring, name, Path(source), kind, source_password_file, password_file)
    _show(info, DEFAULT_PREFIX, json, {})


def export(
    name: Name,
    /,
    *,
    format: Annotated[
        Format,
        Parameter(
            name="--format",
            help="public: what anybody may know. eip2335: a validator's keystore, under its password. "
            "polkadot-js: an account for polkadot.js, under its password.",
        ),
    ] = "public",
    out: Annotated[
        Path | None,
        Parameter(help="A new file to write to, for its owner alone; standard output unless given."),
    ] = None,
    prefix: Prefix = DEFAULT_PREFIX,
    password_file: PasswordFile = None,
    keys: KeysFolder = None,
    base_path: BasePath = None,
    json: Json = False,
) -> None:
    """Give a key to another program. No format shows a secret: those that hold one are under its password."""
    keyring = keyring_at(base_path, keys)
    with keyring_errors():
        match format:
            case "public":
                info = keyring.info(name)
                if out is None:
                    _show(info, prefix, json, {})
                    return
                data = msgspec.json.format(msgspec.json.encode(describe(info, prefix))) + b"\n"
            case "eip2335":
                data = keyring.keystore(name)
            case "polkadot-js":
                keyring.check_account(name)
                password = read_password(password_file, f"the key {name}")
                pair = keyring.open_account(name, password)
                data = seal_polkadot(pair, password, name=name, prefix=prefix)
        if out is None:
            say(data.decode().rstrip("\n"))
            return
        write_file(out, data)
    if json:
        print_json({"file": str(out)})
    else:
        say(f"Written {out}")


def list_(
    *,
    prefix: Prefix = DEFAULT_PREFIX,
    keys: KeysFolder = None,
    base_path: BasePath = None,
    json: Json = False,
) -> None:
    """List the keys of the keyring. No password is needed."""
    with keyring_errors():
        found = keyring_at(base_path, keys).list()
    if json:
        print_json([describe(each, prefix) for each in found])
        return
    if not found:
        say("There are no keys in this keyring")
        return
    for line in columns([(each.name, each.type, each.scheme, _shown(each, prefix)) for each in found]):
        say(line)


# Their parts.


def describe(info: KeyInfo, prefix: int) -> dict[str, Any]:
    """What is public of a key, as plain values. Raises Fault for a prefix that no network has."""
    report: dict[str, Any] = {
        "name": info.name,
        "kind": info.type,
        "scheme": info.scheme,
        "publicKey": "0x" + info.public.hex(),
    }
    if info.type == "account":
        report["address"] = address_of(info.public, prefix)
    if info.type == "validator" and info.node is not None:
        report["node"] = "0x" + info.node.hex()
    return report | {"folder": str(info.folder)}


def _shown(info: KeyInfo, prefix: int) -> str:
    """How people know a key."""
    return address_of(info.public, prefix) if info.type == "account" else "0x" + info.public.hex()


def _show(info: KeyInfo, prefix: int, as_json: bool, extra: dict[str, str]) -> None:
    report = describe(info, prefix)
    if as_json:
        print_json(report | extra)
        return
    titles = {"name": "Key", "publicKey": "Public key"}
    for title, value in (report | extra).items():
        say(f"{titles.get(title, title.capitalize())} {value}")


def _keep_uri(
    keyring: Keyring, name: str, uri: str, kind: KeyType, scheme: KeyKind, password_file: Path | None
) -> KeyInfo:
    """Keep what a secret URI is in the role of this kind of key."""
    keyring.check_free(name)

    def password() -> str:
        return read_password(password_file, f"the key {name}", twice=True)

    match kind:
        case "account":
            return keyring.create_account(name, keypair_of(uri, scheme), password())
        case "validator":
            made = ValidatorKeys.from_suri(uri)
            return keyring.create_validator(
                name, made.bls.secret_bytes, password(), identity_seed=made.identity_seed
            )
        case "node":
            seed = keypair_of(uri, "ed25519").secret[:SEED_BYTES]
            return keyring.create_node(name, seed, password())


def _keep_file(
    keyring: Keyring,
    name: str,
    path: Path,
    kind: KeyType | None,
    source_password_file: Path | None,
    password_file: Path | None,
) -> KeyInfo:
    """Keep what a file holds."""
    keyring.check_free(name)
    data = read_file(path)
    try:
        held = _KINDS[form_of(data)]
        if kind is not None and kind != held:
            raise Fault(f"{path} holds a key of the kind {held}, and not {kind}")
        password = read_password(source_password_file or password_file, f"the file {path}")
        opened = open_file(data, password)
    except (InvalidKeyfile, WrongPassword) as error:
        raise Fault(f"{path}: {error}") from None
    if source_password_file is not None:
        password = read_password(password_file, f"the key {name}", twice=True)
    match opened:
        case BlsKeypair():
            return keyring.create_validator(name, opened.secret_bytes, password)
        case Keypair():
            return keyring.create_account(name, opened, password)
        case bytes():
            return keyring.create_node(name, opened, password)


_KINDS: Final[dict[FileForm, KeyType]] = {
    "eip2335": "validator",
    "polkadot-js": "account",
    "account": "account",
    "node": "node",
}
