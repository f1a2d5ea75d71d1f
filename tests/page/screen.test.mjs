import assert from 'node:assert/strict';
import test from 'node:test';

import { Screen } from '../../agent/page/screen.js';

// What a browser has and this screen uses: a picture decodes when the test says so.
const urls = new Set();
const decoding = [];
URL.createObjectURL = () => {
  const url = `blob:${urls.size}-${decoding.length}`;
  urls.add(url);
  return url;
};
URL.revokeObjectURL = (url) => urls.delete(url);
globalThis.Image = class {
  naturalWidth = 160;
  naturalHeight = 120;

  constructor() {
    this.decoded = new Promise((resolve, reject) => decoding.push({ resolve, reject }));
  }

  decode() {
    return this.decoded;
  }

  remove() {
    this.frame.image = null;
  }
};

class Frame {
  image = null;

  prepend(image) {
    this.image = image;
    image.frame = this;
  }
}

function build() {
  const frame = new Frame();
  const screen = new Screen(frame);
  const told = [];
  ['shown', 'refused', 'passed'].forEach((type) => screen.addEventListener(type, () => told.push(type)));
  return { frame, screen, told };
}

const picture = () => ({ jpeg: Uint8Array.of(0xff, 0xd8, 0xff), claim: null, mustShow: false });

// Digests are made on threads of their own, so that no number of turns is known to be enough.
async function until(condition) {
  const end = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < end, `never: ${condition}`);
    await new Promise(setImmediate);
  }
}

async function nextDecoding() {
  await until(() => decoding.length > 0);
  return decoding.shift();
}

test('a cleared screen keeps nothing of what it showed', async () => {
  const { frame, screen, told } = build();
  screen.putMeta({ id: 'run-1', bytes: 3, sha256: null });
  screen.put(picture());
  (await nextDecoding()).resolve();
  await until(() => told.length === 1);
  assert.equal(screen.shown.facts.id, 'run-1');
  assert.equal(urls.size, 1);
  screen.clear();
  assert.deepEqual([frame.image, screen.shown, screen.meta, urls.size], [null, null, null, 0]);
});

test('a picture that was being decoded or waited is not shown after a clear', async () => {
  const { frame, screen, told } = build();
  screen.put(picture());
  const late = await nextDecoding();
  screen.put({ ...picture(), mustShow: true });
  screen.clear();
  late.resolve();
  await until(() => urls.size === 0);
  screen.put(picture());
  (await nextDecoding()).resolve();
  await until(() => frame.image !== null);
  assert.deepEqual(told, ['shown']);
  assert.equal(decoding.length, 0);
  screen.clear();
});

test('nor is one whose digest was being made', async () => {
  const { frame, screen, told } = build();
  screen.put(picture());
  screen.clear();
  screen.put(picture());
  (await nextDecoding()).resolve(); // the first
  const second = await nextDecoding();
  assert.deepEqual([frame.image, told, urls.size], [null, [], 1]);
  second.resolve();
  await until(() => frame.image !== null);
  screen.clear();
});

test('one that fails is a refusal, but not after a clear', async () => {
  const { frame, screen, told } = build();
  screen.put(picture());
  const late = await nextDecoding();
  screen.clear();
  late.reject(new Error('it does not decode'));
  await until(() => urls.size === 0);
  screen.put(picture());
  (await nextDecoding()).reject(new Error('it does not decode'));
  await until(() => told.length > 0);
  assert.deepEqual([told, frame.image, urls.size], [['refused'], null, 0]);
});
