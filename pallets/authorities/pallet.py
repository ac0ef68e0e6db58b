"""Authorities: who validates in each epoch, with which keys, and who proposed each block.

    epoch e             the blocks e L + 1 to (e + 1) L: one committee, constant within
    every block         says in a pre-runtime item `SMPX` in which view it was proposed, and by whom
    an epoch's last     closes with the next committee, which its header commits to in a consensus item `SMPX`

The committee is taken from an election where the chain holds one, with the keys that are registered then: a
change of keys counts from the next epoch on. An epoch's root is known for as long as coins that were bonded
when it began cannot be free: so long its validators answer for what they signed.
"""

from __future__ import annotations

from typing import Final

from pallets.authorities import types as t
from pallets.authorities.proof import check
from runtime.frame import (
    InvalidBlock,
    Pallet,
    Signed,
    StorageMap,
    StorageOption,
    StorageValue,
    Twox64Concat,
    call,
    hookimpl,
    invariant,
    runtime_api,
)
from runtime.frame.coin import UNBONDING_HOURS, Standards
from runtime.frame.interfaces import Blocks, Election, EpochObserver
from runtime.scale import U32, U64, codec_of
from runtime.simplex import ENGINE, VALIDATORS_MAX, Committee, NextCommittee, Validator, authored_in
from runtime.types import AccountId, BlockNumber, Hash, Weight, db
from runtime.types.digest import Consensus
from runtime.types.fixed import div_ceil

ELECTION: Final = db(reads=2_048, writes=8, compute=2_000_000_000)
"""What an epoch's last block may need to elect the next committee from 1,024 candidates."""
REGISTRATION: Final = db(reads=6, writes=7 + t.RETIRED_MAX, compute=4_000_000_000)
"""Two signatures are verified, one of them BLS."""
NOBODY: Final = Committee(0, ())


