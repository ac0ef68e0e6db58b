"""`ballast chain new | entry`: a chain of one's own, and what each of its validators hands over."""

from __future__ import annotations

import json as jsons
import shlex
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from genesis.build import Genesis, GenesisError, build_genesis
from genesis.new import NO_GENESIS, new_spec
from genesis.spec import SpecError, write_spec
from genesis.table import read_table
from node.cli.amounts import Coin
from node.cli.faults import Fault, expected
from node.cli.key_password import PasswordFile, read_password
from node.cli.key_store import BasePath, KeysFolder, keyring_at, keyring_errors
from node.cli.names import account_of, address_of, is_secret
from node.cli.output import Json, columns, print_json, say
from node.cli.remote import local_runtime
from node.plugins import PluginError
from node.wallet.keyring import ValidatorKeys
from pallets.authorities.proof import message as keys_message
from pallets.authorities.types import Keys
from pallets.providers import Providers
from pallets.solvency import Solvency
from runtime.api import blocks_per_epoch, committee_after
from runtime.frame.plain import SS58_PREFIX
from runtime.lifecycle import LoadError
from runtime.runtime import Runtime
from runtime.scale.errors import show
from runtime.state import MemoryStates
from runtime.types.fixed import PPB

TABLE_BYTES_MAX: Final = 16 << 20
"""The longest table."""


def new(
    table: Annotated[Path, Parameter(help="The TOML table: genesis/presets/testnet.toml is one, explained.")],
    /,
    *,
    out: Annotated[
        Path | None, Parameter(help="A new file for the chain spec; standard output unless given.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a chain spec of a table of providers and validators, if every coin in it is backed."""
    with expected(SpecError, LoadError, PluginError, GenesisError):
        made = new_spec(read_table(_text(table), str(table)))
        runtime = local_runtime(made)
        genesis = build_genesis(runtime, made.genesis, MemoryStates().head)
    document = jsons.dumps(write_spec(made), indent=2, ensure_ascii=False)
    if out is None:
        say(document)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(document + "\n")
    except FileExistsError:
        raise Fault(f"{out} exists already: name another file, or remove it") from None
    except OSError as error:
        raise Fault(f"{out} cannot be written: {error.strerror}") from None
    figures = _figures(runtime, genesis)
    if json:
        print_json({"file": str(out), "id": made.id, "genesisHash": "0x" + genesis.hash.hex(), **figures})
        return
    coin = Coin.of(made.properties)
    for line in columns(
        [
            ("Chain", f"{made.id} ({made.name})"),
            ("Genesis", "0x" + genesis.hash.hex()),
            ("Coins", coin.words(figures["supply"])),
            (
                "Capacity",
                f"{figures['effective'] // PPB:,} SCU-h, {figures['coverage_ppb'] / PPB:.3f} a coin",
            ),
            ("Mode", figures["mode"]),
            ("Longest wait", f"{figures['wait_hours']} h"),
            ("Providers", str(figures["providers"])),
            ("Validators", f"{figures['validators']}, epochs of {figures['blocks_per_epoch']:,} blocks"),
            ("Written", str(out)),
        ]
    ):
        say(line)


def _figures(runtime: Runtime, genesis: Genesis) -> dict[str, Any]:
    """What the first state says of itself."""
    committee = committee_after(runtime, genesis.state)
    assert committee is not None, "a table makes chains of validators"
    runtime.over(genesis.state)
    (solvency,) = [each for each in runtime.pallets.values() if isinstance(each, Solvency)]
    (providers,) = [each for each in runtime.pallets.values() if isinstance(each, Providers)]
    coverage = solvency.coverage
    return {
        "supply": coverage.supply,
        "effective": coverage.effective,
        "coverage_ppb": coverage.ratio_ppb,
        "margin": coverage.margin,
        "mode": coverage.mode.name,
        "wait_hours": coverage.wait_hours,
        "providers": len(providers.roster),
        "validators": committee.size,
        "blocks_per_epoch": blocks_per_epoch(runtime, genesis.state),
    }


def _text(path: Path) -> str:
    """The text of a file of bounded size."""
    try:
        with path.open("rb") as file:
            data = file.read(TABLE_BYTES_MAX + 1)
    except OSError as error:
        raise Fault(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > TABLE_BYTES_MAX:
        raise Fault(f"{path} is longer than {TABLE_BYTES_MAX:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Fault(f"{path} is no text") from None


def entry(
    key: Annotated[
        str,
        Parameter(help="The validator's key: its name in the keyring, or a secret URI such as //Alice."),
    ],
    /,
    *,
    account: Annotated[str, Parameter(help="The provider's account that it validates for.")],
    bond: Annotated[
        int, Parameter(validator=Number(gte=1), help="Whole coins that it answers with.")
    ] = 1_000,
    genesis: Annotated[
        str,
        Parameter(
            help="The genesis hash of a chain that runs: then the call that registers the keys there is "
            "printed. A new chain has none yet."
        ),
    ] = "",
    password_file: PasswordFile = None,
    keys: KeysFolder = None,
    base_path: BasePath = None,
    json: Json = False,
) -> None:
    """Print a validator's public keys with their proofs: its entry in the table of a new chain, or with
    --genesis the call that registers them on a chain that runs.
    """
    who = account_of(account)
    genesis_hash = _hash_of(genesis) if genesis else NO_GENESIS
    with keyring_errors():
        if is_secret(key):
            secrets = ValidatorKeys.from_suri(key)
        else:
            keyring = keyring_at(base_path, keys)
            keyring.check_validator(key)
            secrets = keyring.open_validator(key, read_password(password_file, f"the key {key}"))
    identity = secrets.identity
    signed = keys_message(genesis_hash, who, Keys(secrets.bls.public, identity.public))
    found = {
        "account": address_of(who, SS58_PREFIX),
        "bls": "0x" + secrets.bls.public.hex(),
        "network": "0x" + identity.public.hex(),
        "possession": "0x" + secrets.bls.pop_prove().hex(),
        "consent": "0x" + identity.sign(signed).hex(),
        "bond": bond,
    }
    if json:
        print_json(found)
        return
    if genesis:
        say(shlex.join(["ballast", "tx", *_registration(found)]) + " --from ACCOUNT --chain CHAIN")
        return
    say("[[validators]]")
    for name, value in found.items():
        say(f"{name} = {jsons.dumps(value)}")


def _registration(found: dict[str, Any]) -> list[str]:
    """The call that registers an entry's keys, in the words of `ballast tx`."""
    keys = {"bls": found["bls"], "network": found["network"]}
    proof = {"possession": found["possession"], "network": found["consent"]}
    return ["Authorities.set_keys", f"keys={jsons.dumps(keys)}", f"proof={jsons.dumps(proof)}"]


def _hash_of(text: str) -> bytes:
    """A hash of 32 bytes in hex. Raises Fault."""
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise Fault(f"{show(text)} is no hex") from None
    if len(found) != len(NO_GENESIS):
        raise Fault(f"a genesis hash has {len(NO_GENESIS)} bytes, and {show(text)} has {len(found)}")
    return found
