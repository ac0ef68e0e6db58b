"""What people do: for every call of the coin's pallets, who might make it, and with what.

A module an area; each registers its habits when it is imported.
"""

from node.economy.habits import coins, names, prices, providers, root, tickets, windows
from node.economy.register import HABITS

__all__ = ["HABITS", "coins", "names", "prices", "providers", "root", "tickets", "windows"]