class Authorities(Pallet[t.AuthoritiesEvent, t.AuthoritiesError]):
    """Who validates, and who proposed."""

    config: t.Config
    blocks: Blocks
    standards: Standards
    elections: tuple[Election, ...]
    observers: tuple[EpochObserver, ...]

    committee = StorageValue[Committee](default=NOBODY, doc="The validators who decide on the next block.")
    roots = StorageMap[U64, Hash](
        hasher=Twox64Concat, doc="The root of each epoch's committee, until nobody answers for it any more."
    )
    author = StorageOption[t.Authorship](doc="Who proposed this block.")
    authored = StorageValue[t.Counts](
        default=(), doc="How many blocks of the epoch each member proposed, in the committee's order."
    )
    next_keys = StorageMap[AccountId, t.Keys](doc="The keys with which each account enters a committee.")
    key_owner = StorageMap[t.AnyKey, AccountId](doc="Whose each key is, in use or given up.")
    retired = StorageMap[AccountId, t.RetiredKeys](
        default=(), doc="The keys that each account gave up, the oldest first."
    )

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        if not 0 < 2 * self.config.blocks_per_epoch <= self._answered():
            raise t.BadEpoch
        if not genesis.validators:
            raise t.NoValidators
        for each in genesis.validators:
            if not each.weight:
                raise t.NoWeight
            self._register(each.account, each.keys, each.proof)
        self._install(
            Committee(
                0,
                tuple(
                    Validator(each.account, each.keys.bls, each.keys.network, each.weight)
                    for each in genesis.validators
                ),
            )
        )

    # Calls.

    @call(index=0, weight=REGISTRATION)
    def set_keys(self, origin: Signed, keys: t.Keys, proof: t.KeysProof) -> None:
        """Register the keys with which one validates. They count from the next epoch on."""
        self._register(origin.who, keys, proof)
        self.emit(t.KeysSet(origin.who, keys))

    @call(index=1, weight=db(reads=3, writes=3))
    def purge_keys(self, origin: Signed) -> None:
        """Give up one's keys: no validator from the next epoch on."""
        keys = self.next_keys.get(origin.who)
        if keys is None:
            raise t.NoKeys
        self._retire(origin.who, (keys.bls, keys.network))
        del self.next_keys[origin.who]
        self.emit(t.KeysPurged(origin.who))

    def _register(self, who: AccountId, keys: t.Keys, proof: t.KeysProof) -> None:
        check(self.blocks.genesis_hash(), who, keys, proof)
        self._forget(who)
        old = self.next_keys.get(who)
        before = () if old is None else (old.bls, old.network)
        after = (keys.bls, keys.network)
        for key in after:
            if key not in before and key in self.key_owner:
                raise t.KeyTaken
        self._retire(who, tuple(key for key in before if key not in after))
        for key in after:
            self.key_owner[key] = who
        self.next_keys[who] = keys

    def _retire(self, who: AccountId, keys: tuple[t.AnyKey, ...]) -> None:
        """Keep keys from being registered again until nobody answers for what they sign in this epoch."""
        if not keys:
            return
        until = self.epoch_start(self.epoch_now() + 1) + self._answered()
        retired = (*self.retired[who], *(t.Retired(key, until) for key in keys))
        if len(retired) > t.RETIRED_MAX:
            raise t.TooManyChanges
        self.retired[who] = retired

    def _forget(self, who: AccountId) -> None:
        """Free the keys whose time is over."""
        kept: list[t.Retired] = []
        for each in self.retired[who]:
            if self.host.number < each.until:
                kept.append(each)
            else:
                del self.key_owner[each.key]
        if len(kept) != len(self.retired[who]):
            self.retired[who] = tuple(kept)

    # Hooks.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Take down who proposed the block; raises `InvalidBlock` for one who may not have."""
        said = authored_in(self.blocks.digest_logs())
        if said is None:
            raise InvalidBlock("the block does not say, once, who proposed it (digest item SMPX)")
        committee, last = self.committee, self.author
        if said.epoch != committee.epoch:
            raise InvalidBlock(
                f"the block says it is of epoch {said.epoch}, and block {now} is of epoch {committee.epoch}"
            )
        if said.proposer >= committee.size:
            raise InvalidBlock(f"the block names proposer {said.proposer} of {committee.size} validators")
        after = last.view if last is not None and last.epoch == said.epoch else 0
        if said.view <= after:
            raise InvalidBlock(f"the block is of view {said.view}, and its parent of view {after}")
        self.author = t.Authorship(said.epoch, said.view, committee.validators[said.proposer])
        counts = list(self.authored)
        counts[said.proposer] += 1
        self.authored = tuple(counts)
        return db(reads=4, writes=2) + (ELECTION if self._is_last(now) else db(compute=0))

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        """Close the epoch with its last block: tell who made its blocks, and name the next committee."""
        if not self._is_last(now):
            return
        ending = self.committee
        for observer in self.observers:
            observer.epoch_ended(ending.epoch, tuple(zip(ending.validators, self.authored, strict=True)))
        committee = Committee(ending.epoch + 1, self._elected() or ending.validators)
        self._install(committee)
        over = committee.epoch - div_ceil(self._answered(), self.config.blocks_per_epoch)
        if over >= 0:
            self.roots.discard(over)
        root = self.roots[committee.epoch]
        self.blocks.deposit_log(
            Consensus(ENGINE, codec_of(NextCommittee).encode(NextCommittee(committee.epoch, root)))
        )
        self.emit(t.NewEpoch(committee.epoch, root, committee.size))

    def _elected(self) -> tuple[Validator, ...]:
        """The validators whom the election names, or those of now, with the keys registered for them."""
        named = tuple((each.account, each.weight) for each in self.committee.validators)
        for election in self.elections:
            named = election.elect(self.next_keys.__contains__) or named
        found: list[Validator] = []
        for account, weight in named[:VALIDATORS_MAX]:
            keys = self.next_keys.get(account)
            if keys is not None:
                found.append(Validator(account, keys.bls, keys.network, weight))
        return tuple(found)

    def _install(self, committee: Committee) -> None:
        self.committee = committee
        self.authored = (0,) * committee.size
        self.roots[committee.epoch] = committee.root

    def _is_last(self, now: BlockNumber) -> bool:
        return now % self.config.blocks_per_epoch == 0

    def _answered(self) -> int:
        """For how many blocks from an epoch's first on its validators answer for what they sign in it."""
        return self.standards.blocks_in(UNBONDING_HOURS)

    # runtime.frame.interfaces.Authors

    def author_now(self) -> Validator:
        author = self.author
        assert author is not None, "block zero has no author"
        return author.validator

    def epoch_now(self) -> int:
        return max(0, self.host.number - 1) // self.config.blocks_per_epoch

    def committee_now(self) -> Committee:
        return self.committee

    def committee_root(self, epoch: int) -> Hash | None:
        return (
            self.roots.get(epoch) if self.host.number < self.epoch_start(epoch) + self._answered() else None
        )

    def epoch_start(self, epoch: int) -> BlockNumber:
        return epoch * self.config.blocks_per_epoch + 1

    # Runtime API.

    @runtime_api("SimplexApi", version=1)
    def committee_after(self) -> Committee:
        """The committee that decides on the block after this one."""
        return self.committee

    @runtime_api("SimplexApi", version=1)
    def epoch(self) -> U64:
        """The epoch of this block."""
        return self.epoch_now()

    @runtime_api("SimplexApi", version=1)
    def blocks_per_epoch(self) -> U32:
        """L: epoch e is the blocks e L + 1 to (e + 1) L."""
        return self.config.blocks_per_epoch

    # Invariants.

    @invariant("V1", "the committee is that of the next block's epoch, with weight, and known by its root")
    def committee_is_of_the_epoch(self) -> str | None:
        committee, due = self.committee, self.host.number // self.config.blocks_per_epoch
        if committee.epoch != due:
            return f"the committee is of epoch {committee.epoch}, and the next block of {due}"
        if not committee.validators or not all(each.weight for each in committee.validators):
            return "the committee has no validators, or one without weight"
        if self.roots.get(due) is None:
            return f"the root of epoch {due} is not kept"
        return None

    @hookimpl
    def try_state(self) -> None:
        assert self.roots[self.committee.epoch] == self.committee.root, "the committee is not what was named"
        assert len(self.authored) == self.committee.size, "the counts are not those of the committee"
        for who, keys in self.next_keys.items():
            for key in (keys.bls, keys.network):
                assert self.key_owner.get(key) == who, f"0x{key.hex()} does not belong to 0x{who.hex()}"
