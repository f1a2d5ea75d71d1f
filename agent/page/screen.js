// One camera's glass: each picture is decoded off screen, swapped in, and the one before let go.
// The newest wins, and the view never goes back in time. At most two object URLs live at once.

import { isOlder, isSame, pairFacts } from './pairing.js';

export class Screen extends EventTarget {
  #frame;
  #waiting = [];
  #working = false;
  #meta = null;
  #image = null;
  #era = 0; // ends with each clear(): what was taken in before it is not shown after it
  #shown = null; // { claim, facts, bytes, sha256, width, height }

  constructor(frame) {
    super();
    this.#frame = frame;
  }

  get shown() {
    return this.#shown;
  }

  get meta() {
    return this.#meta;
  }

  // Nothing is kept of what was shown, or was about to be.
  clear() {
    this.#era += 1;
    this.#waiting = [];
    this.#meta = null;
    this.#shown = null;
    this.#hang(null);
  }

  // `mustShow`: somebody waits for this very picture, so a newer one does not displace it.
  put({ jpeg, claim, mustShow }) {
    this.#waiting = this.#waiting.filter((picture) => picture.mustShow);
    this.#waiting.push({ jpeg, claim, mustShow, meta: this.#meta });
    this.#work();
  }

  // The meta topic and the image topic are two: after a subscription either may come first.
  putMeta(meta) {
    this.#meta = meta;
    if (this.#shown !== null && this.#shown.facts === null && this.#adopt(meta)) {
      this.#tell('shown');
    }
  }

  #adopt(meta) {
    const { claim, bytes, sha256 } = this.#shown;
    this.#shown.facts = pairFacts(claim, meta, bytes, sha256);
    return this.#shown.facts !== null;
  }

  async #work() {
    if (this.#working) {
      return;
    }
    this.#working = true;
    while (this.#waiting.length > 0) {
      await this.#show(this.#waiting.shift());
    }
    this.#working = false;
  }

  async #show({ jpeg, claim, meta }) {
    const era = this.#era;
    const sha256 = await digest(jpeg);
    const facts = pairFacts(claim, meta, jpeg.length, sha256);
    if (isSame(facts, this.#shown?.facts ?? null)) {
      return;
    }
    if (isOlder(facts, this.#shown?.facts ?? null)) {
      this.#tell('passed');
      return;
    }
    const url = URL.createObjectURL(new Blob([jpeg], { type: 'image/jpeg' }));
    const image = new Image();
    image.src = url;
    const decoded = await image.decode().then(() => true, () => false);
    if (era !== this.#era) {
      URL.revokeObjectURL(url);
      return;
    }
    if (!decoded) {
      URL.revokeObjectURL(url);
      this.#tell('refused', 'it does not decode');
      return;
    }
    this.#hang(image);
    const { naturalWidth: width, naturalHeight: height } = image;
    this.#shown = { claim, facts, bytes: jpeg.length, sha256, width, height };
    if (facts === null && this.#meta !== null) {
      this.#adopt(this.#meta);
    }
    this.#tell('shown');
  }

  #hang(image) {
    const before = this.#image;
    this.#image = image;
    if (image !== null) {
      this.#frame.prepend(image);
    }
    if (before !== null) {
      before.remove();
      URL.revokeObjectURL(before.src);
    }
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

async function digest(jpeg) {
  if (!globalThis.crypto?.subtle) {
    return null;
  }
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', jpeg));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
