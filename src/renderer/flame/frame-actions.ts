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

/** Something that can be done with a frame. */
export interface FrameAction {
  readonly title: string;
  /** What it is called in a submenu whose title says the rest. */
  readonly short?: string;
  /** Keys, or what it is done to. */
  readonly hint?: string;
  /** Whether it can be done now; absent: always. */
  readonly enabled?: (state: AppState) => boolean;
  readonly run: (context: Context) => void;
}

/** Actions that a menu shows in a submenu. */
export interface ActionGroup {
  readonly title: string;
  /** What they are done to. */
  readonly hint?: string;
  readonly actions: readonly FrameAction[];
}

/** What a menu lists; `null` is a line between parts. */
export type MenuEntry = FrameAction | ActionGroup | null;

const sourceFile = /\.(?:c|cc|cpp|cxx|h|hh|hpp|rs|go|s|asm|m|mm)$/i;

function operate(operation: Operation): (context: Context) => void {
  return (context) => {
    addOperation(context.operationsOn ?? context, operation);
  };
}

/** All that can be done with a frame, as its menu shows it. */
export function frameActions(model: FlameModel, node: number, inPart: boolean): readonly MenuEntry[] {
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
  const actions: MenuEntry[] = [
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
  if (packageName !== '') actions.push(ofSet('package', packageName, packageName));
  if (library) actions.push(ofSet('library', file, file.slice(file.lastIndexOf('/') + 1)));
  return actions;
}

/** What is done with all frames of a package or library. */
function ofSet(by: 'package' | 'library', name: string, hint: string): ActionGroup {
  const frames = { by, name } as const;
  return {
    title: `Its ${by}`,
    hint: visibleText(hint),
    actions: [
      { title: `Collapse the ${by}`, hint: 'one frame each', run: operate({ kind: 'collapse', frames }) },
      { title: `Hide the ${by}`, hint: 'callers keep the cost', run: operate({ kind: 'hide', frames }) },
      { title: `Only stacks with it`, run: operate({ kind: 'keep', frames }) },
      { title: `Drop stacks with it`, run: operate({ kind: 'drop', frames }) },
    ],
  };
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

const invert: FrameAction = { title: 'Invert', hint: 'callers below', run: operate({ kind: 'invert' }) };

const hiding: readonly FrameAction[] = [
  {
    title: 'Hide interpreter internals',
    short: 'Interpreter internals',
    run: operate({ kind: 'hide', frames: { by: 'interpreter' } }),
  },
  {
    title: 'Hide the kernel',
    short: 'The kernel',
    run: operate({ kind: 'hide', frames: { by: 'kind', kind: 'kernel' } }),
  },
];

const collapsing: readonly FrameAction[] = [
  {
    title: 'Collapse direct recursion',
    short: 'Direct: who calls itself at once',
    run: operate({ kind: 'collapse-recursion', reach: 'direct' }),
  },
  {
    title: 'Collapse all recursion',
    short: 'All: over others in between',
    run: operate({ kind: 'collapse-recursion', reach: 'whole' }),
  },
];

const grouping: readonly FrameAction[] = [
  { title: 'Group by file', short: 'File', run: operate({ kind: 'group', by: 'file' }) },
  { title: 'Group by package', short: 'Package', run: operate({ kind: 'group', by: 'package' }) },
  { title: 'Group by library', short: 'Library', run: operate({ kind: 'group', by: 'library' }) },
  { title: 'Group by kind of code', short: 'Kind of code', run: operate({ kind: 'group', by: 'kind' }) },
  { title: 'Tell lines apart', short: 'Line', run: operate({ kind: 'group', by: 'line' }) },
];

/** What can be done to the whole. */
export const wholeActions: readonly FrameAction[] = [invert, ...hiding, ...collapsing, ...grouping];

/** The same as the menu of a frame has it. */
export const wholeEntries: readonly (FrameAction | ActionGroup)[] = [
  invert,
  { title: 'Hide', actions: hiding },
  { title: 'Collapse recursion', actions: collapsing },
  { title: 'Group by', actions: grouping },
];

/** What is done with frames that the search finds. */
export const patternActions = [
  ['keep', 'Only stacks with a match'],
  ['drop', 'Drop stacks with a match'],
  ['focus', 'Focus on what matches'],
  ['hide', 'Hide what matches'],
] as const;
