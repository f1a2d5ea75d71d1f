// Which facts belong to which picture, and which picture is the newer one. Pure.

// `claim` is what came with the picture (user properties or envelope), `meta` the latest document
// from the meta topic, `sha256` of the picture or null where the browser cannot tell (a page that
// came neither over https nor from this machine). Null: nobody can say how old it is.
export function pairFacts(claim, meta, bytes, sha256) {
  const metaFits = meta !== null && meta.bytes === bytes && digestFits(meta, sha256);
  if (claim === null) {
    return metaFits ? meta : null;
  }
  if ((claim.bytes ?? bytes) !== bytes || !digestFits(claim, sha256)) {
    return null;
  }
  return metaFits && meta.id === claim.id ? meta : claim;
}

function digestFits(facts, sha256) {
  return facts.sha256 === null || sha256 === null || facts.sha256 === sha256;
}

// A clock may be set back, and the counter starts again with its agent. So another run's picture is
// never older, whatever it says, and within a run both must agree: in doubt a picture counts as new,
// since one shown twice does less harm than a view that stands still.
export function isOlder(facts, shown) {
  if (facts === null || shown === null || runOf(facts) !== runOf(shown)) {
    return false;
  }
  const orders = [
    [facts.seq, shown.seq],
    [facts.capturedAt, shown.capturedAt],
  ].filter(([a, b]) => a !== null && b !== null);
  return orders.length > 0 && orders.every(([a, b]) => a < b);
}

export function isSame(facts, shown) {
  return facts !== null && shown !== null && facts.id !== null && facts.id === shown.id;
}

// An id is the agent's run, a dash, and a counter.
function runOf({ id }) {
  return id === null ? null : id.slice(0, id.lastIndexOf('-'));
}
