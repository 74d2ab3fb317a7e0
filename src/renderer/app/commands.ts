import { actOnTarget, currentTarget, findEngines, removeTarget } from '../state/targets-control.js';
import { showsSelection } from '../state/readable.js';
import { chooseService, setLive } from '../state/selection-control.js';
import { neighbour } from '../state/document-switch.js';
import { closeDocument, openFiles, share, showDocument } from '../state/documents-control.js';
import { wholeActions } from '../flame/frame-actions.js';
import { canGoBack, canGoForward, goBack, goForward } from '../state/history-control.js';
import { removeOperations } from '../state/operations-control.js';
import { endLearning, startLearning } from '../state/learn-control.js';
import { stepMatch } from '../state/search-control.js';
import { changeSettings } from '../state/settings-control.js';
import { toggleTheme } from '../state/theme-control.js';
import type { Context } from '../state/context.js';
import type { AppState } from '../state/store.js';
import { hasView, named, type Command } from './command.js';
import { comparisonCommands } from './comparison-commands.js';
import { viewCommands } from './view-commands.js';
import { explainHere } from '../features/guidance/find-figures.js';
import { canName, hasAgent, hasLog, primaryAction } from '../features/targets/target-words.js';

const always = (): boolean => true;
const isFlame = (state: AppState): boolean => state.viewSource?.kind === 'flame';
const hasTarget = (state: AppState): boolean => currentTarget(state) !== undefined;

/** A dialog about the agent of the chosen target. */
function agentCommand(
  id: 'profiled' | 'sampling' | 'naming' | 'restart-agent' | 'times',
  title: string,
  possible = hasAgent,
): Command {
  return {
    id,
    title: named(title),
    enabled: (state) => {
      const target = currentTarget(state);
      return target !== undefined && possible(target);
    },
    run: ({ store }) => {
      const { targetId } = store.getState();
      if (targetId !== null) store.setState({ dialog: { kind: id, targetId } });
    },
  };
}

function selectField(selector: string): boolean {
  const field = document.querySelector<HTMLInputElement>(selector);
  field?.focus();
  field?.select();
  return field !== null;
}

/** Puts the cursor into the search field. */
function focusSearch(): void {
  selectField('#flame-search');
}

/** Opens the selector for writing; the button is not there while it is written already. */
function writeSelector(): void {
  document.querySelector<HTMLElement>('.readout.selector')?.click();
}

