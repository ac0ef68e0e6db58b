"""The transaction extensions of every chain: spec and transaction version, genesis, mortality, nonce."""

from __future__ import annotations

from runtime.frame.extension import TransactionExtension
from runtime.frame.host import Call, Host
from runtime.frame.interfaces import Blocks, Nonces
from runtime.frame.validity import AncientBirthBlock, Future, Stale, ValidTransaction
from runtime.scale import U32, Compact
from runtime.types.account import AccountId, Hash, Nonce
from runtime.types.era import Era, EraType
from runtime.version import RuntimeVersion


class CheckSpecVersion(TransactionExtension):
    """Signed for this spec version only."""

    identifier = "CheckSpecVersion"
    implicit_type = U32

    def __init__(self, version: RuntimeVersion) -> None:
        self._signed = version.spec_version.to_bytes(4, "little")

    def implicit(self, extra: object) -> bytes:
        return self._signed


class CheckTxVersion(TransactionExtension):
    """Signed for this transaction version only."""

    identifier = "CheckTxVersion"
    implicit_type = U32

    def __init__(self, version: RuntimeVersion) -> None:
        self._signed = version.transaction_version.to_bytes(4, "little")

    def implicit(self, extra: object) -> bytes:
        return self._signed


class CheckGenesis(TransactionExtension):
    """Signed for this chain only."""

    identifier = "CheckGenesis"
    implicit_type = Hash

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    def implicit(self, extra: object) -> bytes:
        return self._blocks.genesis_hash()


class CheckMortality(TransactionExtension):
    """Valid for an era, and only on the fork that its first block is on."""

    identifier = "CheckMortality"
    extra_type = EraType
    implicit_type = Hash

    def __init__(self, blocks: Blocks, host: Host) -> None:
        self._blocks = blocks
        self._host = host

    def implicit(self, extra: Era) -> bytes:
        """The hash of the era's first block. Raises `AncientBirthBlock` when it is not kept any more."""
        if extra.is_immortal:
            return self._blocks.genesis_hash()
        birth = extra.birth(self._current)
        found = self._blocks.recent_hash(birth)
        if found is None:
            raise AncientBirthBlock
        return found

    def validate(self, who: AccountId, call: Call, length: int, extra: Era) -> ValidTransaction:
        if extra.is_immortal:
            return ValidTransaction()
        return ValidTransaction(longevity=max(0, extra.death(self._current) - self._current))

    @property
    def _current(self) -> int:
        # Substrate looks from the block before: the transaction is judged at the head, and signed there too.
        return max(0, self._host.number)


class CheckNonce(TransactionExtension):
    """Each account's transactions enter in the order of their nonces, each once."""

    identifier = "CheckNonce"
    extra_type = Compact[Nonce]

    def __init__(self, nonces: Nonces) -> None:
        self._nonces = nonces

    def validate(self, who: AccountId, call: Call, length: int, extra: int) -> ValidTransaction:
        expected = self._nonces.nonce(who)
        if extra < expected:
            raise Stale
        requires = (nonce_tag(who, extra - 1),) if extra > expected else ()
        return ValidTransaction(requires=requires, provides=(nonce_tag(who, extra),))

    def prepare(self, who: AccountId, call: Call, length: int, extra: int) -> None:
        expected = self._nonces.use_nonce(who, extra)
        if extra != expected:
            raise Stale if extra < expected else Future


def nonce_tag(who: AccountId, nonce: int) -> bytes:
    """The tag that a transaction of `who` with this nonce provides: SCALE of (account, nonce)."""
    return who + nonce.to_bytes(4, "little")
