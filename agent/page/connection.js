// Where to connect, from the address bar, config.json, what was remembered, or the default. Pure.

export const DEFAULT_PREFIX = 'still2mqtt';
const SECRETS = ['password', 'pass', 'passwd', 'pwd'];

// { broker, prefix, username, known, problem }. `known` is false where only the default names a
// broker; `problem` is a sentence for the user, or null.
export function chooseConnection(params, config, remembered, pageUrl) {
  const sources = [Object.fromEntries(params), config, remembered];
  const pick = (key) =>
    sources.map((source) => source?.[key]).find((value) => typeof value === 'string' && value) ?? '';
  const broker = pick('broker');
  return {
    broker: broker || defaultBroker(pageUrl),
    prefix: pick('prefix') || DEFAULT_PREFIX,
    username: pick('username'),
    known: broker !== '',
    problem: secretProblem(params, config),
  };
}

export function withoutSecrets(params) {
  const clean = new URLSearchParams(params);
  SECRETS.forEach((key) => clean.delete(key));
  return clean;
}

// A sentence for the user, or null for a connection that may be tried.
export function connectionProblem({ broker, prefix }, pageUrl) {
  let url;
  try {
    url = new URL(broker);
  } catch {
    return 'The broker wants an address such as ws://192.168.1.10:9001.';
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    return 'A page reaches a broker through WebSocket only: the address begins with ws:// or wss://.';
  }
  if (url.username || url.password) {
    return 'Leave the user name and the password out of the broker’s address; they have their own fields.';
  }
  if (url.hash) {
    return 'The broker’s address cannot hold a “#”.';
  }
  if (url.protocol === 'ws:' && pageUrl.protocol === 'https:' && !isLoopback(url.hostname)) {
    return 'This page came over https, so the browser allows wss:// brokers only.';
  }
  if (!/^[^+#\0/$][^+#\0]{0,127}$/.test(prefix) || prefix.endsWith('/')) {
    return 'The prefix is the first part of the topics, such as still2mqtt: no +, no #, no / at its ends.';
  }
  return null;
}

function defaultBroker(pageUrl) {
  const scheme = pageUrl.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${pageUrl.hostname || 'localhost'}:9001`;
}

function isLoopback(hostname) {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}

function secretProblem(params, config) {
  if (SECRETS.some((key) => params.has(key))) {
    return (
      'The password in this page’s address was not used: addresses end up in histories and logs. ' +
      'Type it below; it is never stored.'
    );
  }
  if (config !== null && SECRETS.some((key) => key in config)) {
    return 'The password in config.json was not used: everyone can read that file. Type it below.';
  }
  return null;
}
