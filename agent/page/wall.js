// All cameras that have said something, one tile each, in the order of their ids.

import { Tile } from './tile.js';
import { parseTopic, snapshotTopic } from './wire.js';

const TILES_MAX = 500;
const CAUSES = {
  strangers: 'messages with an id or topic that no agent can have',
  surplus: `messages of cameras beyond the first ${TILES_MAX}`,
  older: 'pictures older than the one on the screen',
  refused: 'payloads that are no picture',
  shut: 'pictures that came while the shutter was closed',
};

export class Wall {
  #root;
  #footer;
  #prefix;
  #publish;
  #announce;
  #tiles = new Map();
  #counts = Object.fromEntries(Object.keys(CAUSES).map((cause) => [cause, 0]));
  #linkUp = false;

  constructor({ root, footer, prefix, publish, announce }) {
    this.#root = root;
    this.#footer = footer;
    this.#prefix = prefix;
    this.#publish = publish;
    this.#announce = announce;
    footer.textContent = '';
  }

  get size() {
    return this.#tiles.size;
  }

  take({ topic, payload, properties }) {
    const parsed = parseTopic(this.#prefix, topic);
    if (parsed === null) {
      this.#count('strangers');
      return;
    }
    const tile = this.#tiles.get(parsed.id) ?? this.#add(parsed.id);
    if (tile === null) {
      this.#count('surplus');
      return;
    }
    tile.take(parsed.leaf, payload, properties);
  }

  setLink(isUp) {
    this.#linkUp = isUp;
    this.#root.dataset.link = isUp ? 'up' : 'down';
    this.#tiles.forEach((tile) => tile.setLink(isUp));
  }

  tick(now) {
    this.#tiles.forEach((tile) => tile.tick(now));
  }

  close() {
    this.#tiles.forEach((tile) => tile.close());
    this.#tiles.clear();
  }

  #add(id) {
    if (this.#tiles.size >= TILES_MAX) {
      return null;
    }
    const tile = new Tile(id, {
      publishSnapshot: (text) => this.#publish(snapshotTopic(this.#prefix, id), text),
      announce: this.#announce,
      count: (cause) => this.#count(cause),
    });
    tile.setLink(this.#linkUp);
    const next = [...this.#root.children].find((element) => element.dataset.id > id);
    this.#root.insertBefore(tile.element, next ?? null);
    this.#tiles.set(id, tile);
    return tile;
  }

  #count(cause) {
    this.#counts[cause] += 1;
    const parts = Object.entries(CAUSES)
      .filter(([key]) => this.#counts[key] > 0)
      .map(([key, text]) => `${text}: ${this.#counts[key]}`);
    this.#footer.textContent = `Not shown: ${parts.join('; ')}`;
  }
}
