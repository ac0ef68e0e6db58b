#!/usr/bin/env node
// What stands behind the coin, through the unmodified @polkadot/api client: from storage, from the header's digest,
// and from the runtime API, which must all say the same.
//
//   node coverage.mjs ws://127.0.0.1:9944
//
// Ends with ALL OK and status 0.
import assert from 'node:assert/strict';
import { ApiPromise, WsProvider } from '@polkadot/api';
import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';

const [url = 'ws://127.0.0.1:9944'] = process.argv.slice(2);
await cryptoWaitReady();
const api = await ApiPromise.create({ provider: new WsProvider(url, 1000, {}, 10000), throwOnConnect: true });
const alice = new Keyring({ type: 'sr25519' }).addFromUri('//Alice');

const hash = await new Promise((resolve, reject) => {
  api.tx.system.remark('0x01').signAndSend(alice, ({ status }) => {
    if (status.isFinalized) resolve(status.asFinalized);
    if (status.isInvalid || status.isDropped) reject(new Error(status.type));
  }).catch(reject);
});
const at = await api.at(hash);

const header = await api.rpc.chain.getHeader(hash);
const items = header.digest.logs.filter((log) => log.isConsensus && log.asConsensus[0].toUtf8() === 'COVR');
assert.equal(items.length, 1);
const type = api.registry.createLookupType(api.query.solvency.coverage.creator.meta.type.asPlain);
const told = api.registry.createType(type, items[0].asConsensus[1].toU8a(true));
const stored = await at.query.solvency.coverage();
assert.deepEqual(told.toJSON(), stored.toJSON());
assert.equal(told.toHex(), stored.toHex());
assert.equal(stored.supply.toBigInt(), (await at.query.balances.totalIssuance()).toBigInt());
assert.equal(stored.ratioPpb.toBigInt(), stored.effective.toBigInt() * 10n ** 9n / stored.supply.toBigInt());
assert.equal(stored.mode.type, 'Green');
console.log(`ok   block ${header.number}: the header's figures are those in storage`);

const call = at.call.ballastCoinApi;
const { figures, bonds } = await call.queryCoverage();
assert.equal(figures.toHex(), stored.toHex());
console.log('ok   the runtime API says the same');

const page = await call.queryProviders(0, 64);
assert.equal(page.following.isNone, true);
const sum = (numbers) => numbers.reduce((one, other) => one + other.toBigInt(), 0n);
assert.equal(sum(page.items.map((each) => each.provider.effective)), stored.effective.toBigInt());
assert.equal(sum(page.items.map((each) => each.provider.bond)), bonds.toBigInt());
console.log(`ok   E and the bonds are the sums over its ${page.items.length} providers`);

const issuers = await call.queryIssuers(null, 64);
const owed = sum(issuers.items.map((each) => each.debt.owed));
assert.equal(owed + stored.orphaned.toBigInt(), stored.supply.toBigInt());
const [{ who, record }] = issuers.items;
const alone = (await call.queryIssuer(who)).unwrap();
assert.equal(alone.record.toHex(), record.toHex());
assert.equal((await call.queryIssuer(alice.address)).isNone, true);
console.log(`ok   all coins are the debts of its ${issuers.items.length} issuers`);

const standards = await call.queryStandards(null, 1);
assert.equal(standards.items[0].number.toNumber(), stored.standard.toNumber());
assert.equal(standards.items[0].standard.work.toBigInt(), stored.work.toBigInt());
assert.equal((await call.queryTickets(null, 1)).items.length, 0);
assert.equal((await call.queryTicket(0)).isNone, true);
console.log('ok   its standard, and its tickets');

console.log('ALL OK');
process.exit(0);
