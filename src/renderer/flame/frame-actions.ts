import { frameKindAt } from '../../core/flame/frame-kinds.js';
import { ancestorsOf, pathOfNode } from '../../core/flame/navigate.js';
import type { Operation } from '../../contract/operations.js';
import { visibleText } from '../format/visible-text.js';
import type { Context } from '../state/context.js';
import { addOperation, functionSet } from '../state/operations-control.js';
import type { FlameModel } from './model.js';

/** Something that can be done with a frame; `null` in a list of them is a line between groups. */
export interface FrameAction {
  readonly title: string;
  /** Keys, or what it is done to. */
  readonly hint?: string;
  readonly run: (context: Context) => void;
}

const sourceFile = /\.(?:c|cc|cpp|cxx|h|hh|hpp|rs|go|s|asm|m|mm)$/i;

function operate(operation: Operation): (context: Context) => void {
  return (context) => {
    addOperation(context.operationsOn ?? context, operation);
  };
}

/** All that can be done with a frame, as its menu shows it. */
export function frameActions(model: FlameModel, node: number, inPart: boolean): readonly (FrameAction | null)[] {
  const { graph } = model;
  const index = model.functionOf(node);
  const name = model.nameOf(index);
  const path = pathOfNode(graph, node, model.nameOf);
  const frames = functionSet(model.keyOf(node));
  const packageName = model.packages[index] ?? '';
  const file = model.rawFiles[index] ?? '';
  const kind = frameKindAt(model.kinds[index] ?? 0);
  const copy =
    (text: string) =>
    ({ shell }: Context): void => {
      void shell.call('clipboard.write', { text }); // nothing to say when it fails
    };
  const keys = ancestorsOf(graph, node)
    .slice(1)
    .map((each) => model.keyOf(each));
  const library = kind === 'native' && file.includes('/') && !sourceFile.test(file);
  const actions: (FrameAction | null)[] = [
    {
      title: 'Zoom to it',
      hint: 'Enter',
      run: ({ store }) => {
        store.setState({ zoomPath: path });
      },
    },
    {
      title: 'Find all of this name',
      run: (context) => {
        (context.operationsOn ?? context).store.setState({ search: name, searchMode: 'plain', tab: 'flame' });
      },
    },
    // The place of a frame of a part is no place of the whole.
    ...(inPart
      ? []
      : [
          {
            title: 'Callers and callees',
            hint: '3',
            run: ({ store }: Context) => {
              store.setState({ selectedPath: path, tab: 'sandwich' });
            },
          },
        ]),
    { title: 'Copy name', hint: 'C', run: copy(name) },
    { title: 'Copy stack', run: copy(path.join('\n')) },
    null,
    { title: 'Focus on the function', hint: 'all its frames', run: operate({ kind: 'focus', frames }) },
    ...(inPart
      ? []
      : [
          {
            title: 'Focus on this place',
            hint: 'this stack only',
            run: operate({ kind: 'focus', frames: { by: 'path', path: keys } }),
          },
        ]),
    { title: 'Only stacks with it', run: operate({ kind: 'keep', frames }) },
    { title: 'Drop stacks with it', run: operate({ kind: 'drop', frames }) },
    null,
    { title: 'Hide the function', hint: 'callers keep the cost', run: operate({ kind: 'hide', frames }) },
    { title: 'Merge what it calls into it', run: operate({ kind: 'merge', frames }) },
    { title: 'Collapse its recursion', run: operate({ kind: 'collapse-recursion', reach: 'whole', frames }) },
  ];
  if (packageName !== '') {
    const set = { by: 'package', name: packageName } as const;
    const hint = visibleText(packageName);
    actions.push(
      { title: 'Collapse the package', hint, run: operate({ kind: 'collapse', frames: set }) },
      { title: 'Hide the package', hint, run: operate({ kind: 'hide', frames: set }) },
    );
  }
  if (library) {
    const set = { by: 'library', name: file } as const;
    const hint = visibleText(file.slice(file.lastIndexOf('/') + 1));
    actions.push({ title: 'Collapse the library', hint, run: operate({ kind: 'collapse', frames: set }) });
  }
  return actions;
}

/** What can be done to the whole. */
export const wholeActions: readonly FrameAction[] = [
  { title: 'Invert', hint: 'callers below', run: operate({ kind: 'invert' }) },
  { title: 'Hide interpreter internals', run: operate({ kind: 'hide', frames: { by: 'interpreter' } }) },
  { title: 'Hide the kernel', run: operate({ kind: 'hide', frames: { by: 'kind', kind: 'kernel' } }) },
  { title: 'Collapse direct recursion', run: operate({ kind: 'collapse-recursion', reach: 'direct' }) },
  { title: 'Collapse all recursion', run: operate({ kind: 'collapse-recursion', reach: 'whole' }) },
  { title: 'Group by file', run: operate({ kind: 'group', by: 'file' }) },
  { title: 'Group by package', run: operate({ kind: 'group', by: 'package' }) },
  { title: 'Group by library', run: operate({ kind: 'group', by: 'library' }) },
  { title: 'Group by kind of code', run: operate({ kind: 'group', by: 'kind' }) },
  { title: 'Tell lines apart', run: operate({ kind: 'group', by: 'line' }) },
];
