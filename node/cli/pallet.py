"""`ballast pallet`: the pallets of a chain, and those that are installed here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from genesis.load import load_spec
from genesis.spec import SpecError
from node.cli.faults import expected
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, ChainName
from node.cli.remote import local_runtime
from node.plugins import PluginError, discover
from node.scaffold import ScaffoldError, new_pallet
from runtime.lifecycle import LoadError
from runtime.runtime import Runtime

app = App(
    name="pallet",
    help_epilogue="""Examples:
  ballast pallet list
  ballast pallet list --installed
  ballast pallet new loyalty""",
)


@app.command(name="list")
def list_(
    *,
    installed: Annotated[
        bool, Parameter(negative="", show_default=False, help="List what is installed, in a chain or not.")
    ] = False,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """List a chain's pallets: index, name, version, the distribution that ships it, and its hooks."""
    with expected(SpecError, LoadError, PluginError):
        if installed:
            rows = [
                {"pallet": name, "version": each.version, "distribution": each.distribution}
                for name, each in sorted(discover().items())
            ]
        else:
            rows = seated(local_runtime(load_spec(chain)))
    if json:
        print_json(rows)
    elif installed:
        for line in columns([(each["pallet"], each["version"], each["distribution"]) for each in rows]):
            say(line)
    else:
        heads = ("Index", "Name", "Version", "Distribution", "Hooks")
        lines = [
            (
                str(each["index"]),
                each["name"],
                each["version"],
                each["distribution"],
                ", ".join(each["hooks"]),
            )
            for each in rows
        ]
        for line in columns([heads, *lines]):
            say(line)


@app.command
def new(
    name: Annotated[str, Parameter(help="What it is called: lower-case words joined by dashes.")],
    /,
    *,
    into: Annotated[Path, Parameter(help="The folder that gets the folder pallet-NAME.")] = Path(),
    json: Json = False,
) -> None:
    """Begin a new pallet: a distribution of its own, from the template, with a test that passes."""
    with expected(ScaffoldError, OSError):
        files = new_pallet(name, into)
    if json:
        print_json({"files": [str(file) for file in files]})
        return
    for file in files:
        say(str(file))
    folder = into / f"pallet-{name.replace('_', '-')}"
    say()
    say(f"Its tests: pytest {folder}")
    say(f"To use it: pip install -e {folder}, then name it in a chain spec (ballast chain spec)")


def seated(runtime: Runtime) -> list[dict[str, Any]]:
    """The pallets of a runtime, by index."""
    return [
        {
            "index": each.index,
            "name": each.name,
            "pallet": each.pallet,
            "version": each.version,
            "distribution": each.distribution,
            "hooks": [
                name
                for name, hooks in runtime.parts.hooks.items()
                if any(hook.pallet == each.name for hook in hooks)
            ],
            "digest": "0x" + each.digest.hex(),
        }
        for each in runtime.manifest.pallets
    ]
