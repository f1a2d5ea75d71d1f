// One snapshot asked for from this page: waits until its own picture is on the screen, is refused,
// or the deadline has passed.

const DEADLINE_MS = 15_000;

export class Snapshot extends EventTarget {
  #publish;
  #requestId = null;
  #askedAt = 0;
  #timer = null;

  // `publish` takes the command's payload and settles as Feed.publish does
  constructor(publish) {
    super();
    this.#publish = publish;
  }

  get waiting() {
    return this.#requestId !== null;
  }

  ask() {
    if (this.waiting) {
      return;
    }
    const requestId = `page-${[...crypto.getRandomValues(new Uint32Array(3))].join('-')}`;
    this.#requestId = requestId;
    this.#askedAt = performance.now();
    this.#timer = setTimeout(
      () => this.refused(requestId, `no picture within ${DEADLINE_MS / 1000} s`),
      DEADLINE_MS,
    );
    this.#tell('waiting…');
    this.#publish(JSON.stringify({ request_id: requestId })).catch((error) =>
      this.refused(requestId, error.message),
    );
  }

  wants(requestId) {
    return this.waiting && requestId === this.#requestId;
  }

  shown(requestId) {
    if (this.wants(requestId)) {
      this.#end(`came after ${Math.round(performance.now() - this.#askedAt)} ms`, 'came');
    }
  }

  refused(requestId, reason) {
    if (this.wants(requestId)) {
      this.#end(`failed: ${reason}`, 'failed');
    }
  }

  close() {
    clearTimeout(this.#timer);
    this.#requestId = null;
  }

  #end(text, outcome) {
    clearTimeout(this.#timer);
    this.#requestId = null;
    this.#tell(text, outcome);
  }

  #tell(text, outcome = 'waiting') {
    this.dispatchEvent(new CustomEvent('change', { detail: { text, outcome } }));
  }
}
