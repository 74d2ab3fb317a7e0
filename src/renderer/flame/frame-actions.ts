import { frameKindAt } from '../../core/flame/frame-kinds.js';
import { ancestorsOf } from '../../core/flame/navigate.js';
import type { FrameKey, Operation } from '../../contract/operations.js';
import { visibleText } from '../format/visible-text.js';
import type { Context } from '../state/context.js';
import { addOperation, functionSet } from '../state/operations-control.js';
import { showTab } from '../state/panes.js';
import type { AppState } from '../state/store.js';
import { canWatch } from '../state/watches-control.js';
import { keepPath, widestFrame } from './find-frames.js';
import type { FlameModel } from './model.js';
import { onlySide } from './only-side.js';

/** Something that can be done with a frame; `null` in a list of them is a line between groups. */
export interface FrameAction {
  readonly title: string;
  /** Keys, or what it is done to. */
  readonly hint?: string;
  /** Whether it can be done now; absent: always. */
  readonly enabled?: (state: AppState) => boolean;
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
  const path = keepPath(model, node);
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
        store.setState((state) => ({ ...showTab(state, 'flame'), zoomPath: path }));
      },
    },
    {
      title: 'Find all of this name',
      run: (context) => {
        (context.operationsOn ?? context).store.setState((state) => ({
          ...showTab(state, 'flame'),
          search: name,
          searchMode: 'plain',
        }));
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
              store.setState((state) => ({ ...showTab(state, 'sandwich'), selectedPath: path }));
            },
          },
        ]),
    ...renameActions(model, node),
    {
      title: 'Watch this function…',
      hint: 'told when above',
      enabled: canWatch,
      run: (context) => {
        (context.operationsOn ?? context).store.setState({ dialog: { kind: 'watches', of: model.keyOf(node) } });
      },
    },
    ...(model.sourceFileOf(index) === '' ? [] : [openSource(model.keyOf(node), path)]),
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

/** To its lines. The place of a frame of a part is no place of the whole: there the function's widest frame stands for it. */
function openSource(key: FrameKey, path: readonly string[]): FrameAction {
  return {
    title: 'Open source',
    hint: '5',
    run: ({ store, operationsOn }) => {
      if (operationsOn === undefined) store.setState((state) => ({ ...showTab(state, 'source'), selectedPath: path }));
      else selectWidest(operationsOn, key);
    },
  };
}

function selectWidest({ store, flame }: Context, key: FrameKey): void {
  const model = flame.get();
  const node = model === null ? -1 : widestFrame(model, [model.indexOf(key)]);
  if (model === null || node < 0) return;
  const selectedPath = keepPath(model, node);
  store.setState((state) => ({ ...showTab(state, 'source'), selectedPath }));
}

/** A function that one side of a diff lacks may have another name there. */
function renameActions(model: FlameModel, node: number): readonly FrameAction[] {
  const is = onlySide(model, model.functionOf(node));
  if (is === undefined) return [];
  const of = model.keyOf(node);
  return [
    {
      title: is === 'new' ? 'It had another name before…' : 'It has another name now…',
      run: (context) => {
        (context.operationsOn ?? context).store.setState({ dialog: { kind: 'rename', of, is } });
      },
    },
  ];
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
