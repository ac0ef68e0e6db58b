"""`ballast chain`: chain specifications."""

from __future__ import annotations

from cyclopts import App

from genesis.build import GenesisError, build_genesis
from genesis.load import load_spec
from genesis.presets import PRESETS
from genesis.spec import SpecError, write_spec
from node.cli.chain_new import entry, new
from node.cli.faults import expected
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, ChainName
from node.cli.remote import local_runtime
from node.plugins import PluginError
from runtime.lifecycle import LoadError
from runtime.state import MemoryStates

app = App(
    name="chain",
    help_epilogue="""Examples:
  ballast chain spec > mine.json                 a preset, to be changed and run
  ballast chain check --chain mine.json
  ballast chain entry val-1 --account 5Grw...utQY    what a validator hands over
  ballast chain new table.toml --out main.json   of providers and validators""",
)


@app.command
def spec(*, chain: ChainName = DEFAULT_CHAIN, json: Json = False) -> None:
    """Print a chain specification. It is JSON either way."""
    with expected(SpecError):
        print_json(write_spec(load_spec(chain)))


@app.command
def check(*, chain: ChainName = DEFAULT_CHAIN, json: Json = False) -> None:
    """Load a chain's pallets and build its genesis, and show what names it."""
    with expected(SpecError, LoadError, PluginError, GenesisError):
        found = load_spec(chain)
        runtime = local_runtime(found)
        genesis = build_genesis(runtime, found.genesis, MemoryStates().head)
    report = {
        "id": found.id,
        "name": found.name,
        "genesisHash": "0x" + genesis.hash.hex(),
        "stateRoot": "0x" + genesis.block.header.state_root.hex(),
        "specVersion": found.runtime.spec_version,
        "pallets": list(runtime.pallets),
    }
    if json:
        print_json(report)
        return
    for line in columns(
        [
            ("Chain", f"{found.id} ({found.name})"),
            ("Genesis", str(report["genesisHash"])),
            ("State root", str(report["stateRoot"])),
            ("Spec version", str(found.runtime.spec_version)),
            ("Pallets", ", ".join(runtime.pallets)),
        ]
    ):
        say(line)


@app.command(name="list")
def list_(*, json: Json = False) -> None:
    """List the presets that --chain knows by name."""
    specs = {name: make() for name, make in PRESETS.items()}
    if json:
        print_json([{"preset": name, "id": each.id, "name": each.name} for name, each in specs.items()])
    else:
        for line in columns([(name, each.id, each.name) for name, each in specs.items()]):
            say(line)


app.command(new)
app.command(entry)