export const commands: readonly Command[] = [
  {
    id: 'palette',
    title: named('Show all actions'),
    keys: 'Mod+Shift+P',
    enabled: always,
    run: ({ store }) => {
      store.setState((state) => ({ paletteOpen: !state.paletteOpen }));
    },
  },
  {
    id: 'primary',
    title: (state) => {
      const target = currentTarget(state);
      return target === undefined ? '' : `${primaryAction(target, []).label}: ${target.config.name}`;
    },
    keys: 'Mod+Enter',
    enabled: hasTarget,
    run: (context) => {
      const target = currentTarget(context.store.getState());
      if (target === undefined) return;
      const { action, busy } = primaryAction(target, context.store.getState().pending);
      if (!busy) void actOnTarget(context, action, target.config.id); // shows its own failure
    },
  },
  {
    id: 'fleet',
    title: ({ fleetOpen }) => (fleetOpen ? 'Close the fleet overview' : 'Fleet overview'),
    keys: 'Mod+Shift+F',
    enabled: always,
    run: ({ store }) => {
      store.setState((state) => ({ fleetOpen: !state.fleetOpen }));
    },
  },
  {
    id: 'add-server',
    title: named('Add server…'),
    keys: 'Mod+N',
    enabled: always,
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'server', targetId: null } });
    },
  },
  {
    id: 'import-server',
    title: named('Import from your SSH configuration…'),
    enabled: always,
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'import-server' } });
    },
  },
  {
    id: 'find-engines',
    title: named('Find Docker engines, hidden ones too'),
    enabled: (state) => state.targets.some(({ config }) => config.kind === 'local'),
    run: (context) => {
      void findEngines(context, true); // shows its own failure
    },
  },
  {
    id: 'hide-engine',
    title: named('Hide this Docker engine'),
    enabled: (state) => currentTarget(state)?.config.kind === 'docker',
    run: (context) => {
      const { targetId } = context.store.getState();
      if (targetId !== null) void removeTarget(context, targetId); // shows its own failure
    },
  },
  {
    id: 'pyroscope',
    title: named('Set the Pyroscope address…'),
    enabled: hasTarget,
    run: ({ store }) => {
      const { targetId } = store.getState();
      if (targetId !== null) store.setState({ dialog: { kind: 'pyroscope', targetId } });
    },
  },
  {
    id: 'tunnel',
    title: named('Open a tunnel…'),
    enabled: (state) => {
      const target = currentTarget(state);
      return target?.config.kind === 'ssh' && target.link.state === 'connected';
    },
    run: ({ store }) => {
      const { targetId } = store.getState();
      if (targetId !== null) store.setState({ dialog: { kind: 'tunnel', targetId } });
    },
  },
  agentCommand('profiled', 'Choose what is profiled…'),
  agentCommand('sampling', 'Choose how often is sampled…'),
  agentCommand('naming', 'Choose how services are called…', canName),
  agentCommand('restart-agent', 'Restart or upgrade the agent…'),
  agentCommand('times', 'Record with times, for a heat map…'),
  {
    id: 'log',
    title: named('Follow the log of the agent…'),
    enabled: (state) => {
      const target = currentTarget(state);
      return target !== undefined && hasLog(target);
    },
    run: ({ store }) => {
      const { targetId } = store.getState();
      if (targetId !== null) store.setState({ dialog: { kind: 'log', targetId } });
    },
  },
  {
    id: 'pushes',
    title: named('Choose where the agent pushes…'),
    enabled: (state) => {
      const agent = currentTarget(state)?.agent;
      return agent?.status !== undefined && agent.engine === undefined;
    },
    run: ({ store }) => {
      const { targetId } = store.getState();
      if (targetId !== null) store.setState({ dialog: { kind: 'pushes', targetId } });
    },
  },
  {
    id: 'open',
    title: named('Open a file…'),
    keys: 'Mod+O',
    enabled: always,
    run: (context) => {
      void openFiles(context); // shows its own failure
    },
  },
  {
    id: 'close-document',
    title: named('Close the file or snapshot'),
    keys: 'Mod+W',
    enabled: (state) => state.document.kind === 'profiles',
    run: (context) => {
      const { document } = context.store.getState();
      if (document.kind === 'profiles') closeDocument(context, document.documentId);
    },
  },
  {
    id: 'next-document',
    title: named('Next open profile'),
    keys: 'Mod+Tab',
    enabled: (state) => state.documents.length > 0,
    run: (context) => {
      showDocument(context, neighbour(context.store.getState(), 1));
    },
  },
  {
    id: 'previous-document',
    title: named('Previous open profile'),
    keys: 'Mod+Shift+Tab',
    enabled: (state) => state.documents.length > 0,
    run: (context) => {
      showDocument(context, neighbour(context.store.getState(), -1));
    },
  },
  {
    id: 'save-snapshot',
    title: named('Save snapshot…'),
    keys: 'Mod+S',
    enabled: hasView,
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'save-snapshot' } });
    },
  },
  {
    id: 'share',
    title: named('Share as HTML…'),
    keys: 'Mod+E',
    enabled: hasView,
    run: (context) => {
      void share(context, 'html'); // shows its own failure
    },
  },
  {
    id: 'share-pprof',
    title: named('Share as pprof…'),
    enabled: isFlame,
    run: (context) => {
      void share(context, 'pprof'); // shows its own failure
    },
  },
  {
    id: 'share-folded',
    title: named('Share as folded stacks…'),
    enabled: isFlame,
    run: (context) => {
      void share(context, 'folded'); // shows its own failure
    },
  },
  { id: 'find', title: named('Search functions'), keys: 'Mod+F', enabled: hasView, run: focusSearch },
  { id: 'find-slash', title: named('Search functions'), keys: '/', hidden: true, enabled: hasView, run: focusSearch },
  {
    id: 'selector',
    title: named('Write a selector'),
    keys: 'Mod+K',
    enabled: (state) => state.document.kind === 'selection' && showsSelection(state),
    run: writeSelector,
  },
  {
    id: 'next-match',
    title: named('Next match'),
    keys: 'F3',
    enabled: (state) => hasView(state) && state.search !== '',
    run: (context) => {
      stepMatch(context, 1);
    },
  },
  {
    id: 'previous-match',
    title: named('Previous match'),
    keys: 'Shift+F3',
    enabled: (state) => hasView(state) && state.search !== '',
    run: (context) => {
      stepMatch(context, -1);
    },
  },
  {
    id: 'back',
    title: named('Back to the range, service, zoom, selection or operation before'),
    keys: 'Alt+ArrowLeft',
    enabled: canGoBack,
    run: goBack,
  },
  {
    id: 'forward',
    title: named('Forward again'),
    keys: 'Alt+ArrowRight',
    enabled: canGoForward,
    run: goForward,
  },
  ...wholeActions.map(({ title, run }): Command => ({
    id: `operation ${title}`,
    title: named(title),
    enabled: hasView,
    run,
  })),
  {
    id: 'no-operations',
    title: named('Show the profile as it is'),
    enabled: (state) => state.operations.length > 0,
    run: removeOperations,
  },
  {
    id: 'zoom-reset',
    title: named('Zoom to the whole'),
    keys: 'Home',
    enabled: (state) => state.zoomPath.length > 0,
    run: ({ store }) => {
      store.setState({ zoomPath: [] });
    },
  },
  ...viewCommands,
  {
    id: 'code-folders',
    title: named('Folders with source files…'),
    enabled: always,
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'code-folders' } });
    },
  },
  {
    id: 'live',
    title: (state) => (state.live ? 'Stop following new windows' : 'Follow new windows (Live)'),
    keys: 'Mod+L',
    enabled: hasTarget,
    run: (context) => {
      setLive(context, !context.store.getState().live);
    },
  },
  {
    id: 'all-services',
    title: named('Show all services'),
    keys: 'Mod+Shift+A',
    enabled: (state) => state.selector !== null,
    run: (context) => {
      chooseService(context, null);
    },
  },
  ...comparisonCommands,
  {
    id: 'sidebar',
    title: (state) => (state.sidebarOpen ? 'Fold the sidebar' : 'Unfold the sidebar'),
    keys: 'Mod+B',
    enabled: always,
    run: ({ store }) => {
      store.setState((state) => ({ sidebarOpen: !state.sidebarOpen }));
    },
  },
  {
    id: 'details',
    title: (state) => (state.detailsOpen ? 'Fold the details' : 'Unfold the details'),
    keys: 'Mod+I',
    enabled: always,
    run: ({ store }) => {
      store.setState((state) => ({ detailsOpen: !state.detailsOpen }));
    },
  },
  { id: 'explain', title: named('Explain this number'), keys: 'E', enabled: always, run: explainHere },
  {
    id: 'toggle-theme',
    title: (state) => (state.shownTheme === 'dark' ? 'Light theme' : 'Dark theme'),
    keys: 'Mod+Shift+L',
    enabled: always,
    run: toggleTheme,
  },
  {
    id: 'theme-system',
    title: named('Theme of the system'),
    enabled: (state) => state.settings.theme !== 'system',
    run: (context) => {
      changeSettings(context, { theme: 'system' });
    },
  },
  {
    id: 'theme-contrast',
    title: named('High contrast theme'),
    enabled: (state) => state.settings.theme !== 'contrast',
    run: (context) => {
      changeSettings(context, { theme: 'contrast' });
    },
  },
  {
    id: 'orientation',
    title: ({ settings: { orientation } }) => (orientation === 'icicle' ? 'Root at the bottom' : 'Root on top'),
    enabled: always,
    run: (context) => {
      const { orientation } = context.store.getState().settings;
      changeSettings(context, { orientation: orientation === 'icicle' ? 'flame' : 'icicle' });
    },
  },
  {
    id: 'minimap',
    title: ({ settings: { minimap } }) => (minimap ? 'Hide minimap' : 'Show minimap'),
    enabled: always,
    run: (context) => {
      changeSettings(context, { minimap: !context.store.getState().settings.minimap });
    },
  },
  {
    id: 'single-keys',
    title: ({ settings: { singleKeys } }) => (singleKeys ? 'Turn single keys off' : 'Turn single keys on'),
    enabled: always,
    run: (context) => {
      changeSettings(context, { singleKeys: !context.store.getState().settings.singleKeys });
    },
  },
  {
    id: 'diff-palette',
    title: ({ settings: { diffPalette } }) =>
      diffPalette === 'blue-red' ? 'Diff in violet and yellow' : 'Diff in blue and red',
    enabled: always,
    run: (context) => {
      const { diffPalette } = context.store.getState().settings;
      changeSettings(context, { diffPalette: diffPalette === 'blue-red' ? 'violet-yellow' : 'blue-red' });
    },
  },
  {
    id: 'learn',
    title: ({ learning }) => (learning === null ? 'Learn to read flame graphs' : 'Close the guide'),
    enabled: always,
    run: (context) => {
      if (context.store.getState().learning === null)
        void startLearning(context); // shows its own failure
      else endLearning(context);
    },
  },
  {
    id: 'hints',
    title: named('Show the hints again'),
    enabled: (state) => state.settings.hintsSeen.length > 0,
    run: (context) => {
      changeSettings(context, { hintsSeen: [] });
    },
  },
  {
    id: 'keys',
    title: named('Keys'),
    keys: '?',
    enabled: always,
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'keys' } });
    },
  },
  {
    id: 'about',
    title: named('About Pyrometer'),
    enabled: always,
    run: ({ store }) => {
      store.setState({ dialog: { kind: 'about' } });
    },
  },
];

/** Carries out a command by its id when it can be done now. */
export function runCommand(context: Context, id: string): void {
  const command = commands.find((each) => each.id === id);
  if (command?.enabled(context.store.getState()) === true) command.run(context);
}
