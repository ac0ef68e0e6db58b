#!/usr/bin/env node
// A stranger's pallet through the unmodified @polkadot/api client: its call, constant, storage, event and error.
//
//   node hello.mjs ws://127.0.0.1:9944
//
// The node's chain has the pallet of examples/pallet-hello under the name Hello. Ends with ALL OK and status 0.
import assert from 'node:assert/strict';
import { ApiPromise, WsProvider } from '@polkadot/api';
import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';

const [url = 'ws://127.0.0.1:9944'] = process.argv.slice(2);
await cryptoWaitReady();
const api = await ApiPromise.create({ provider: new WsProvider(url, 1000, {}, 10000), throwOnConnect: true });
const alice = new Keyring({ type: 'sr25519' }).addFromUri('//Alice');

const send = (call) => new Promise((resolve, reject) => {
  call.signAndSend(alice, ({ status, events, dispatchError }) => {
    if (status.isFinalized) resolve({ events: events.map(({ event }) => event), dispatchError });
    if (status.isInvalid || status.isDropped) reject(new Error(status.type));
  }).catch(reject);
});

assert.equal(api.consts.hello.greetersMax.toNumber(), 5);
assert.equal(api.tx.hello.greet.meta.docs[0].toString(), 'Say hello, once.');
assert.equal((await api.query.hello.greetings(alice.address)).isNone, true);
console.log('ok   the pallet, its constant, its docs and its empty storage');

const done = await send(api.tx.hello.greet('Grüezi'));
assert.equal(done.dispatchError, undefined);
const greeted = done.events.find((event) => api.events.hello.Greeted.is(event));
assert.deepEqual(greeted.data.toHuman(), { who: alice.address, words: 'Grüezi', number: '1' });
console.log('ok   its call, and its event');

assert.equal((await api.query.hello.greetings(alice.address)).unwrap().toString(), 'Grüezi');
assert.equal((await api.query.hello.count()).toNumber(), 1);
assert.equal((await api.query.hello.greetings.entries()).length, 1);
console.log('ok   its storage');

const again = await send(api.tx.hello.greet('hello'));
assert.equal(api.errors.hello.AlreadyGreeted.is(again.dispatchError.asModule), true);
const { section, name, docs } = api.registry.findMetaError(again.dispatchError.asModule);
assert.deepEqual([section, name, docs.join(' ')], ['hello', 'AlreadyGreeted', 'The account has said hello before.']);
console.log('ok   its error, and what the error says');

const batch = await send(api.tx.utility.batch([api.tx.system.remark('0x00'), api.tx.hello.greet('hello')]));
const interrupted = batch.events.find((event) => api.events.utility.BatchInterrupted.is(event));
assert.equal(interrupted.data.index.toNumber(), 1);
assert.equal(api.errors.hello.AlreadyGreeted.is(interrupted.data.error.asModule), true);
console.log('ok   its call inside a batch');

console.log('ALL OK');
process.exit(0);
