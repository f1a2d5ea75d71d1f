// One camera on the wall. Everything that came over the wire is shown through textContent and
// plain properties, never as markup.

import { ageText, sizeText } from './ages.js';
import { Screen } from './screen.js';
import { Snapshot } from './snapshot.js';
import { parseEvent, parseHealth, parseMeta, parsePicture, parseState, propertyFacts } from './wire.js';

const FAILURES = ['failed', 'refused', 'skipped'];

export class Tile {
  #id;
  #name;
  #announce;
  #count;
  #screen;
  #snapshot;
  #status = null; // of the agent: "online", "offline", null for nobody said
  #camera = null;
  #shutter = null; // "open", "closed", "locked", null for nobody said
  #isIdentifying = false;
  #linkUp = true;
  #parts;

  // `publishSnapshot` sends a command's payload, `announce` says a sentence to screen readers,
  // `count` counts what was not shown by its cause.
  constructor(id, { publishSnapshot, announce, count }) {
    this.#id = id;
    this.#name = id;
    this.#announce = announce;
    this.#count = count;
    this.#parts = buildParts();
    this.#screen = new Screen(this.#parts.frame);
    this.#screen.addEventListener('shown', () => this.#onShown());
    this.#screen.addEventListener('refused', ({ detail }) => this.#refusePicture(detail));
    this.#screen.addEventListener('passed', () => this.#count('older'));
    this.#snapshot = new Snapshot(publishSnapshot);
    this.#snapshot.addEventListener('change', ({ detail }) => this.#onSnapshot(detail));
    this.#parts.button.addEventListener('click', () => this.#ask());
    this.element.dataset.id = id;
    this.#renderName();
    this.#renderState();
  }

  get element() {
    return this.#parts.figure;
  }

  take(leaf, payload, properties) {
    const handlers = {
      image: () => this.#takeImage(payload, properties),
      meta: () => this.#takeMeta(parseMeta(payload)),
      status: () => this.#takeHealth('status', parseHealth(payload)),
      camera: () => this.#takeHealth('camera', parseHealth(payload)),
      state: () => this.#takeState(parseState(payload)),
      event: () => this.#takeEvent(parseEvent(payload)),
    };
    handlers[leaf]();
  }

  // Without a link nobody knows how the agents are: what was known is forgotten, and said again by
  // the broker after the next connect.
  setLink(isUp) {
    this.#linkUp = isUp;
    if (!isUp) {
      this.#status = null;
      this.#camera = null;
      this.#shutter = null;
    }
    this.#renderState();
  }

  close() {
    this.#screen.clear();
    this.#snapshot.close();
    this.element.remove();
  }

  tick(now) {
    const capturedAt = this.#screen.shown?.facts?.capturedAt ?? null;
    if (this.#screen.shown !== null) {
      setText(this.#parts.age, capturedAt === null ? 'age unknown' : ageText(capturedAt, now));
    }
  }

  #takeImage(payload, properties) {
    if (payload.length === 0) {
      this.#clear();
      return;
    }
    if (this.#isShut) {
      this.#count('shut'); // it was on its way when the shutter closed
      return;
    }
    const { jpeg, facts, refusal } = parsePicture(payload);
    if (refusal !== null) {
      this.#refusePicture(refusal);
      return;
    }
    const claim = propertyFacts(properties) ?? facts;
    const requestId = (claim ?? this.#screen.meta)?.requestId ?? null;
    this.#screen.put({ jpeg, claim, mustShow: this.#snapshot.wants(requestId) });
  }

  #takeMeta(meta) {
    if (meta !== null) {
      this.#screen.putMeta(meta);
    }
  }

  #takeHealth(which, health) {
    const before = which === 'status' ? this.#status : this.#camera;
    if (which === 'status') {
      this.#status = health;
    } else {
      this.#camera = health;
    }
    this.#renderState();
    const isNews = health !== null && before !== null && health !== before;
    if (isNews && !(which === 'camera' && this.#isShut)) {
      const subject = which === 'status' ? this.#name : `the camera of ${this.#name}`;
      this.#announce(`${subject} is ${health}`);
    }
  }

  #takeState(state) {
    if (state === null) {
      return;
    }
    const before = { shutter: this.#shutter, isIdentifying: this.#isIdentifying };
    this.#name = state.name ?? this.#id;
    this.#shutter = state.shutter;
    this.#isIdentifying = state.isIdentifying;
    if (this.#isShut) {
      this.#clear(); // the empty picture may have come while this page was not connected
    }
    this.#renderName();
    this.#renderState();
    if (before.shutter !== null && state.shutter !== null && state.shutter !== before.shutter) {
      this.#announce(`the shutter of ${this.#name} is ${state.shutter}`);
    }
    if (state.isIdentifying && !before.isIdentifying) {
      this.#announce(`${this.#name} identifies itself`);
    }
  }

