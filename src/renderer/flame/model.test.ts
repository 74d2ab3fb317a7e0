import { describe, expect, it } from 'vitest';
import { smallHeader, smallModel, smallPiece } from '../testing/small-model.js';
import type { FlamePiece } from '../../contract/decoder.js';
import { FlameModel } from './model.js';

describe('FlameModel', () => {
  it('grows with its pieces and says when it is whole', () => {
    const model = new FlameModel('v');
    model.begin(smallHeader);
    const cut = (first: number, end: number) => ({
      ...smallPiece,
      first,
      last: end === 4,
      x0: smallPiece.x0.slice(first, end),
      x1: smallPiece.x1.slice(first, end),
      self: smallPiece.self.slice(first, end),
      depth: smallPiece.depth.slice(first, end),
      parent: smallPiece.parent.slice(first, end),
      functionIndex: smallPiece.functionIndex.slice(first, end),
    });
    model.appendPiece(cut(0, 2));
    expect(model.complete).toBe(false);
    expect(model.graph.count).toBe(2);
    model.appendPiece(cut(2, 4));
    expect(model.complete).toBe(true);
    expect([...model.graph.levelStart]).toEqual([0, 1, 3, 4]);
    expect(model.width(1)).toBe(6);
  });

  it('keeps pieces that overtake the header', () => {
    const model = new FlameModel('v');
    model.appendPiece(smallPiece);
    expect(model.complete).toBe(false);
    model.begin(smallHeader);
    expect(model.complete).toBe(true);
    expect(model.total).toBe(10);
  });

  it('shows what was sent ahead until all of it is there', async () => {
    const model = new FlameModel('v');
    const shown = model.whenShown(new AbortController().signal);
    const ahead: { -readonly [Key in keyof FlamePiece]: FlamePiece[Key] } = { ...smallPiece };
    for (const column of ['x0', 'x1', 'self'] as const) ahead[column] = smallPiece[column].slice(0, 2);
    for (const column of ['depth', 'parent', 'functionIndex'] as const) ahead[column] = smallPiece[column].slice(0, 2);
    model.appendPreview(ahead);
    model.begin({ ...smallHeader, preview: { nodeCount: 2, depth: 2 } });
    await shown;
    expect(model).toMatchObject({ stage: 'preview', shown: true, complete: false, loaded: 0 });
    expect(model.graph.count).toBe(2);
    model.appendPiece(smallPiece);
    expect(model).toMatchObject({ stage: 'whole', shown: true, complete: true, loaded: 1 });
    expect(model.graph.count).toBe(4);
  });

  it('is not waited for when nobody wants it', async () => {
    const model = new FlameModel('v');
    const controller = new AbortController();
    const shown = model.whenShown(controller.signal);
    controller.abort();
    await shown;
    expect(model.shown).toBe(false);
  });

  it('notes a piece that does not follow', () => {
    const model = smallModel();
    model.appendPiece(smallPiece);
    expect(model.failed).toBe(true);
    expect(model.graph.count).toBe(4);
  });

  it('keeps names as they came and shows them harmless', () => {
    const model = smallModel(['all', 'a\u202eb', 'b', 'c']);
    expect(model.nameOf(1)).toBe('a\u202eb');
    expect(model.label(1)).toBe('a‹U+202E›b');
  });

  it('says where a function lies, over several pieces of names', () => {
    const model = new FlameModel('v');
    const piece = (first: number, file: string, path: string, line: number, last: number) => ({
      viewId: 'v',
      first,
      names: [`f${first}`],
      files: [file],
      packages: [''],
      kinds: Uint8Array.of(1),
      libraries: [{ path, buildId: `id of ${path}` }],
      library: Uint32Array.of(1),
      lines: Uint32Array.of(line, last),
    });
    model.appendNames(piece(0, 'io.c', '/lib/a\u202e.so', 7, 7));
    model.appendNames(piece(1, '/lib/b.so', '/lib/b.so', 0, 0));
    model.appendNames(piece(2, 'views.py', '[python]', 3, 9));
    expect(model.originOf(0)).toEqual({
      file: 'io.c:7',
      library: '/lib/a‹U+202E›.so',
      buildId: 'id of /lib/a‹U+202E›.so',
    });
    expect(model.originOf(1)).toEqual({ file: '', library: '/lib/b.so', buildId: 'id of /lib/b.so' });
    expect(model.originOf(2)).toMatchObject({ file: 'views.py:3–9', library: '[python]' });
    expect(model.originOf(9)).toEqual({ file: '', library: '', buildId: '' });
  });
});
