import assert from 'node:assert/strict';
import test from 'node:test';

import { isOlder, isSame, pairFacts } from '../../agent/page/pairing.js';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const facts = (rest) => ({ id: null, seq: null, capturedAt: null, bytes: null, sha256: null, ...rest });

test('meta belongs to the picture of its size and digest', () => {
  const meta = facts({ id: 'x', bytes: 10, sha256: A });
  assert.equal(pairFacts(null, meta, 10, A), meta);
  assert.equal(pairFacts(null, meta, 10, null), meta); // a browser that cannot digest
  assert.equal(pairFacts(null, meta, 11, A), null);
  assert.equal(pairFacts(null, meta, 10, B), null);
  assert.equal(pairFacts(null, facts({ sha256: A }), 10, A), null); // without a size: no proof
  assert.equal(pairFacts(null, null, 10, A), null);
});

test('what came with the picture goes before the meta topic', () => {
  const claim = facts({ id: 'x', sha256: A });
  assert.equal(pairFacts(claim, null, 10, A), claim);
  assert.equal(pairFacts(claim, facts({ id: 'y', bytes: 10, sha256: A }), 10, A), claim);
  const fuller = facts({ id: 'x', bytes: 10, sha256: A });
  assert.equal(pairFacts(claim, fuller, 10, A), fuller);
});

test('a claim that does not fit its picture leaves the age unknown', () => {
  const meta = facts({ id: 'x', bytes: 10, sha256: A });
  assert.equal(pairFacts(facts({ id: 'x', sha256: B }), meta, 10, A), null);
  assert.equal(pairFacts(facts({ id: 'x', bytes: 9 }), meta, 10, A), null);
});

test('the view never goes back', () => {
  const shown = facts({ seq: 5, capturedAt: 1000 });
  assert.equal(isOlder(facts({ seq: 4, capturedAt: 900 }), shown), true);
  assert.equal(isOlder(facts({ capturedAt: 900 }), shown), true);
  assert.equal(isOlder(facts({ seq: 4 }), shown), true);
  assert.equal(isOlder(facts({ seq: 6, capturedAt: 1100 }), shown), false);
  assert.equal(isOlder(facts({ seq: 6, capturedAt: 900 }), shown), false); // clock set back
  assert.equal(isOlder(facts({ seq: 1, capturedAt: 1100 }), shown), false); // agent started again
  assert.equal(isOlder(facts({}), shown), false);
  // started again with the clock of an hour ago, as after a power cut without a clock chip
  const before = facts({ id: 'run1-50', seq: 50, capturedAt: 4_600_000 });
  assert.equal(isOlder(facts({ id: 'run2-1', seq: 1, capturedAt: 1_000_000 }), before), false);
  assert.equal(isOlder(facts({ id: 'run1-49', seq: 49, capturedAt: 4_500_000 }), before), true);
  assert.equal(isOlder(null, shown), false);
  assert.equal(isOlder(shown, null), false);
});

test('a duplicate is known by its id', () => {
  assert.equal(isSame(facts({ id: 'x' }), facts({ id: 'x' })), true);
  assert.equal(isSame(facts({ id: 'x' }), facts({ id: 'y' })), false);
  assert.equal(isSame(facts({}), facts({})), false);
  assert.equal(isSame(null, null), false);
});
