import assert from 'node:assert/strict';
import test from 'node:test';

import {
  parseEvent,
  parseHealth,
  parseMeta,
  parsePicture,
  parseState,
  parseTopic,
  propertyFacts,
  snapshotTopic,
  topicFilters,
} from '../../agent/page/wire.js';

const bytes = (text) => new TextEncoder().encode(text);
const json = (value) => bytes(JSON.stringify(value));
const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1, 2, 3);
const BASE64 = Buffer.from(JPEG).toString('base64');

const META = {
  id: 'boot-7',
  seq: 7,
  captured_at: '2026-03-04T05:06:07.089Z',
  trigger: 'command',
  request_id: 'r1',
  bytes: 7,
  sha256: 'a'.repeat(64),
  clock_synced: true,
};

test('topics name an agent and one of its leaves', () => {
  assert.deepEqual(parseTopic('a/b', 'a/b/cam_1-X/image'), { id: 'cam_1-X', leaf: 'image' });
  assert.equal(snapshotTopic('a/b', 'cam'), 'a/b/cam/command/snapshot');
  assert.ok(topicFilters('a').includes('a/+/image'));
  for (const topic of [
    'a/b/@all/image',
    'a/b/c d/image',
    'a/b//image',
    'a/b/cam/health',
    'a/b/cam/image/x',
    'a/b/cam',
    'a/c/cam/image',
    'x/a/b/cam/image',
    `a/b/${'x'.repeat(65)}/image`,
    'a/b/cam/toString',
  ]) {
    assert.equal(parseTopic('a/b', topic), null, topic);
  }
});

test('health is one of two words', () => {
  assert.equal(parseHealth(bytes('online')), 'online');
  assert.equal(parseHealth(bytes('offline')), 'offline');
  for (const text of ['', 'Online', 'online ', 'offline\n', 'true', '{"state":"online"}']) {
    assert.equal(parseHealth(bytes(text)), null, text);
  }
});

test('meta is read key by key', () => {
  assert.deepEqual(parseMeta(json(META)), {
    id: 'boot-7',
    seq: 7,
    capturedAt: Date.UTC(2026, 2, 4, 5, 6, 7, 89),
    clockSynced: true,
    trigger: 'command',
    requestId: 'r1',
    bytes: 7,
    sha256: 'a'.repeat(64),
  });
  const unsynced = parseMeta(json({ ...META, clock_synced: false }));
  assert.equal(unsynced.clockSynced, false);
});

test('a wrong key of meta costs that key only', () => {
  const wrong = [
    ['seq', -1, 'seq'],
    ['seq', 1.5, 'seq'],
    ['seq', '7', 'seq'],
    ['captured_at', 1772600767, 'capturedAt'],
    ['captured_at', 'yesterday', 'capturedAt'],
    ['captured_at', '2026-13-04T05:06:07Z', 'capturedAt'],
    ['captured_at', '2026-03-04T05:06:07', 'capturedAt'], // of which place?
    ['captured_at', { toString: 1 }, 'capturedAt'],
    ['trigger', 'toString', 'trigger'],
    ['trigger', ['timer'], 'trigger'],
    ['request_id', 5, 'requestId'],
    ['bytes', '7', 'bytes'],
    ['sha256', 'A'.repeat(64), 'sha256'],
    ['sha256', null, 'sha256'],
  ];
  for (const [key, value, fact] of wrong) {
    const meta = parseMeta(json({ ...META, [key]: value }));
    assert.equal(meta[fact], null, `${key}: ${JSON.stringify(value)}`);
    assert.equal(meta.id, 'boot-7');
  }
});

test('a document that is none is null', () => {
  const documents = ['', 'null', '5', '"x"', '[]', '{', '['.repeat(60_000), `{"a":"${'x'.repeat(66_000)}"}`];
  for (const parse of [parseMeta, parseState, parseEvent]) {
    for (const document of documents) {
      assert.equal(parse(bytes(document)), null, document.slice(0, 20));
    }
    assert.equal(parse(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), null);
  }
});

