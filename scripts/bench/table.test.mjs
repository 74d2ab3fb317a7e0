import { expect, test } from 'vitest';
import { measureAlternately } from './rounds.mjs';
import { formatTable } from './table.mjs';

test('a peer that is not there is named as missing', () => {
  const rows = [
    { id: 'decode.1m', ours: 669, unit: 'ms', peers: { go: 753, protobufjs: null }, n: 5, spread: 12.3 },
    { id: 'decode.10k', ours: 3.5, unit: 'ms', peers: { go: 7 }, n: 5, spread: 0.25 },
  ];
  expect(formatTable(rows)).toBe(
    [
      'what             ours   go  x ours  protobufjs  x ours  unit  n',
      'decode.1m   669 ±12.3  753    1.13     missing            ms  5',
      'decode.10k  3.5 ±0.25    7       2     missing            ms  5',
    ].join('\n'),
  );
});

test('a row of ours that is none is missing, with its reason below', () => {
  const reason = '212 names on the screen, 300 are asked for';
  const rows = [{ id: 'missed', ours: null, unit: '%', peers: { one: 4 }, n: 0, spread: 0, reason }];
  expect(formatTable(rows)).toBe(
    [
      'what       ours  one  x ours  unit  n',
      'missed  missing    4             %  0',
      `missed is missing: ${reason}`,
    ].join('\n'),
  );
});

test('ways are measured alternately; median and interquartile range', async () => {
  let clock = 0;
  let round = 0;
  /** @type {string[]} */
  const order = [];
  const results = await measureAlternately(
    {
      ours: () => {
        order.push('ours');
        clock += [1, 2, 3, 4, 100][round] ?? 0;
      },
      peer: () => {
        order.push('peer');
        clock += 10;
        round += 1;
      },
    },
    { now: () => clock },
  );
  expect(order.slice(0, 4)).toEqual(['ours', 'peer', 'ours', 'peer']);
  expect(results).toEqual({ ours: { median: 3, spread: 2, n: 5 }, peer: { median: 10, spread: 0, n: 5 } });
});
