import { createContext, useContext } from 'react';
import type { ShellApi } from '../../contract/shell.js';
import type { DecoderCalls, DecoderEvents } from '../../contract/decoder.js';
import type { LinksCalls, LinksEvents } from '../../contract/links.js';
import { CertaintyControl } from '../state/certainty-control.js';
import { emptyCells, type Context } from '../state/context.js';
import { loadSnapshots, showFiles } from '../state/documents-control.js';
import { FunctionsControl } from '../state/functions-control.js';
import { followLive } from '../state/live-control.js';
import { MomentsControl } from '../state/moments-control.js';
import { followHistory } from '../state/history-control.js';
import { openLinkWhenReady } from '../state/link-control.js';
import { receivePorts } from '../state/ports.js';
import { followRecent } from '../state/recent-control.js';
import { createProcessClient } from '../state/process-client.js';
import { followSearch } from '../state/search-control.js';
import { followServices } from '../state/services-control.js';
import { followCodeFolders } from '../state/code-control.js';
import { followRenames } from '../state/renames-control.js';
import { ScrubControl } from '../state/scrub-control.js';
import { restoreSession } from '../state/session.js';
import { followSettings } from '../state/settings-control.js';
import { createShellClient } from '../state/shell-client.js';
import { createAppStore, type AppState } from '../state/store.js';
import { followEngines, followTargets } from '../state/targets-control.js';
import { followTheme } from '../state/theme-control.js';
import { followTimes } from '../state/times-control.js';
import { followTimeline } from '../state/timeline-control.js';
import { showFailure } from '../state/toasts.js';
import { followServiceTrust } from '../state/service-trust-control.js';
import { followTrust } from '../state/trust-control.js';
import { followTurnovers } from '../state/turnovers-control.js';
import { followTunnels } from '../state/tunnels-control.js';
import { VerifyControl } from '../state/verify-control.js';
import { followWatches } from '../state/watches-control.js';
import { ViewControl } from '../state/view-control.js';
import { WorkControl } from '../state/work-control.js';
import { WindowColumns } from '../state/window-columns.js';

/** Everything that components reach for: the context of the controls, and the controls that are objects. */
export interface Workbench {
  readonly context: Context;
  readonly view: ViewControl;
  readonly certainty: CertaintyControl;
  readonly moments: MomentsControl;
  readonly verify: VerifyControl;
  readonly scrub: ScrubControl;
  dispose(): void;
}

/** Wires a window: clients, controls, the last session. */
export async function createWorkbench(api: ShellApi, target: Window): Promise<Workbench> {
  const shell = createShellClient(api);
  const clock = (): number => Date.now();
  const context: Context = {
    store: createAppStore(clock()),
    shell,
    links: createProcessClient<LinksCalls, LinksEvents>(),
    decoder: createProcessClient<DecoderCalls, DecoderEvents>(),
    ...emptyCells(),
    clock,
    newId: (prefix) => `${prefix}-${crypto.randomUUID()}`,
  };
  const ends = [await followSettings(context), await restoreSession(context)];
  ends.push(followTargets(context), followServices(context), followTimeline(context), followLive(context));
  ends.push(followTimes(context), followEngines(context, target));
  ends.push(followRecent(context));
  ends.push(followHistory(context), followTrust(context), followServiceTrust(context), followTunnels(context));
  ends.push(followTurnovers(context), followRenames(context), followWatches(context), followCodeFolders(context));
  ends.push(followSearch(context), followTheme(context, target));
  const view = new ViewControl(context);
  const functions = new FunctionsControl(context);
  const certainty = new CertaintyControl(context);
  const work = new WorkControl(context);
  const moments = new MomentsControl(context);
  const verify = new VerifyControl(context);
  const columns = new WindowColumns(context);
  const scrub = new ScrubControl(context, columns);
  ends.push(
    context.links.onReady(() => {
      void loadSnapshots(context); // shows its own failure
    }),
    shell.on('files.opened', ({ profiles }) => {
      void showFiles(context, profiles); // shows its own failure
    }),
    shell.on('link.opened', ({ link }) => {
      openLinkWhenReady(context, link);
    }),
    shell.on('files.failed', ({ message }) => {
      showFailure(context.store, { code: 'bad-profile', message });
    }),
    receivePorts(context, target),
    () => {
      view.dispose();
      functions.dispose();
      certainty.dispose();
      work.dispose();
      moments.dispose();
      verify.dispose();
      scrub.dispose();
      columns.dispose();
    },
  );
  return {
    context,
    view,
    certainty,
    moments,
    verify,
    scrub,
    dispose: () => {
      for (const end of ends) end();
      context.links.dispose();
      context.decoder.dispose();
    },
  };
}

export const WorkbenchContext = createContext<Workbench | null>(null);

/** The workbench of this window. */
export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext);
  if (workbench === null) throw new Error('components are drawn inside a workbench');
  return workbench;
}

/** The context of the controls. */
export function useControls(): Context {
  return useWorkbench().context;
}

/** A part of the state; renders again when it is another. */
export function useApp<T>(select: (state: AppState) => T): T {
  return useWorkbench().context.store(select);
}
