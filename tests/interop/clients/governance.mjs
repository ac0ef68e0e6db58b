#!/usr/bin/env node
// A change voted through by the unmodified @polkadot/api client: coins enrolled, a preimage noted, a referendum
// on the redemption fee proposed, voted on with conviction by two accounts and a delegate, approved, enacted at
// its block, told by the parameter's history; and locks that end when they were said to.
//
//   node governance.mjs ws://127.0.0.1:9944           a development node that seals when it is told to
//   node governance.mjs ws://127.0.0.1:9944 network   a network, whose blocks come by themselves
//
// Ends with ALL OK and status 0.
import assert from 'node:assert/strict';
import { ApiPromise, WsProvider } from '@polkadot/api';
import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';

const [url = 'ws://127.0.0.1:9944', kind = 'dev'] = process.argv.slice(2);
const PATH = 'Redemption.FeeFloorPpb';
const COIN = 10n ** 9n;
const STEP = 250;

await cryptoWaitReady();
const provider = new WsProvider(url, 1000, {}, 60000);
const api = await ApiPromise.create({ provider, throwOnConnect: true });
const keyring = new Keyring({ type: 'sr25519' });
const [alice, bob, charlie, dave] = ['//Alice', '//Bob', '//Charlie', '//Dave'].map((uri) => keyring.addFromUri(uri));

const height = async () => (await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead())).number.toNumber();
async function seal(count) {
  if (kind === 'dev') return provider.send('dev_seal', [count]);
  const goal = await height() + count;
  while (await height() < goal) await new Promise((resolve) => setTimeout(resolve, 100));
}
async function sealTo(block) {
  for (let left = block - await height(); left > 0; left -= STEP) await seal(Math.min(STEP, left));
}
async function included(who, tx) {
  if (kind === 'dev') {
    const hash = await tx.signAndSend(who, { nonce: -1 });
    await seal(1);
    return { hash, at: await api.rpc.chain.getBlockHash() };
  }
  return new Promise((resolve, reject) => {
    tx.signAndSend(who, { nonce: -1 }, ({ status, txHash }) => {
      if (status.isFinalized) resolve({ hash: txHash, at: status.asFinalized });
      if (status.isInvalid || status.isDropped) reject(new Error(status.type));
    }).catch(reject);
  });
}
async function send(who, tx) {
  const { hash, at } = await included(who, tx);
  const block = await api.rpc.chain.getBlock(at);
  const index = block.block.extrinsics.findIndex((each) => each.hash.eq(hash));
  assert.notEqual(index, -1, 'the transaction is in the block');
  const events = (await (await api.at(at)).query.system.events())
    .filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eq(index))
    .map(({ event }) => event);
  const failed = events.find((event) => api.events.system.ExtrinsicFailed.is(event));
  if (failed) {
    const [error] = failed.data;
    const { section, name } = error.isModule ? api.registry.findMetaError(error.asModule) : { section: '', name: error.toString() };
    throw new Error(`${section}.${name}`);
  }
  return events;
}
const value = async () => (await api.call.parametersApi.get(PATH)).unwrap().value.toBigInt();

// The chain as clients see it.
const tracks = Object.fromEntries(api.consts.referenda.tracks.map(([id, track]) => [track.name.toString(), { id: id.toNumber(), track }]));
const looser = tracks.fees_looser;
assert.ok(looser, `a track for fees among ${Object.keys(tracks)}`);
console.log(`ok   ${Object.keys(tracks).length} tracks; fees_looser waits ${looser.track.minEnactmentPeriod} blocks`);

// Coins that vote stand still first.
for (const who of [alice, bob, charlie]) await send(who, api.tx.convictionVoting.enroll(1500n * COIN));
await assert.rejects(
  send(alice, api.tx.convictionVoting.vote(0, { Standard: { vote: { aye: true, conviction: 'Locked1x' }, balance: COIN } })),
  /convictionVoting\./,
);
const enrolled = await api.call.convictionVotingApi.enrollmentOf(alice.address);
assert.equal(enrolled.counting.toBigInt(), 0n);
const from = enrolled.seasoning[0].countsFrom.toNumber();
await sealTo(from);
console.log(`ok   enrolled coins count from block ${from}`);

