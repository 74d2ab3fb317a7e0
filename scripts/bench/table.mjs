/**
 * One line of a benchmark's result. `id` is stable; numbers are medians of `n` rounds in `unit`; `spread` is the
 * interquartile range of ours. A peer that cannot be had on the machine is null, and so is ours where what was measured is not
 * what the row asks for; `reason` says why, below the table.
 *
 * @typedef {{ id: string, ours: number | null, unit: string, peers: Record<string, number | null>, n: number, spread: number,
 *   reason?: string }} BenchRow
 */

/**
 * @param {readonly BenchRow[]} rows
 * @returns {string} one table: what, ours, each peer with its ratio to ours, unit
 */
export function formatTable(rows) {
  const peers = [...new Set(rows.flatMap((row) => Object.keys(row.peers)))];
  const table = [
    ['what', 'ours', ...peers.flatMap((peer) => [peer, 'x ours']), 'unit', 'n'],
    ...rows.map((row) => [
      row.id,
      row.ours === null ? 'missing' : `${number(row.ours)} ±${number(row.spread)}`,
      ...peers.flatMap((peer) => {
        const value = row.peers[peer];
        if (typeof value !== 'number') return ['missing', ''];
        return [number(value), row.ours === null ? '' : number(value / row.ours)];
      }),
      row.unit,
      String(row.n),
    ]),
  ];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  return [
    ...table.map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    ),
    ...rows.filter(({ reason }) => reason !== undefined).map(({ id, reason }) => `${id} is missing: ${reason}`),
  ].join('\n');
}

/** Three figures are what a benchmark on a shared machine can carry. @param {number} value */
function number(value) {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3).replace(/\.?0+$/, '');
}
