import assert from 'node:assert/strict';
import test from 'node:test';

import { backoffMs } from '../../agent/page/backoff.js';
import { ageText, sizeText } from '../../agent/page/ages.js';
import { chooseConnection, connectionProblem, withoutSecrets } from '../../agent/page/connection.js';

const PAGE = new URL('http://192.168.1.5:8000/');
const choose = (query, config = null, remembered = null) =>
  chooseConnection(new URLSearchParams(query), config, remembered, PAGE);

test('the address goes before config.json, that before what was remembered', () => {
  const config = { broker: 'ws://config', prefix: 'c' };
  const remembered = { broker: 'ws://remembered', prefix: 'r', username: 'ann' };
  assert.equal(choose('broker=ws://address', config, remembered).broker, 'ws://address');
  assert.equal(choose('', config, remembered).broker, 'ws://config');
  assert.equal(choose('prefix=p', config, remembered).prefix, 'p');
  assert.equal(choose('', config, remembered).username, 'ann');
  assert.equal(choose('', null, remembered).broker, 'ws://remembered');
  assert.ok(choose('', config).known);
});

test('with nothing said, the broker is beside the page and nobody connects by itself', () => {
  const chosen = choose('');
  assert.deepEqual(chosen, {
    broker: 'ws://192.168.1.5:9001',
    prefix: 'still2mqtt',
    username: '',
    known: false,
    problem: null,
  });
  assert.equal(choose('', { broker: 5 }, { broker: null }).known, false);
});

test('a password in the address or in config.json is refused and said', () => {
  assert.match(choose('broker=ws://b&password=x').problem, /was not used/);
  assert.match(choose('', { broker: 'ws://b', password: 'x' }).problem, /config.json/);
  assert.equal(String(withoutSecrets(new URLSearchParams('a=1&password=x&pwd=y'))), 'a=1');
});

test('a connection that cannot work is refused with the cure', () => {
  const problem = (broker, prefix = 'p', page = PAGE) => connectionProblem({ broker, prefix }, page);
  assert.equal(problem('ws://10.0.0.1:9001'), null);
  assert.equal(problem('wss://broker.example/mqtt'), null);
  assert.match(problem('10.0.0.1:9001'), /ws:\/\//);
  assert.match(problem('mqtt://10.0.0.1'), /WebSocket/);
  assert.match(problem('javascript:alert(1)'), /WebSocket/);
  assert.match(problem('ws://ann:secret@10.0.0.1'), /own fields/);
  assert.match(problem('ws://10.0.0.1', 'p', new URL('https://page.example/')), /wss/);
  assert.equal(problem('ws://127.0.0.1', 'p', new URL('https://page.example/')), null);
  for (const prefix of ['', 'a/+', '#', '/a', 'a/', '$SYS', 'x'.repeat(200)]) {
    assert.match(problem('ws://b', prefix), /prefix/, prefix);
  }
  assert.equal(problem('ws://b', 'site/farm'), null);
});

test('backoff doubles to its ceiling and is spread', () => {
  assert.equal(backoffMs(0, 1), 1000);
  assert.equal(backoffMs(0, 0), 500);
  assert.equal(backoffMs(3, 1), 8000);
  assert.equal(backoffMs(5000, 1), 30_000);
});

test('ages and sizes', () => {
  const ages = [
    [0, '0 s ago'],
    [59_999, '59 s ago'],
    [252_000, '4 min 12 s ago'],
    [3_600_000 * 5 + 60_000, '5 h 1 min ago'],
    [86_400_000 * 3, '3 days ago'],
    [-1500, '0 s ago'], // two clocks are never quite the same
    [-180_000, '3 min 0 s in the future'],
  ];
  ages.forEach(([age, text]) => assert.equal(ageText(1e12, 1e12 + age), text));
  assert.deepEqual([999, 184_211, 999_499, 999_500].map(sizeText), ['999 B', '184 kB', '999 kB', '1.0 MB']);
});
