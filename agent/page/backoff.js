// How long to wait before try number `attempt` (from 0): doubles from 1 s to 30 s, and is spread
// over its upper half, so that a wall of pages does not fall on a broker that has just come back.
export function backoffMs(attempt, random) {
  const ceilingMs = Math.min(30_000, 1000 * 2 ** Math.min(attempt, 10));
  return Math.round(ceilingMs * (0.5 + 0.5 * random));
}