test('names are cut, and lose what cannot be seen', () => {
  const name = (value) => parseState(json({ device: { name: value } })).name;
  assert.equal(name('  Front door '), 'Front door');
  assert.equal(name('a\u202eb\u0000c'), 'a b c');
  assert.equal([...name('😀'.repeat(100))].length, 80);
  for (const value of ['', ' \n', 5, {}, null]) {
    assert.equal(name(value), null);
  }
  assert.equal(parseState(json({ device: 'x' })).name, null);
  assert.equal(parseState(json({})).name, null);
});

test('the shutter and the mark of who identifies itself', () => {
  for (const shutter of ['open', 'closed', 'locked']) {
    assert.equal(parseState(json({ shutter })).shutter, shutter);
  }
  for (const shutter of ['Closed', '', 'toString', true, ['closed'], null]) {
    assert.equal(parseState(json({ shutter })).shutter, null);
  }
  assert.equal(parseState(json({ identify: true })).isIdentifying, true);
  for (const identify of [false, 'true', 1, {}, null]) {
    assert.equal(parseState(json({ identify })).isIdentifying, false);
  }
});

test('events', () => {
  assert.deepEqual(parseEvent(json({ event_type: 'failed', request_id: 'r', reason: 'no camera' })), {
    type: 'failed',
    requestId: 'r',
    reason: 'no camera',
  });
  assert.deepEqual(parseEvent(json({})), { type: null, requestId: null, reason: null });
});

test('user properties are strings', () => {
  const facts = propertyFacts({ id: 'b-1', seq: '12', captured_at: META.captured_at, trigger: 'timer' });
  assert.equal(facts.seq, 12);
  assert.equal(facts.capturedAt, Date.parse(META.captured_at));
  assert.equal(facts.requestId, null);
  assert.equal(propertyFacts({ id: 'b-1', seq: ['1', '2'] }).seq, null);
  assert.equal(propertyFacts({ id: 'b-1', seq: '1e3' }).seq, null);
  assert.equal(propertyFacts({ id: 'b-1', seq: '' }).seq, null);
  assert.equal(propertyFacts(null), null);
  assert.equal(propertyFacts(Object.create(null)), null);
});

test('the three forms of a picture', () => {
  for (const payload of [JPEG, bytes(BASE64), json({ image: BASE64 })]) {
    const { jpeg, refusal } = parsePicture(payload);
    assert.equal(refusal, null);
    assert.deepEqual([...jpeg], [...JPEG]);
  }
  assert.equal(parsePicture(bytes(BASE64)).facts, null);
  assert.equal(parsePicture(json({ ...META, image: BASE64 })).facts.seq, 7);
});

test('base64 of every length of tail, and of megabytes', () => {
  for (const length of [4, 5, 6, 3_000_001]) {
    const jpeg = new Uint8Array(length).fill(0xa5);
    jpeg.set([0xff, 0xd8, 0xff]);
    const decoded = parsePicture(bytes(Buffer.from(jpeg).toString('base64'))).jpeg;
    assert.equal(Buffer.compare(Buffer.from(decoded), Buffer.from(jpeg)), 0);
  }
});

test('what is no picture is refused with the reason', () => {
  const refusals = [
    ['', /empty/],
    [`data:image/jpeg;base64,${BASE64}`, /data: prefix/],
    [JSON.stringify({ image: `data:image/jpeg;base64,${BASE64}` }), /data: prefix/],
    [BASE64.slice(0, -1), /not base64/],
    [BASE64.replaceAll('=', ''), /not base64/],
    [`${BASE64}\n`, /not base64/],
    [`${BASE64}====`, /not base64/],
    [`"${BASE64}"`, /not base64/],
    ['/9j-_w==', /not base64/],
    ['====', /not base64/],
    ['=', /not base64/],
    ['R0lGODlh', /not a JPEG/],
    ['<svg onload="alert(1)"/>', /not base64/],
    ['{}', /"image"/],
    ['{"image":5}', /"image"/],
    ['{"image":""}', /not a JPEG/],
    [JSON.stringify([BASE64]), /not base64/],
  ];
  for (const [text, reason] of refusals) {
    const { jpeg, refusal } = parsePicture(bytes(text));
    assert.equal(jpeg, null, text);
    assert.match(refusal, reason, text);
  }
  assert.match(parsePicture(Uint8Array.of(0xff, 0xfe, 0xff)).refusal, /not a JPEG/);
  assert.match(parsePicture(Uint8Array.of(0xff)).refusal, /not a JPEG/);
});
