// The wire: topics and payloads in, plain values out. Pure. Whatever comes from the broker is
// hostile until it has passed here; what does not hold is a refusal (null or a reason), never an
// exception.

// In the order of subscribing, and so of what the broker has retained: names and facts first.
const LEAVES = ['state', 'status', 'camera', 'meta', 'image', 'event'];
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const SHA256 = /^[0-9a-f]{64}$/;
const TRIGGERS = ['timer', 'command', 'start'];
const SHUTTERS = ['open', 'closed', 'locked'];

const DOCUMENT_BYTES_MAX = 64 * 1024;
const PICTURE_BYTES_MAX = 64 * 1024 * 1024; // the largest sensor there is, at quality 100, in base64

export function topicFilters(prefix) {
  return LEAVES.map((leaf) => `${prefix}/+/${leaf}`);
}

// { id, leaf }, or null for a topic that no agent can have
export function parseTopic(prefix, topic) {
  if (!topic.startsWith(`${prefix}/`)) {
    return null;
  }
  const [id, leaf, ...rest] = topic.slice(prefix.length + 1).split('/');
  return ID.test(id) && LEAVES.includes(leaf) && rest.length === 0 ? { id, leaf } : null;
}

export function snapshotTopic(prefix, id) {
  return `${prefix}/${id}/command/snapshot`;
}

// "online", "offline", or null
export function parseHealth(payload) {
  if (payload.length > 'offline'.length) {
    return null;
  }
  const text = new TextDecoder().decode(payload);
  return text === 'online' || text === 'offline' ? text : null;
}

// What an agent says of a picture; each part is null where it is missing or does not hold.
export function parseMeta(payload) {
  const document = parseDocument(payload, DOCUMENT_BYTES_MAX);
  return document === null ? null : pictureFacts(document);
}

// The same from MQTT 5 user properties, where all values are strings.
export function propertyFacts(properties) {
  if (!properties || typeof properties.id !== 'string') {
    return null;
  }
  const { id, seq, captured_at, trigger, request_id, sha256 } = properties;
  return pictureFacts({
    id,
    seq: matching(/^\d{1,15}$/, seq) && Number(seq),
    captured_at,
    trigger,
    request_id,
    sha256,
  });
}

export function parseState(payload) {
  const document = parseDocument(payload, DOCUMENT_BYTES_MAX);
  return document === null
    ? null
    : {
        name: cleanText(document.device?.name, 80),
        shutter: SHUTTERS.includes(document.shutter) ? document.shutter : null,
        isIdentifying: document.identify === true,
      };
}

export function parseEvent(payload) {
  const document = parseDocument(payload, DOCUMENT_BYTES_MAX);
  return document === null
    ? null
    : {
        type: cleanText(document.event_type, 32),
        requestId: cleanText(document.request_id, 64),
        reason: cleanText(document.reason, 300),
      };
}

// { jpeg, facts, refusal }: the bytes of a JPEG and, from an envelope, what was said of it; or the
// reason why this is no picture. The form is told by the first byte.
export function parsePicture(payload) {
  if (payload.length === 0) {
    return refusal('it is empty');
  }
  if (payload.length > PICTURE_BYTES_MAX) {
    return refusal('it is over 64 MiB');
  }
  if (payload[0] === 0xff) {
    return checkedJpeg(payload, null);
  }
  const text = new TextDecoder('latin1').decode(payload);
  if (text[0] !== '{') {
    return decodedPicture(text, null);
  }
  const envelope = parseDocument(payload, PICTURE_BYTES_MAX);
  if (envelope === null || typeof envelope.image !== 'string') {
    return refusal('it is not a JSON object with an "image"');
  }
  return decodedPicture(envelope.image, pictureFacts(envelope));
}

function decodedPicture(text, facts) {
  if (/^data:/i.test(text)) {
    return refusal('it has a data: prefix, where bare base64 belongs');
  }
  const jpeg = decodeBase64(text);
  return jpeg === null ? refusal('it is not base64') : checkedJpeg(jpeg, facts);
}

function checkedJpeg(jpeg, facts) {
  return jpeg[0] === 0xff && jpeg[1] === 0xd8 && jpeg[2] === 0xff
    ? { jpeg, facts, refusal: null }
    : refusal('it is not a JPEG');
}

function refusal(reason) {
  return { jpeg: null, facts: null, refusal: reason };
}

// RFC 4648, standard alphabet, padded, nothing else: atob alone would let white space and missing
// padding through.
function decodeBase64(text) {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (text.length % 4 !== 0 || /[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding))) {
    return null;
  }
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = binary.charCodeAt(i);
  }
  return bytes;
}

function parseDocument(payload, bytesMax) {
  if (payload.length > bytesMax) {
    return null;
  }
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function pictureFacts(document) {
  return {
    id: cleanText(document.id, 64),
    seq: count(document.seq),
    capturedAt: finite(Date.parse(matching(TIME, document.captured_at))),
    clockSynced: document.clock_synced !== false,
    trigger: TRIGGERS.includes(document.trigger) ? document.trigger : null,
    requestId: cleanText(document.request_id, 64),
    bytes: count(document.bytes),
    sha256: matching(SHA256, document.sha256),
  };
}

function count(value) {
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}

// Strings only: to turn a hostile object into one can throw.
function matching(pattern, value) {
  return typeof value === 'string' && pattern.test(value) ? value : null;
}

function finite(value) {
  return Number.isFinite(value) ? value : null;
}

function cleanText(value, lengthMax) {
  if (typeof value !== 'string') {
    return null;
  }
  // cut by whole characters, so that no half of a surrogate pair is left
  const text = [...value.slice(0, 2 * lengthMax).replace(/\p{C}/gu, ' ')].slice(0, lengthMax);
  return text.join('').trim() || null;
}
