import type { LinksCalls, LinksShellCalls, SpooledProfile } from '../contract/links.js';
import { fail, ok, type Result } from '../contract/result.js';
import type { Handlers } from '../contract/rpc.js';
import { verifySeconds, type VerifyProgress } from '../contract/verify.js';
import { selectionTitle } from '../engine/deploy/titles.js';
import type { TargetSession } from '../engine/deploy/session.js';
import { importHost } from '../engine/link/import-host.js';
import { listConfigHosts } from '../engine/link/ssh-config.js';
import type { SnapshotLibrary } from '../engine/snapshots/library.js';
import type { Emit, Prompts } from './prompts.js';
import { isOf, type Spool } from './spool.js';
import type { Targets } from './targets.js';

export interface Parts {
  readonly targets: Targets;
  readonly prompts: Prompts;
  readonly spool: Spool;
  readonly library: SnapshotLibrary;
  readonly emit: Emit;
}

/** Serves a window's calls with the engine's parts. */
export function linksHandlers(
  { targets, prompts, spool, library, emit }: Parts,
  windowId: string,
): Handlers<LinksCalls> {
  /** A window that went away while its profile was on the way holds nothing. */
  const keepUnlessGone = async (
    bytes: Uint8Array,
    title: string,
    signal: AbortSignal,
  ): Promise<Result<SpooledProfile>> => {
    const spooled = await spool.put(windowId, bytes, title);
    if (!spooled.ok || !signal.aborted) return spooled;
    await spool.release(spooled.value.profileId);
    return fail('cancelled', 'Cancelled.');
  };
  const withSession = async <T>(
    targetId: string,
    use: (session: TargetSession) => Promise<Result<T>>,
  ): Promise<Result<T>> => {
    const session = targets.find(targetId);
    return session.ok ? use(session.value) : session;
  };
  return {
    'targets.list': () => ok(targets.list()),
    'targets.save': ({ config }) => targets.save(config),
    'targets.remove': ({ targetId }) => targets.remove(targetId),
    'targets.test': ({ config }, signal) => targets.test(config, signal),
    'targets.setPyroscope': ({ targetId, pyroscope }) =>
      withSession(targetId, async (session) => {
        const config = { ...session.state.config };
        const same = JSON.stringify(config.pyroscope) === JSON.stringify(pyroscope ?? undefined);
        if (pyroscope === null) delete config.pyroscope;
        else config.pyroscope = pyroscope;
        const saved = await targets.save(config);
        if (saved.ok && same) void session.checkPyroscope(); // shown by the state
        return saved;
      }),
    'sshConfig.list': () => listConfigHosts(),
    'sshConfig.resolve': ({ name }, signal) => importHost(name, { signal }),
    'link.connect': ({ targetId }, signal) => withSession(targetId, (session) => session.connect(signal)),
    'link.disconnect': ({ targetId }) =>
      withSession(targetId, (session) => {
        if (session.state.config.kind === 'ssh') session.disconnect();
        return Promise.resolve(ok(null));
      }),
    'tunnels.list': () => ok(targets.tunnels.list()),
    'tunnels.open': ({ targetId, tunnel }, signal) => targets.tunnels.open(targetId, tunnel, signal),
    'tunnels.close': ({ targetId, tunnelId }) => targets.tunnels.close(targetId, tunnelId),
    'tunnels.suggest': ({ targetId }, signal) => targets.tunnels.suggest(targetId, signal),
    'prompt.answer': ({ promptId, accept, values }) => prompts.answer(promptId, accept, values),
    'agent.start': ({ targetId }, signal) =>
      withSession(targetId, (session) => session.agent.start('continuous', signal)),
    'agent.stop': ({ targetId, force }, signal) =>
      withSession(targetId, (session) => session.agent.stop(force, signal)),
    'agent.restart': ({ targetId, evenNewer }, signal) =>
      withSession(targetId, (session) => session.agent.restart(evenNewer, signal)),
    'agent.followLog': ({ requestId, targetId }, signal) =>
      withSession(targetId, (session) =>
        session.followLog((lines) => {
          emit('log.lines', { requestId, ...lines });
        }, signal),
      ),
    'target.check': ({ targetId, checkId }, signal) =>
      withSession(targetId, (session) => session.check(checkId, signal)),
    'target.receipt': ({ targetId }) => withSession(targetId, (session) => Promise.resolve(ok(session.receipt()))),
    'push.set': ({ targetId, server }) => withSession(targetId, (session) => session.agent.setPush(server)),
    'push.remove': ({ targetId, url, tenant }) =>
      withSession(targetId, (session) => session.agent.removePush(url, tenant)),
    'agent.processes': ({ targetId, proposed }, signal) =>
      withSession(targetId, (session) => session.processes(proposed, signal)),
    'agent.choose': ({ targetId, choice }) => withSession(targetId, (session) => session.agent.choose(choice)),
    'agent.setSampling': ({ targetId, change }) =>
      withSession(targetId, (session) => session.agent.setSampling(change)),
    'agent.setNaming': ({ targetId, naming }) => withSession(targetId, (session) => session.agent.setNaming(naming)),
    'leftovers.list': ({ targetId }, signal) => withSession(targetId, (session) => session.leftovers(signal)),
    'leftovers.remove': ({ targetId, force }, signal) =>
      withSession(targetId, (session) => session.removeLeftovers(force, signal)),
    'record.start': ({ targetId, pyspy }, signal) =>
      withSession(targetId, (session) => session.startRecording(pyspy, signal)),
    'record.stop': ({ targetId }) => withSession(targetId, (session) => session.stopRecording()),
    'source.services': ({ targetId, source, startMs, endMs }, signal) =>
      withSession(targetId, (session) => session.services(source, { startMs, endMs }, signal)),
    'source.profileTypes': ({ targetId, source, startMs, endMs }, signal) =>
      withSession(targetId, (session) => session.profileTypes(source, { startMs, endMs }, signal)),
    'source.timeline': ({ selection, stepMs }, signal) =>
      withSession(selection.targetId, (session) => session.timeline(selection.source, selection, stepMs, signal)),
    'source.labels': ({ selection }, signal) =>
      withSession(selection.targetId, (session) => session.labels(selection, signal)),
    'source.turnovers': ({ selection }, signal) =>
      withSession(selection.targetId, (session) => session.turnovers(selection, signal)),
    'source.trust': ({ selection }, signal) =>
      withSession(selection.targetId, (session) => session.trust(selection, signal)),
    'agent.verify': ({ requestId, targetId, service }, signal) =>
      withSession(targetId, (session) => {
        const onProgress = (progress: VerifyProgress): void => {
          emit('verify.progress', { requestId, progress });
        };
        return session.verify(service, verifySeconds, onProgress, signal);
      }),
    'source.fetch': ({ selection }, signal) =>
      withSession(selection.targetId, async (session) => {
        const bytes = await session.fetch(selection, signal);
        if (!bytes.ok) return bytes;
        return keepUnlessGone(bytes.value, selectionTitle(selection, session.state.config.name), signal);
      }),
    'windows.cost': ({ selection }) =>
      withSession(selection.targetId, (session) => Promise.resolve(ok(session.windowsCost(selection)))),
    'windows.fetch': ({ requestId, selection }, signal) =>
      withSession(selection.targetId, async (session) => {
        const onWindows = (done: number): void => {
          emit('windows.progress', { requestId, done });
        };
        const fetched = await session.windows(selection, onWindows, signal);
        if (!fetched.ok) return fetched;
        const spooled = await keepUnlessGone(fetched.value.bytes, 'windows', signal);
        return spooled.ok ? ok({ windowsId: spooled.value.profileId, windows: fetched.value.windows }) : spooled;
      }),
    'profile.release': async ({ profileId }) => {
      if (!isOf(windowId, profileId)) return fail('refused', 'Another window has this profile open.');
      await spool.release(profileId);
      return ok(null);
    },
    'snapshots.list': () => library.list(),
    'snapshots.save': async ({ title, notes, view, profiles }) => {
      const read = [];
      for (const { profileId, title: profileTitle, selection } of profiles) {
        const bytes = await spool.read(profileId);
        if (!bytes.ok) return bytes;
        read.push({ bytes: bytes.value, title: profileTitle, selection });
      }
      return library.save({ title, notes, view, profiles: read });
    },
    'snapshots.open': async ({ snapshotId }, signal) => {
      const snapshot = await library.open(snapshotId);
      if (!snapshot.ok) return snapshot;
      const profiles: SpooledProfile[] = [];
      for (const { bytes, title } of snapshot.value.profiles) {
        const spooled = await keepUnlessGone(bytes, title, signal);
        if (!spooled.ok) {
          await Promise.all(profiles.map(({ profileId }) => spool.release(profileId)));
          return spooled;
        }
        profiles.push(spooled.value);
      }
      return ok({ row: snapshot.value.row, profiles });
    },
    'snapshots.remove': ({ snapshotId }) => library.remove(snapshotId),
  };
}

/** Serves the main process' calls. */
export function linksShellHandlers({ spool, targets }: Parts): Handlers<LinksShellCalls> {
  return {
    'profile.import': ({ windowId, path }) => spool.importFile(windowId, path),
    'window.release': async ({ windowId, keep }) => {
      await spool.releaseWindow(windowId, keep);
      return ok(null);
    },
    'recordings.end': async () => {
      await targets.endRecordings();
      return ok(null);
    },
  };
}