  get #isShut() {
    return this.#shutter === 'closed' || this.#shutter === 'locked';
  }

  // The picture was taken back: off the wall with it, and with all that was said of it.
  #clear() {
    const { age, clock, trigger, size, bytes, note } = this.#parts;
    this.#screen.clear();
    [age, clock, trigger, size, bytes, note].forEach((part) => setText(part, ''));
    age.dateTime = '';
    age.title = '';
    delete this.element.dataset.age;
  }

  #takeEvent(event) {
    if (event !== null && FAILURES.includes(event.type) && event.requestId !== null) {
      this.#snapshot.refused(event.requestId, event.reason ?? event.type);
    }
  }

  #ask() {
    if (this.#parts.button.getAttribute('aria-disabled') !== 'true') {
      this.#snapshot.ask();
    }
  }

  #onShown() {
    const { facts, bytes, width, height } = this.#screen.shown;
    const parts = this.#parts;
    const capturedAt = facts?.capturedAt ?? null;
    const time = capturedAt === null ? null : new Date(capturedAt);
    parts.age.dateTime = time === null ? '' : time.toISOString();
    parts.age.title = time === null ? 'nothing says when it was captured' : time.toLocaleString();
    this.element.dataset.age = time === null ? 'unknown' : 'known';
    setText(parts.clock, facts !== null && !facts.clockSynced ? 'camera clock not set' : '');
    setText(parts.trigger, facts?.trigger ?? '');
    setText(parts.size, `${width} × ${height}`);
    setText(parts.bytes, sizeText(bytes));
    setText(parts.note, '');
    this.#renderName();
    this.tick(Date.now());
    this.#snapshot.shown(facts?.requestId ?? null);
  }

  #refusePicture(reason) {
    this.#count('refused');
    setText(this.#parts.note, `A picture was refused: ${reason}.`);
  }

  #onSnapshot({ text, outcome }) {
    setText(this.#parts.outcome, text);
    this.#parts.outcome.dataset.outcome = outcome;
    this.#renderState();
    this.#announce(`${this.#name}: snapshot ${text}`);
  }

  #renderName() {
    setText(this.#parts.name, this.#name);
    this.element.setAttribute('aria-label', this.#name);
    this.#parts.button.setAttribute('aria-label', `Snapshot from ${this.#name}`);
    const image = this.#parts.frame.querySelector('img');
    if (image !== null) {
      const capturedAt = this.#screen.shown.facts?.capturedAt ?? null;
      const when = capturedAt === null ? 'at an unknown time' : new Date(capturedAt).toLocaleString();
      image.alt = `${this.#name}, captured ${when}`;
    }
  }

  #renderState() {
    const { figure, blank, status, camera, button } = this.#parts;
    const isOnline = this.#linkUp && this.#status === 'online';
    const shut = this.#isShut ? `The shutter is ${this.#shutter}` : null;
    figure.dataset.status = this.#status ?? 'unknown';
    figure.dataset.camera = this.#camera ?? 'unknown';
    figure.dataset.shutter = this.#shutter ?? 'unknown';
    figure.dataset.identify = String(isOnline && this.#isIdentifying);
    setText(blank, shut ?? 'No picture');
    setText(status, this.#status ?? 'unknown');
    // an agent that is gone says nothing of its camera any more, and a shut one is off on purpose
    const tellsCamera = isOnline && this.#camera !== null && shut === null;
    setText(camera, tellsCamera ? `camera ${this.#camera}` : '');
    const obstacle = isOnline ? shut : 'The agent is not online';
    // not `disabled`: that would take the keyboard's focus away from whoever just pressed it
    button.setAttribute('aria-disabled', String(obstacle !== null || this.#snapshot.waiting));
    button.title = obstacle ?? 'Take a picture now';
  }
}

function buildParts() {
  const name = create('bdi', 'name');
  const status = create('span', 'badge badge-status');
  const camera = create('span', 'badge badge-camera');
  const age = create('time', 'age');
  const clock = create('span', 'clock');
  const trigger = create('span', 'trigger');
  const size = create('span', 'size');
  const bytes = create('span', 'bytes');
  const note = create('p', 'note');
  const button = create('button', 'snapshot', 'Snapshot');
  button.type = 'button';
  const outcome = create('span', 'outcome');
  const frame = create('div', 'frame');
  const blank = create('p', 'blank');
  frame.append(blank);
  const head = create('div', 'head');
  const heading = create('h2', '');
  heading.append(name);
  head.append(heading, status, camera);
  const facts = create('p', 'facts');
  facts.append(age, clock, trigger, size, bytes);
  const actions = create('div', 'actions');
  actions.append(button, outcome);
  const caption = create('figcaption', '');
  caption.append(head, facts, note, actions);
  const figure = create('figure', 'tile');
  figure.append(frame, caption);
  return {
    figure, frame, blank, name, status, camera, age, clock, trigger, size, bytes, note, button, outcome,
  };
}

function create(tag, className, text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

// An unchanged text is left alone, so that a selection in it survives and nothing is laid out anew.
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
  element.hidden = text === '';
}
