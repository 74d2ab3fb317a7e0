import { createProfileBuilder } from '../builder.js';
import { buildCallNodes, callTreeOf, type CallTree } from '../call-tree.js';
import type { Profile } from '../profile.js';
import { stringBytes } from '../strings.js';

/** ASCII is enough for fixtures, and `core` has no text encoder. */
export const toBytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
export const toText = (utf8: Uint8Array): string => String.fromCharCode(...utf8);

/**
 * A profile from a text picture: each column is a stack, root at the top, with its count above. Columns stand at least
 * two blanks apart and begin where their count begins. "name@file" gives a function a file.
 *
 *     3     1
 *     main  main
 *     read  write
 */
export function profileFromPicture(picture: string): Profile {
  const lines = picture.split('\n').filter((line) => line.trim() !== '');
  const [counts = '', ...rows] = lines;
  const builder = createProfileBuilder(1);
  const locationOf = new Map<string, number>();
  const location = (cell: string): number => {
    const known = locationOf.get(cell);
    if (known !== undefined) return known;
    const [name = '', file = ''] = cell.split('@');
    const index = builder.location(0, 0n);
    builder.line(
      builder.function({
        name: builder.string(toBytes(name)),
        systemName: 0,
        file: builder.string(toBytes(file)),
        library: 0,
        startLine: 0,
      }),
      0,
    );
    locationOf.set(cell, index);
    return index;
  };
  for (const match of counts.matchAll(/\S+/g)) {
    let stack = 0;
    for (const row of rows) {
      const cell = /^\S+(?: \S+)*/.exec(row.slice(match.index))?.[0];
      if (cell !== undefined) stack = builder.stack(stack, location(cell));
    }
    builder.sample(stack, [Number(match[0])]);
  }
  return builder.freeze({
    sampleTypes: [{ type: 'samples', unit: 'count' }],
    defaultValueIndex: 0,
    timeNs: 0,
    durationNs: 0,
    period: 0,
    periodType: undefined,
    comments: [],
  });
}

/** The name of a function of a profile, "all" for the root. */
export function nameOfFunction(profile: Profile, functionIndex: number): string {
  if (functionIndex === 0) return 'all';
  return toText(stringBytes(profile.strings, profile.functions.name[functionIndex] ?? 0));
}

/** The call tree of a picture. */
export function treeOf(profile: Profile, valueIndex = 0): CallTree {
  const outcome = buildCallNodes(profile, 1_000_000);
  if (!outcome.ok) throw new Error('a fixture has too many nodes');
  return callTreeOf(profile, outcome.nodes, valueIndex);
}

/**
 * A call tree as text, one node a line, indented by depth: name, total, and self where it is not 0.
 *
 *     all 4
 *       main 4
 *         read 3 self 3
 *         write 1 self 1
 */
export function pictureOfTree(tree: CallTree, nameOf: (functionIndex: number) => string): string {
  const lines: string[] = [];
  for (let node = 0; node < tree.nodeCount; node++) {
    const self = tree.self[node] ?? 0;
    const name = nameOf(tree.functionIndex[node] ?? 0);
    lines.push(
      `${'  '.repeat(tree.depth[node] ?? 0)}${name} ${tree.total[node] ?? 0}${self > 0 ? ` self ${self}` : ''}`,
    );
  }
  return lines.join('\n');
}
