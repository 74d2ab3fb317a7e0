import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { NamesPiece } from './decoder.js';
import { packNames, unpackNames } from './packed-names.js';

it('names come back as they were, whatever is in them', () => {
  const texts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'a', '\ud800', '\0')));
  fc.assert(
    fc.property(texts, texts, texts, (names, files, packages) => {
      const piece: NamesPiece = {
        viewId: 'view',
        first: 3,
        names,
        files,
        packages,
        kinds: Uint8Array.of(1),
        libraries: [{ path: '/lib', buildId: '' }],
        library: Uint32Array.of(1),
        lines: Uint32Array.of(1, 2),
      };
      expect(unpackNames(structuredClone(packNames(piece)))).toEqual(piece);
    }),
  );
});
