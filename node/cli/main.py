"""The root of the command line."""

from importlib.metadata import version

from cyclopts import App

app = App(
    name="ballast", help="A chain for a coin that stands on AI compute.", version=version("ballast-chain")
)


def main() -> None:
    """Run the command that the arguments name."""
    app()
