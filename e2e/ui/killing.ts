import { existsSync } from 'node:fs';
import type { App } from '../app';
import { waitFor } from '../world/support/wait';

type HelperName = 'links' | 'decoder';

/** The process id of one of an app's helper processes. */
function helperPid(app: App, name: HelperName): Promise<number> {
  return waitFor(
    `the process of ${name}`,
    () =>
      app.electron.evaluate(
        ({ app: electronApp }, wanted) =>
          electronApp.getAppMetrics().find((each) => each.type === 'Utility' && each.name === wanted)?.pid,
        `pyrometer-${name}`,
      ),
    { timeoutMs: 60_000 },
  );
}

/** Kills a helper process of an app, and waits for the one that the app starts in its place. */
export async function killHelper(app: App, name: HelperName): Promise<void> {
  const pid = await helperPid(app, name);
  process.kill(pid, 'SIGKILL');
  await waitFor(`another process of ${name}`, async () => ((await helperPid(app, name)) === pid ? undefined : true), {
    timeoutMs: 60_000,
  });
}

/** Stops a helper process of an app as a debugger does; the answer has it go on. */
export async function holdHelper(app: App, name: HelperName): Promise<() => void> {
  const pid = await helperPid(app, name);
  process.kill(pid, 'SIGSTOP');
  return () => {
    process.kill(pid, 'SIGCONT');
  };
}

/** Kills an app, and waits until its helpers have ended, too. */
export async function killApp(app: App): Promise<void> {
  const helpers = await Promise.all([helperPid(app, 'links'), helperPid(app, 'decoder')]);
  const ended = app.electron.waitForEvent('close');
  process.kill(app.pid, 'SIGKILL');
  await ended;
  await waitFor('its helpers to end', () => (helpers.some((pid) => existsSync(`/proc/${pid}`)) ? undefined : true), {
    timeoutMs: 60_000,
  });
}
