import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromRoot } from './paths.mjs';
import { isSupportedNode } from './require-node.mjs';

test('from 20.19 on, as package.json says', () => {
  expect(['18.20.0', '20.18.3', '20.19.0', '22.1.0', '24.0.0'].map(isSupportedNode)).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
  expect(JSON.parse(readFileSync(fromRoot('package.json'), 'utf8')).engines.node).toBe('>=20.19');
});
