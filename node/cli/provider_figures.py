"""`ballast provider list` and `show`: what the chain knows of providers."""

from __future__ import annotations

from typing import Annotated, Any, Final

from cyclopts import Parameter

from node.cli.coin_api import CoinApi, asking, plain_entity
from node.cli.faults import Fault
from node.cli.figures import days, percent, scu_hours
from node.cli.names import account_of
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Kind, RpcUrl
from pallets.identity.types import EntityInfo
from pallets.providers.queries import ProviderInfo, UnitInfo
from pallets.providers.registry import UNIT_PROBATION
from pallets.providers.wilson import wilson_ppb
from runtime.frame.coin import ProviderState


async def list_(
    *, at: At = "best", rpc: RpcUrl = DEFAULT_RPC, chain: ChainName = DEFAULT_CHAIN, json: Json = False
) -> None:
    """List all providers, with what they can do and what they owe."""
    async with asking(rpc, chain, at) as api:
        providers = await api.providers()
        entities = await api.entities([each.who for each in providers])
        found = [describe(api, each, entities.get(each.who)) for each in providers]
        if json:
            print_json(found)
            return
        coins = api.words.coin.words
        heads = ("Address", "State", "Tier", "Units", "Windows", "Capacity an hour", "Debt", "Bond", "Name")
        rows = [
            (
                each["address"],
                each["state"],
                each["tier"],
                f"{each['unitsCounted']}/{each['unitCount']}",
                f"{each['windowsPassed']}/{each['windows']}",
                scu_hours(each["capacityPerHour"]),
                coins(each["debt"]),
                coins(each["bond"]),
                each["entity"]["name"] if each["entity"] else "-",
            )
            for each in found
        ]
        for line in columns([heads, *rows]):
            say(line)


async def show(
    who: Annotated[str, Parameter(help="The provider: an address, 32 bytes of hex, or a name.")],
    /,
    *,
    at: At = "best",
    kind: Kind = "sr25519",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Show one provider: its units, its capacity, its debt and what stands behind it."""
    account = account_of(who, kind)
    async with asking(rpc, chain, at) as api:
        info = await api.provider(account)
        if info is None:
            raise Fault(f"{who} is no provider of this chain: `ballast provider list` names them")
        entities = await api.entities([account])
        found = describe(api, info, entities.get(account))
        found["units"] = [_unit(each) for each in await api.units(account)]
        if json:
            print_json(found)
            return
        for line in columns(_lines(api, found)):
            say(line)


def describe(api: CoinApi, info: ProviderInfo, entity: EntityInfo | None) -> dict[str, Any]:
    """A provider's figures as plain values: coins and SCU-h in 10^-9, times in blocks."""
    provider = info.provider
    return {
        "account": "0x" + info.who.hex(),
        "address": api.words.address(info.who),
        "entity": plain_entity(entity),
        "state": provider.state.name,
        "since": provider.since,
        "end": provider.end,
        "shortSince": provider.short_since,
        "failures": list(provider.failures),
        "cleanSince": provider.clean_since,
        "tier": provider.tier.name,
        "group": provider.group,
        "region": provider.domain.region,
        "operator": provider.domain.operator,
        "unitCount": provider.units,
        "unitsCounted": sum(each.counted for each in provider.classes),
        "classes": [
            {"class": each.class_id, "units": each.units, "counted": each.counted}
            for each in provider.classes
        ],
        "windows": provider.windows,
        "windowsPassed": provider.history.bit_count(),
        "availabilityPpb": wilson_ppb(provider.history.bit_count(), provider.windows),
        "capacityPerHour": provider.capacity,
        "effective": provider.effective,
        "termHours": provider.effective // provider.capacity if provider.capacity else 0,
        "effectiveMean": provider.mean,
        "debt": info.debt.owed,
        "assigned": info.debt.assigned,
        "bond": provider.bond,
        "bondNeeded": info.bond_needed,
        "unvested": info.unvested,
        "free": info.free,
    }


def _unit(unit: UnitInfo) -> dict[str, Any]:
    return {
        "unit": unit.number,
        "class": unit.class_id,
        "since": unit.since,
        "passed": unit.passed,
        "isCounted": unit.passed == UNIT_PROBATION,
    }


_AMOUNTS: Final = {
    "debt": "Debt m",
    "assigned": "  of it under tickets q",
    "bond": "Bond b",
    "bondNeeded": "  needed for the debt",
    "unvested": "Unvested u",
    "free": "Free",
}


def _lines(api: CoinApi, found: dict[str, Any]) -> list[tuple[str, str]]:
    ago = days(api.coin.standards.hours_in(api.number - found["since"]))
    entity = found["entity"]
    return [
        ("Address", found["address"]),
        *([("Name", _name(entity))] if entity else []),
        ("State", f"{found['state']} since block {found['since']:,}, {ago} ago"),
        *_standing(api, found),
        ("Tier", f"{found['tier']}, operator group {found['group']}"),
        ("Failure domain", f"region {found['region']}, operator {found['operator']}"),
        ("Windows passed", f"{found['windowsPassed']} of the last {found['windows']}"),
        ("Availability a", percent(found["availabilityPpb"])),
        ("Capacity c", f"{scu_hours(found['capacityPerHour'])} an hour"),
        ("Effective E", f"{scu_hours(found['effective'])} in {found['termHours']} h"),
        ("  mean over 90 d", scu_hours(found["effectiveMean"])),
        *((words, api.words.coin.words(found[name])) for name, words in _AMOUNTS.items()),
        *((f"Unit {each['unit']}", _probation(each)) for each in found["units"]),
    ]


def _standing(api: CoinApi, found: dict[str, Any]) -> list[tuple[str, str]]:
    """What hangs over a provider."""
    hours_in, lines = api.coin.standards.hours_in, list[tuple[str, str]]()
    if found["end"] is not None and found["state"] == ProviderState.Draining.name:
        left = days(hours_in(max(0, found["end"] - api.number)))
        lines.append(("Term ends", f"in block {found['end']:,}, in {left}"))
    if found["shortSince"] is not None:
        short = days(hours_in(api.number - found["shortSince"]))
        lines.append(("Capacity short", f"for {short}: settled from the bond after 14 d"))
    if found["failures"]:
        lines.append(("Failed tickets", f"the last in block {found['failures'][-1]:,}"))
    return lines


def _name(entity: dict[str, Any]) -> str:
    word = "vouched for" if entity["isVouched"] else "nobody vouches for it"
    return f"{entity['name']} ({entity['jurisdiction']} {entity['number']}), {word}"


def _probation(unit: dict[str, Any]) -> str:
    if unit["isCounted"]:
        return f"class {unit['class']}"
    return f"class {unit['class']}, on probation: {unit['passed']} of {UNIT_PROBATION} windows"
