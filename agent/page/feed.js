// The link to the broker, and the only file that knows mqtt.js. MQTT 5 first, 3.1.1 where the
// broker refuses it; tries again for ever, with backoff and jitter.
//
// Events: "link" with detail { state: "connecting" | "connected" | "reconnecting", reason, retryMs,
// refused }, and "message" with detail { topic, payload, properties }.

import mqtt from './vendor/mqtt.esm.js';
import { backoffMs } from './backoff.js';

const CONNECT_TIMEOUT_MS = 10_000;
// Browsers run a hidden page's timers once a minute; a shorter keep-alive would cut its link.
const KEEPALIVE_S = 60;
const VERSION_REFUSED = [1, 0x84];
const USER_REFUSED = [4, 5, 0x86, 0x87];

export class Feed extends EventTarget {
  #connection;
  #filters;
  #client = null;
  #version = 5;
  #attempt = 0;
  #timer = null;

  constructor(connection, filters) {
    super();
    this.#connection = connection;
    this.#filters = filters;
  }

  start() {
    this.#tellLink('connecting');
    this.#connect();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#drop();
  }

  // For when the machine's own network has come back: no need to sit the backoff out.
  hurry() {
    if (this.#client === null) {
      clearTimeout(this.#timer);
      this.#connect();
    }
  }

  // Settles when the broker has the message; rejects with the reason when it has not taken it.
  async publish(topic, text) {
    if (!this.#client?.connected) {
      throw new Error('not connected');
    }
    await this.#client.publishAsync(topic, text, { qos: 1, retain: false });
  }

  #connect() {
    const { broker, username, password } = this.#connection;
    const link = { opened: false, connected: false, reason: null, code: null };
    let client;
    try {
      client = mqtt.connect(broker, {
        clientId: `still2mqtt-page-${crypto.getRandomValues(new Uint32Array(2)).join('')}`,
        protocolVersion: this.#version,
        username: username || undefined,
        password: username && password ? password : undefined,
        clean: true,
        keepalive: KEEPALIVE_S,
        connectTimeout: CONNECT_TIMEOUT_MS,
        reconnectPeriod: 0,
        resubscribe: false,
        timerVariant: 'native', // the other kind starts a worker from a blob, which the CSP forbids
        createWebsocket: (url, protocols) => {
          const socket = new WebSocket(url, protocols);
          socket.addEventListener('open', () => {
            link.opened = true;
          });
          return socket;
        },
      });
    } catch (error) {
      link.reason = error.message;
      this.#retry(link);
      return;
    }
    this.#client = client;
    client.on('connect', () => this.#onConnect(link));
    client.on('message', (topic, payload, packet) => {
      const properties = packet.properties?.userProperties ?? null;
      this.dispatchEvent(new CustomEvent('message', { detail: { topic, payload, properties } }));
    });
    client.on('error', (error) => {
      link.reason ??= error.message;
      link.code ??= error.code;
    });
    client.on('disconnect', ({ reasonCode }) => {
      link.reason ??= `the broker ended it (reason 0x${(reasonCode ?? 0).toString(16)})`;
    });
    client.on('close', () => this.#onClose(client, link));
  }

  #onConnect(link) {
    link.connected = true;
    this.#attempt = 0;
    this.#tellLink('connected', { version: this.#version });
    const [live, lasting] = [0, 1].map((qos) => ({ qos }));
    for (const filter of this.#filters) {
      // One quality for picture and meta keeps their order. 0: a slow page should miss pictures, not
      // make the broker keep them.
      const isPicture = /\/(image|meta)$/.test(filter);
      this.#client.subscribe(filter, isPicture ? live : lasting, (error) => {
        if (error) {
          this.#tellLink('connected', { reason: `the broker refuses to send ${filter}` });
        }
      });
    }
  }

  #onClose(client, link) {
    if (client === this.#client) {
      this.#drop();
      this.#retry(link);
    }
  }

  #drop() {
    const client = this.#client;
    this.#client = null;
    client?.end(true);
  }

  #retry(link) {
    const versionRefused =
      VERSION_REFUSED.includes(link.code) || (link.opened && !link.connected && link.code === null);
    if (versionRefused && this.#version === 5) {
      this.#version = 4;
      this.#connect();
      return;
    }
    this.#version = 5;
    const retryMs = backoffMs(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#tellLink('reconnecting', {
      reason: link.reason ?? (link.connected ? 'the connection was lost' : 'no broker answers there'),
      refused: USER_REFUSED.includes(link.code),
      retryMs,
    });
    this.#timer = setTimeout(() => this.#connect(), retryMs);
  }

  #tellLink(state, rest = {}) {
    this.dispatchEvent(new CustomEvent('link', { detail: { state, ...rest } }));
  }
}
