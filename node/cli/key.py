"""`ballast key`: keys and addresses, with no node and no network.

What keeps keys in files is in `node.cli.key_store`, what a validator signed in `node.cli.key_guard`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from node.cli import key_store
from node.cli.names import account_of, address_of, is_secret, keypair_of, read_secret
from node.cli.output import Json, columns, print_json, say
from node.wallet import phrase
from runtime.crypto import ss58
from runtime.crypto.derive import KeyKind

KINDS: Final[tuple[KeyKind, ...]] = ("sr25519", "ed25519")

Prefix = Annotated[int, Parameter(help="The SS58 prefix of the network that the address is for.")]

app = App(
    name="key",
    help_epilogue="""Examples:
  ballast key new alice                 an account, kept under a password
  ballast key new val-1 --kind validator --password-file pw.txt
  ballast key import bob export.json    from polkadot.js, or EIP-2335
  ballast key export alice --format polkadot-js --out alice.json
  ballast key list
  ballast key generate                  a phrase, kept nowhere
  ballast key derive //Alice
  ballast key derive - --kind ed25519   reads the secret from standard input
  ballast key inspect 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY""",
)

app.command(key_store.new)
app.command(key_store.import_, name="import")
app.command(key_store.export)
app.command(key_store.list_, name="list")
app.command(
    "node.cli.key_guard:app",
    name="guard",
    help="Show and move what a validator's key has signed, while its node is stopped.",
)


@app.command
def generate(
    *,
    words: Annotated[Literal[12, 24], Parameter(help="How many words the phrase has.")] = 12,
    prefix: Prefix = 42,
    json: Json = False,
) -> None:
    """Make a new recovery phrase, and show its accounts. Write it down: nobody can give it back to you."""
    secret = phrase.generate(words)
    keys = keys_of(secret, KINDS, prefix)
    if json:
        print_json({"phrase": secret, "keys": keys})
        return
    say(f"Phrase {secret}")
    show_keys(keys)


@app.command
def derive(
    suri: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True,
            help="A secret URI: phrase//hard/soft///password, 0x seed//path, or //Alice; - reads it.",
        ),
    ],
    /,
    *,
    kind: Annotated[
        Literal["sr25519", "ed25519", "both"], Parameter(help="The kind of key to derive.")
    ] = "both",
    prefix: Prefix = 42,
    json: Json = False,
) -> None:
    """Show the public keys and addresses of a secret."""
    keys = keys_of(read_secret(suri), KINDS if kind == "both" else (kind,), prefix)
    if json:
        print_json({"keys": keys})
    else:
        show_keys(keys)


@app.command
def inspect(
    what: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True,
            help="An address, 32 bytes of hex, or a secret URI such as //Alice; - reads it.",
        ),
    ],
    /,
    *,
    kind: Annotated[KeyKind, Parameter(help="The kind of key that a secret URI means.")] = "sr25519",
    prefix: Annotated[
        int | None, Parameter(help="Show the address for this network too; by default the address's own.")
    ] = None,
    json: Json = False,
) -> None:
    """Show the account that an address, a public key or a secret URI stands for."""
    text = read_secret(what)
    account = account_of(text, kind)
    own = None if is_secret(text) or text.startswith("0x") else ss58.decode(text)[1]
    network = prefix if prefix is not None else 42 if own is None else own
    report: dict[str, Any] = {
        "publicKey": "0x" + account.hex(),
        "address": address_of(account, network),
        "prefix": network,
    }
    if own is not None and own != network:
        report["givenPrefix"] = own
    if json:
        print_json(report)
        return
    say(f"Public key {report['publicKey']}")
    say(f"Address {report['address']}")
    say(f"Network {network}")


def keys_of(suri: str, kinds: tuple[KeyKind, ...], prefix: int) -> list[dict[str, str]]:
    """What is public of a secret, in each kind of key. Raises Fault."""
    pairs = [keypair_of(suri, kind) for kind in kinds]
    return [
        {"kind": pair.kind, "publicKey": "0x" + pair.public.hex(), "address": address_of(pair.public, prefix)}
        for pair in pairs
    ]


def show_keys(keys: list[dict[str, str]]) -> None:
    """A line for each."""
    for line in columns([(each["kind"], each["address"], each["publicKey"]) for each in keys]):
        say(line)
