"""`ballast pallet`: the pallets of a chain, and those that are installed here."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from genesis.load import load_spec
from genesis.spec import SpecError
from node.cli.faults import expected
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, ChainName
from node.cli.remote import local_runtime
from node.plugins import PluginError, discover
from runtime.loader import LoadError
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


app.command("node.cli.pallet_new:new", name="new", help="Begin a new pallet, with its tests.")


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
