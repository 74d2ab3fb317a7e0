import { describe, expect, it } from 'vitest';
import type { CallTreeRequest, CallTreeRows } from '../../../contract/decoder.js';
import { ok } from '../../../contract/result.js';
import type { FlameModel } from '../../flame/model.js';
import type { Context } from '../../state/context.js';
import { smallModel } from '../../testing/small-model.js';
import { testContext } from '../../testing/test-context.js';
import { noneOpen, type OpenRows } from './open-rows.js';
import { TreeControl } from './tree-control.js';

/** A decoder that has these children by path of names, and pages of one row. */
function contextOf(model: FlameModel, tree: Readonly<Record<string, readonly string[]>>): Context {
  const context = testContext();
  const childrenOf = (path: readonly number[]): readonly string[] => tree[path.map(model.nameOf).join(' ')] ?? [];
  const call = (_name: string, { path, first }: CallTreeRequest) => {
    const shown = childrenOf(path).slice(first, first + 1);
    const functionIndex = Uint32Array.from(shown, (name) => model.names.indexOf(name));
    const rows: CallTreeRows = {
      functionIndex,
      self: new Float64Array(shown.length),
      total: new Float64Array(shown.length),
      childCount: Uint32Array.from(functionIndex, (index) => childrenOf([...path, index]).length),
      rowCount: childrenOf(path).length,
    };
    return Promise.resolve(ok(rows));
  };
  return { ...context, decoder: { ...context.decoder, call: call as Context['decoder']['call'] } };
}

const tree = { '': ['a', 'b'], a: ['c', 'b'], 'a c': ['b'], 'a c b': ['a'], b: ['a'] };

async function treeOf(model: FlameModel, open: OpenRows): Promise<TreeControl> {
  const control = new TreeControl(contextOf(model, tree), model, 'callees', 'total', open);
  await settled(control);
  return control;
}

function settled(control: TreeControl): Promise<void> {
  return new Promise((resolve) => {
    control.whenSettled(resolve);
  });
}

/** A line a row: its name as deep as it is, "+" where it is unfolded. */
function picture({ state, model }: TreeControl): readonly string[] {
  return state.get().lines.map((line) => {
    const indent = ' '.repeat(line.path.length);
    if (line.kind === 'more') return `${indent}…`;
    return `${indent.slice(1)}${model.nameOf(line.path.at(-1) ?? 0)}${line.open ? '+' : ''}`;
  });
}

describe('TreeControl', () => {
  it('reveals a row: unfolds what leads to it and fetches as many of the rows before as it takes', async () => {
    const control = await treeOf(smallModel(), noneOpen());
    expect(picture(control)).toEqual(['a', '…']);
    expect(await control.reveal([1, 2])).toBe(true);
    expect(picture(control)).toEqual(['a+', ' c', ' b', '…']);
    expect(await control.reveal([2, 3])).toBe(false);
  });

  it('has the rows unfolded that were unfolded in the view before, where functions had other numbers', async () => {
    const open = noneOpen();
    const before = await treeOf(smallModel(), open);
    before.unfold([1]);
    await settled(before);
    before.unfold([1, 3]);
    await settled(before);
    expect(picture(before)).toEqual(['a+', ' c+', '  b+', '   a', ' …', '…']);
    const after = await treeOf(smallModel(['all', 'c', 'b', 'a']), open);
    expect(picture(after)).toEqual(picture(before));
    expect(after.pathOf(['a\n', 'c\n'])).toEqual([3, 1]);
    expect(after.pathOf(['a\n', 'a\n'])).toBeUndefined();
  });

  it('unfolds an only child by itself, unless somebody folded it', async () => {
    const open = noneOpen();
    const control = await treeOf(smallModel(), open);
    await control.reveal([1, 3]);
    control.unfold([1, 3]);
    await settled(control);
    expect(picture(control)).toEqual(['a+', ' c+', '  b+', '   a', ' …', '…']);
    control.fold([1, 3, 2]);
    expect(picture(await treeOf(smallModel(), open))).toEqual(['a+', ' c+', '  b', ' …', '…']);
  });
});