// The proposal.
const before = await value();
const wanted = before + 1_000_000n;
const call = api.tx.parameters.setParameter(PATH, wanted);
const encoded = call.method.toHex();
const note = api.tx.preimage.notePreimage(encoded);
const proposal = { Lookup: { hash: call.method.hash.toHex(), len: call.method.encodedLength } };
const reserved = async (who) => (await api.query.system.account(who.address)).data.reserved.toBigInt();
const heldBefore = await reserved(dave);
await send(dave, note);
await assert.rejects(
  send(dave, api.tx.referenda.submit({ Origins: 'FeesSafer' }, proposal, { After: 1 })),
  /referenda\./,
);
const submitted = await send(dave, api.tx.referenda.submit({ Origins: 'FeesLooser' }, proposal, { After: 1 }));
const index = submitted.find((event) => api.events.referenda.Submitted.is(event)).data.index.toNumber();
const info = (await api.query.referenda.referendumInfoFor(index)).unwrap();
assert.ok(info.isOngoing);
assert.equal(info.asOngoing.track.toNumber(), looser.id);
await send(dave, api.tx.referenda.placeDecisionDeposit(index));
console.log(`ok   referendum ${index} proposes ${PATH} ${before} -> ${wanted}`);

// The votes: two with conviction, and one lent.
const standard = (aye, conviction, coins) => ({ Standard: { vote: { aye, conviction }, balance: coins * COIN } });
await send(alice, api.tx.convictionVoting.vote(index, standard(true, 'Locked2x', 1500n)));
await send(bob, api.tx.convictionVoting.vote(index, standard(true, 'Locked1x', 1500n)));
await send(charlie, api.tx.convictionVoting.delegate(looser.id, alice.address, 'Locked1x', 1500n * COIN));
const { tally } = (await api.query.referenda.referendumInfoFor(index)).unwrap().asOngoing;
assert.equal(tally.ayes.toBigInt(), (2n * 1500n + 1500n + 1500n) * COIN);
assert.equal(tally.support.toBigInt(), 4500n * COIN);
const voices = await api.call.convictionVotingApi.votesOf(charlie.address);
assert.equal(voices[0].delegate.unwrap().toString(), alice.address);
console.log('ok   ayes count coins and conviction; a delegate speaks for its delegator');

// It passes, is confirmed and waits.
let approvedAt = 0;
for (let tries = 0; tries < 60 && !approvedAt; tries += 1) {
  const now = (await api.query.referenda.referendumInfoFor(index)).unwrap();
  if (now.isApproved) approvedAt = now.asApproved[0].toNumber();
  else {
    assert.ok(now.isOngoing, now.type);
    await seal(STEP);
  }
}
assert.ok(approvedAt, 'approved');
const due = (await api.query.referenda.records(index)).unwrap().fate.asDue.at.toNumber();
assert.ok(due >= approvedAt + looser.track.minEnactmentPeriod.toNumber());
const tasks = (await api.query.scheduler.agenda(due)).filter((task) => task.isSome);
assert.equal(tasks.length, 1);
console.log(`ok   approved in block ${approvedAt}; the agenda of block ${due} has it`);

// It is enacted at its block, not before.
await sealTo(due);
const valueAt = async (block) => (await (await api.at(await api.rpc.chain.getBlockHash(block))).query.redemption.feeFloorPpb()).toBigInt();
assert.equal(await valueAt(due - 1), before);
assert.equal(await valueAt(due), wanted);
const events = await (await api.at(await api.rpc.chain.getBlockHash(due))).query.system.events();
assert.ok(events.some(({ event }) => api.events.referenda.Enacted.is(event) && event.data.index.eq(index)));
const [change] = await api.call.parametersApi.history(PATH);
assert.equal(change.at.toNumber(), due);
assert.equal(change.old.toBigInt(), before);
assert.equal(change.new_.toBigInt(), wanted);
assert.deepEqual(change.by.toJSON(), { referendum: { index } });
console.log(`ok   enacted in block ${due}; the parameter's history names referendum ${index}`);

// Locks end when they were said to.
const [lock] = await api.call.convictionVotingApi.locksOf(alice.address);
const until = lock.until.unwrap().toNumber();
assert.ok(until > approvedAt);
if (await height() < until - 20) {
  await sealTo(until - 20);
  await assert.rejects(send(alice, api.tx.convictionVoting.withdraw(1500n * COIN)), /convictionVoting\./);
}
await sealTo(until);
await send(alice, api.tx.convictionVoting.removeVote(looser.id, index));
await send(alice, api.tx.convictionVoting.unlock(looser.id, alice.address));
await send(alice, api.tx.convictionVoting.withdraw(1500n * COIN));
assert.equal((await api.call.convictionVotingApi.locksOf(alice.address)).length, 0);
console.log(`ok   coins were locked until block ${until}, and are free`);

await send(dave, api.tx.referenda.refundDecisionDeposit(index));
await send(dave, api.tx.referenda.refundSubmissionDeposit(index));
await send(dave, api.tx.preimage.unnotePreimage(proposal.Lookup.hash));
assert.equal(await reserved(dave), heldBefore);
console.log('ok   deposits are back');

console.log('ALL OK');
process.exit(0);
