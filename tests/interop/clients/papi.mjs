#!/usr/bin/env node
// Acceptance check: the unmodified polkadot-api (PAPI) client, which speaks the chainHead group of methods.
//
//   node papi.mjs ws://127.0.0.1:9944
//
// Prints one line per step and exits 0 only if every step worked.
import { createClient, Enum } from 'polkadot-api';
import { getPolkadotSigner } from 'polkadot-api/signer';
import { getWsProvider } from 'polkadot-api/ws';
import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';

const [url = 'ws://127.0.0.1:9944'] = process.argv.slice(2);
const STEP_MS = 60_000;
const AMOUNT = 1_000_000_000n;
let failed = 0;
const assert = (held, message) => { if (!held) throw new Error(message); };
const show = (value) => JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}` : each));

async function step (name, work) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('timeout')), STEP_MS); });
  try {
    const said = await Promise.race([work(), late]);
    console.log(`ok   ${name}${said ? ' — ' + said : ''}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name} — ${error?.message || show(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

await cryptoWaitReady();
const signers = Object.fromEntries(['sr25519', 'ed25519'].map((type) => {
  const pair = new Keyring({ type, ss58Format: 42 }).addFromUri('//Alice');
  const kind = type === 'sr25519' ? 'Sr25519' : 'Ed25519';
  return [type, { address: pair.address, signer: getPolkadotSigner(pair.publicKey, kind, (data) => pair.sign(data)) }];
}));
const bob = new Keyring({ type: 'sr25519', ss58Format: 42 }).addFromUri('//Bob').address;

const client = createClient(getWsProvider(url));
const api = client.getUnsafeApi();
const free = async (address, at = 'finalized') => (await api.query.System.Account.getValue(address, { at })).data.free;
const transfer = (value, call = 'transfer_keep_alive') => api.tx.Balances[call]({ dest: Enum('Id', bob), value });

await step('follow the chain: its name, a final block, and one behind it', async () => {
  const { name } = await client.getChainSpecData();
  const first = await client.getFinalizedBlock();
  const later = await new Promise((resolve, reject) => {
    const following = client.finalizedBlock$.subscribe({
      next: (block) => { if (block.number > first.number) { resolve(block); setTimeout(() => following.unsubscribe()); } },
      error: reject,
    });
  });
  assert(later.number > first.number, 'nothing became final');
  return `${name}, ${first.number} and ${later.number}`;
});
await step('headers and bodies', async () => {
  const block = await client.getFinalizedBlock();
  const header = await client.getBlockHeader(block.hash);
  const body = await client.getBlockBody(block.hash);
  assert(header.number === block.number, `header ${header.number} of block ${block.number}`);
  assert(body.length > 0, 'a block without its inherents');
  return `${body.length} extrinsics in ${block.number}`;
});
await step('constants', async () => {
  const deposit = await api.constants.Balances.ExistentialDeposit();
  const prefix = await api.constants.System.SS58Prefix();
  assert(typeof deposit === 'bigint' && prefix === 42, show([deposit, prefix]));
  return `ExistentialDeposit ${deposit}`;
});
await step('storage: one value, many, and all under a map', async () => {
  const addresses = [signers.sr25519.address, bob];
  const one = await api.query.System.Account.getValue(addresses[0]);
  const two = await api.query.System.Account.getValues(addresses.map((each) => [each]));
  const entries = await api.query.System.Account.getEntries();
  assert(show(two[0]) === show(one), 'getValues and getValue differ');
  assert(entries.some(({ keyArgs }) => keyArgs[0] === addresses[0]), 'the entries lack an account');
  return `${entries.length} accounts`;
});
await step('runtime calls: version, nonce, metadata', async () => {
  const version = await api.apis.Core.version();
  const nonce = await api.apis.AccountNonceApi.account_nonce(signers.sr25519.address);
  const account = await api.query.System.Account.getValue(signers.sr25519.address);
  assert(nonce === account.nonce, `${nonce} is not ${account.nonce}`);
  return `${version.spec_name} ${version.spec_version}`;
});
for (const [type, { address, signer }] of Object.entries(signers)) {
  await step(`${type}: estimate a fee, transfer, read what it did`, async () => {
    const tx = transfer(AMOUNT);
    const estimated = await tx.getEstimatedFees(address);
    const done = await tx.signAndSubmit(signer);
    assert(done.ok, show(done.dispatchError));
    const paid = done.events.find(({ type: pallet, value }) => pallet === 'TransactionPayment' && value.type === 'TransactionFeePaid').value.value;
    assert(paid.actual_fee > 0n && paid.actual_fee <= estimated, `paid ${paid.actual_fee}, estimated ${estimated}`);
    const here = done.block.hash;
    const { parentHash } = await client.getBlockHeader(here);
    const grown = async (who) => (await free(who, here)) - (await free(who, parentHash));
    assert((await grown(address)) === -AMOUNT - paid.actual_fee, 'the sender has not paid just that');
    assert((await grown(bob)) === AMOUNT, 'the receiver has not just that more');
    const body = await client.getBlockBody(done.block.hash);
    assert(body.length > done.block.index, 'the block does not hold it');
    return `block ${done.block.number}, fee ${paid.actual_fee}`;
  });
  await step(`${type}: a call that is refused says why, and pays`, async () => {
    const before = await free(address);
    const done = await transfer(before * 2n).signAndSubmit(signer);
    assert(!done.ok && done.dispatchError.type === 'Token', show(done.dispatchError));
    assert((await free(address)) < before, 'no fee was paid');
    return `${done.dispatchError.type}.${done.dispatchError.value.type}`;
  });
}
await step('a transaction that was valid once is refused by name', async () => {
  const { signer } = signers.sr25519;
  try {
    await transfer(AMOUNT).signAndSubmit(signer, { nonce: 0 });
  } catch (error) {
    assert(error.message.includes('Stale'), error.message);
    return error.message.replace(/\s+/g, ' ');
  }
  throw new Error('it was taken');
});
await step('watch a value change', async () => {
  const { address, signer } = signers.sr25519;
  const start = await free(bob);
  const seen = new Promise((resolve, reject) => {
    const watching = api.query.System.Account.watchValue(bob, { at: 'best' }).subscribe({
      next: (change) => {
        const value = (change.value ?? change).data.free;
        if (value > start) { resolve(value); setTimeout(() => watching.unsubscribe()); }
      },
      error: reject,
    });
  });
  await transfer(AMOUNT).signAndSubmit(signer);
  assert((await seen) === start + AMOUNT, 'it grew by something else');
  return `${address} sent ${AMOUNT}`;
});
client.destroy();
console.log(failed ? `FAILED (${failed} steps)` : 'ALL OK');
process.exit(failed ? 1 : 0);
