#!/usr/bin/env python3
"""Acceptance check: the unmodified async-substrate-interface client.

    python async_substrate_check.py ws://127.0.0.1:9944

One line per step; exit status 0 only if every step worked.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import sr25519
from async_substrate_interface import AsyncExtrinsicReceipt, AsyncSubstrateInterface
from async_substrate_interface.errors import SubstrateRequestException
from devkeys import DEV_SEED, ed25519_seed
from nacl.signing import SigningKey
from scalecodec.utils.ss58 import ss58_encode

URL = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:9944"
STEP_S = 60
AMOUNT = 1_000_000_000
ED25519, SR25519 = 0, 1
failed = 0


class Key:
    """What the client asks of a key pair."""

    def __init__(self, kind: int, public_key: bytes, sign: Callable[[bytes], bytes]) -> None:
        self.crypto_type = kind
        self.public_key = public_key
        self.ss58_format = 42
        self.ss58_address = ss58_encode(public_key, self.ss58_format)
        self._sign = sign

    def sign(self, data: object) -> bytes:
        if isinstance(data, str):
            data = bytes.fromhex(data.removeprefix("0x"))
        return self._sign(bytes(data))  # type: ignore[call-overload]


def ed25519_key(suri: str) -> Key:
    key = SigningKey(ed25519_seed(suri))
    return Key(ED25519, bytes(key.verify_key), lambda data: bytes(key.sign(data).signature))


def sr25519_key(name: str) -> Key:
    chain_code = (bytes((len(name) << 2,)) + name.encode()).ljust(32, b"\0")
    _, public, secret = sr25519.hard_derive_keypair((chain_code, *sr25519.pair_from_seed(DEV_SEED)), b"")
    return Key(SR25519, bytes(public), lambda data: bytes(sr25519.sign((public, secret), data)))


def check(held: object, message: object = "it does not hold") -> None:
    if not held:
        raise AssertionError(message)


async def step(name: str, work: Awaitable[str]) -> None:
    global failed
    try:
        print(f"ok   {name} — {await asyncio.wait_for(work, STEP_S)}", flush=True)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the check goes on and says it
        failed += 1
        print(f"FAIL {name} — {type(error).__name__}: {error}", flush=True)


class Steps:
    def __init__(self, chain: AsyncSubstrateInterface) -> None:
        self.chain = chain
        self.bob = sr25519_key("Bob").ss58_address

    async def free(self, who: str, block_hash: str | None = None) -> int:
        account = await self.chain.query("System", "Account", [who], block_hash=block_hash)
        return int(account["data"]["free"])

    async def grown(self, who: str, receipt: AsyncExtrinsicReceipt) -> int:
        """By how much the block of a transaction has changed what somebody holds."""
        here = receipt.block_hash
        return await self.free(who, here) - await self.free(who, await self.chain.get_parent_block_hash(here))

    async def transfer(self, key: Key, value: int, nonce: int | None = None):
        call = await self.chain.compose_call(
            "Balances", "transfer_keep_alive", {"dest": self.bob, "value": value}
        )
        return call, await self.chain.create_signed_extrinsic(call, key, nonce=nonce)

    async def meet(self) -> str:
        properties = await self.chain.properties
        head, final = await self.chain.get_chain_head(), await self.chain.get_chain_finalised_head()
        check(head.startswith("0x") and final.startswith("0x"))
        header = await self.chain.get_block_header(block_hash=final)
        return f"{self.chain.chain}, {properties['tokenSymbol']}, final block {header['header']['number']}"

    async def constants(self) -> str:
        deposit = await self.chain.get_constant("Balances", "ExistentialDeposit")
        check(int(deposit) > 0)
        return f"ExistentialDeposit {deposit}"

    async def storage(self) -> str:
        alice = sr25519_key("Alice").ss58_address
        one = await self.chain.query("System", "Account", [alice])
        check(one["data"]["free"] > 0)
        entries = [key async for key, _ in await self.chain.query_map("System", "Account", page_size=10)]
        check(alice in entries and self.bob in entries, "the entries lack an account")
        keys = [await self.chain.create_storage_key("System", "Account", [who]) for who in (alice, self.bob)]
        several = await self.chain.query_multi(keys)
        check(several[0][1]["nonce"] == one["nonce"])
        return f"{len(entries)} accounts"

    async def runtime_calls(self) -> str:
        version = await self.chain.runtime_call("Core", "version")
        nonce = await self.chain.get_account_nonce(sr25519_key("Alice").ss58_address)
        check(nonce >= 0)
        return f"{version['spec_name']} {version['spec_version']}"

    async def transfers(self, key: Key) -> str:
        call, extrinsic = await self.transfer(key, AMOUNT)
        estimated = (await self.chain.get_payment_info(call, key))["partial_fee"]
        done = await self.chain.submit_extrinsic(extrinsic, wait_for_finalization=True)
        check(await done.is_success, await done.error_message)
        fee = await done.total_fee_amount
        check(0 < fee <= estimated, f"paid {fee}, estimated {estimated}")
        check(await self.grown(key.ss58_address, done) == -AMOUNT - fee, "the sender has not paid just that")
        check(await self.grown(self.bob, done) == AMOUNT, "the receiver has not just that more")
        block = await self.chain.get_block(block_hash=done.block_hash)
        check(any(each.extrinsic_hash == extrinsic.extrinsic_hash for each in block["extrinsics"]))
        return f"block {block['header']['number']}, fee {fee}"

    async def refused(self, key: Key) -> str:
        before = await self.free(key.ss58_address)
        _, extrinsic = await self.transfer(key, before * 2)
        done = await self.chain.submit_extrinsic(extrinsic, wait_for_inclusion=True)
        check(not await done.is_success, "it went through")
        check(await self.free(key.ss58_address) < before, "no fee was paid")
        return str((await done.error_message)["name"])

    async def stale(self) -> str:
        _, extrinsic = await self.transfer(sr25519_key("Alice"), AMOUNT, nonce=0)
        try:
            await self.chain.submit_extrinsic(extrinsic)
        except SubstrateRequestException as error:
            check("Invalid Transaction" in str(error), error)
            return str(error)
        raise AssertionError("it was taken")

    async def headers(self) -> str:
        seen: list[int] = []

        async def on_header(block: dict, *_: object) -> object:
            seen.append(block["header"]["number"])
            return seen if len(seen) == 3 else None

        await self.chain.subscribe_block_headers(on_header, finalized_only=True)
        return str(seen)


async def main() -> None:
    async with AsyncSubstrateInterface(URL, ss58_format=42) as chain:
        steps = Steps(chain)
        await step("meet the chain", steps.meet())
        await step("constants", steps.constants())
        await step("storage: one value, several, a map by pages", steps.storage())
        await step("runtime calls", steps.runtime_calls())
        for name, key in (("sr25519", sr25519_key("Alice")), ("ed25519", ed25519_key("//Alice"))):
            await step(f"{name}: estimate a fee, transfer, read what it did", steps.transfers(key))
            await step(f"{name}: a call that is refused says why, and pays", steps.refused(key))
        await step("a transaction that was valid once is refused", steps.stale())
        await step("follow final headers", steps.headers())
    print(f"FAILED ({failed} steps)" if failed else "ALL OK", flush=True)
    sys.exit(1 if failed else 0)


asyncio.run(main())
