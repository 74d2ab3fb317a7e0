/**
 * Measures several ways of doing one thing, alternately: what disturbs the machine for a while disturbs all of them.
 *
 * @param {Readonly<Record<string, () => unknown | Promise<unknown>>>} ways by name
 * @param {{ rounds?: number, now?: () => number }} [options] `now` in milliseconds
 * @returns {Promise<Record<string, { median: number, spread: number, n: number }>>} milliseconds; `spread` is the
 *   interquartile range
 */
export async function measureAlternately(ways, { rounds = 5, now = () => performance.now() } = {}) {
  /** @type {Record<string, number[]>} */
  const times = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, way] of Object.entries(ways)) {
      const since = now();
      await way();
      (times[name] ??= []).push(now() - since);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, summarise(values)]));
}

/** @param {readonly number[]} values */
export function summarise(values) {
  return { median: quantile(values, 0.5), spread: quantile(values, 0.75) - quantile(values, 0.25), n: values.length };
}

/**
 * @param {readonly number[]} values
 * @param {number} share 0 to 1
 */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}
