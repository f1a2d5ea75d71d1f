// Wiring, one way: connection -> feed -> wall. Nothing else happens here.

import { chooseConnection, connectionProblem, withoutSecrets } from './connection.js';
import { Feed } from './feed.js';
import { Panel } from './panel.js';
import { Wall } from './wall.js';
import { topicFilters } from './wire.js';

const REMEMBERED = 'still2mqtt.connection';

const find = (id) => document.getElementById(id);
const panel = new Panel(find('connection'));
let feed = null;
let wall = null;

function connect(connection) {
  const problem = connectionProblem(connection, new URL(location.href));
  if (problem !== null) {
    panel.ask(problem);
    return;
  }
  feed?.stop();
  wall?.close();
  feed = new Feed(connection, topicFilters(connection.prefix));
  wall = new Wall({
    root: find('wall'),
    footer: find('footer'),
    prefix: connection.prefix,
    publish: feed.publish.bind(feed),
    announce: (sentence) => {
      find('news').textContent = sentence;
    },
  });
  feed.addEventListener('message', ({ detail }) => {
    wall.take(detail);
    showEmpty(connection, true);
  });
  feed.addEventListener('link', ({ detail }) => showLink(connection, detail));
  feed.start();
}

function showLink(connection, { state, reason, refused, version }) {
  const { broker } = connection;
  const texts = {
    connecting: `connecting to ${broker}`,
    connected: `connected to ${broker}`,
    reconnecting: `reconnecting to ${broker}: ${reason}`,
  };
  const link = find('link');
  link.dataset.state = state;
  link.textContent =
    state === 'connected' && reason ? `${texts.connected}, but ${reason}` : texts[state];
  if (version !== undefined) {
    link.dataset.version = version;
  }
  wall.setLink(state === 'connected');
  showEmpty(connection, state === 'connected');
  if (refused) {
    panel.ask(`${broker} refused the user name or the password.`);
  } else if (state === 'connected') {
    panel.fold();
  }
}

function showEmpty({ prefix, broker }, isConnected) {
  const empty = find('empty');
  empty.hidden = wall.size > 0;
  empty.textContent = isConnected
    ? `No camera has said anything yet on ${prefix}/…. Start an agent that publishes to this broker; ` +
      'its tile appears here by itself.'
    : `The cameras appear here once ${broker} answers.`;
}

function recall() {
  try {
    return JSON.parse(localStorage.getItem(REMEMBERED));
  } catch {
    return null; // storage may be switched off, or hold what another version wrote
  }
}

function remember({ broker, prefix, username }) {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify({ broker, prefix, username }));
  } catch {
    // a page that cannot remember still works
  }
}

async function loadConfig() {
  try {
    const response = await fetch('config.json', { cache: 'no-store' });
    const config = response.ok ? await response.json() : null;
    return typeof config === 'object' ? config : null;
  } catch {
    return null; // it is there for operators who want one
  }
}

async function start() {
  const params = new URLSearchParams(location.search);
  const connection = chooseConnection(params, await loadConfig(), recall(), new URL(location.href));
  const clean = withoutSecrets(params);
  if (String(clean) !== String(params)) {
    history.replaceState(null, '', `?${clean}`);
  }
  panel.fill(connection);
  find('empty').textContent = 'Name the broker to see its cameras.';
  panel.addEventListener('connect', ({ detail }) => {
    remember(detail);
    connect(detail);
  });
  setInterval(() => wall?.tick(Date.now()), 1000);
  addEventListener('online', () => feed?.hurry());
  if (connection.known && connection.problem === null) {
    connect(connection);
  } else {
    panel.ask(connection.problem);
  }
}

start();
