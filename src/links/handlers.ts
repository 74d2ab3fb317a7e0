import type { LinksCalls, LinksShellCalls, SpooledProfile } from '../contract/links.js';
import type { Built, CodeFolder } from '../contract/code.js';
import type { Rename } from '../contract/matching.js';
import { fail, ok, type Result } from '../contract/result.js';
import type { Handlers } from '../contract/rpc.js';
import type { Selection } from '../contract/selection.js';
import { verifySeconds, type VerifyProgress } from '../contract/verify.js';
import type { CodeFolders } from '../engine/code/code-folders.js';
import { readCode } from '../engine/code/read-code.js';
import { recordTimes, type TimesProgress } from '../engine/deploy/record-times.js';
import { selectionTitle } from '../engine/deploy/titles.js';
import type { TargetSession } from '../engine/deploy/session.js';
import { importHost } from '../engine/link/import-host.js';
import { listConfigHosts } from '../engine/link/ssh-config.js';
import { timeLimit } from '../engine/link/time-limit.js';
import type { RenamesFile } from '../engine/renames/renames-file.js';
import type { SnapshotLibrary } from '../engine/snapshots/library.js';
import { watchWindowId } from '../contract/watching.js';
import { watchedSelection } from '../engine/watch/watched-selection.js';
import type { Emit, Prompts } from './prompts.js';
import { isOf, type Spool } from './spool.js';
import type { Targets } from './targets.js';

/** So long saving waits for what its source may know beside the profile. */
const longestLookMs = 3000;

export interface Parts {
  readonly targets: Targets;
  readonly prompts: Prompts;
  readonly spool: Spool;
  readonly library: SnapshotLibrary;
  readonly renames: RenamesFile;
  readonly codeFolders: CodeFolders;
  readonly emit: Emit;
}

/** Serves a window's calls with the engine's parts. */
export function linksHandlers(
  { targets, prompts, spool, library, renames, codeFolders, emit }: Parts,
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
  const toldOfRenames = (changed: Result<readonly Rename[]>): Result<readonly Rename[]> => {
    if (changed.ok) emit('renames.changed', { renames: changed.value });
    return changed;
  };
  const withSession = async <T>(
    targetId: string,
    use: (session: TargetSession) => Promise<Result<T>>,
  ): Promise<Result<T>> => {
    const session = targets.find(targetId);
    return session.ok ? use(session.value) : session;
  };
  /** Recordings with times that go on, by their request: what ends them before their time. */
  const timing = new Map<string, AbortController>();
  /** What image labels say of a selection that is saved; nobody waits long for it. */
  const builtOf = async (selection: Selection, signal: AbortSignal): Promise<readonly Built[]> => {
    const session = targets.find(selection.targetId);
    if (!session.ok) return [];
    const limit = timeLimit(longestLookMs, signal);
    try {
      return await session.value.code.built(selection, limit.signal);
    } finally {
      limit.release();
    }
  };
  return {
    'targets.list': () => ok(targets.list()),
    'targets.save': ({ config }) => targets.save(config),
    'targets.remove': ({ targetId }) => targets.remove(targetId),
    'targets.findEngines': ({ hidden }) => targets.findEngines(hidden),
    'targets.test': ({ config }, signal) => targets.test(config, signal),
    'targets.setNaming': ({ targetId, naming }) => targets.change(targetId, (now) => ok({ ...now, naming })),
    'targets.setPyroscope': ({ targetId, pyroscope }) =>
      withSession(targetId, async (session) => {
        const wanted = pyroscope ?? undefined;
        const same = JSON.stringify(session.state.config.pyroscope) === JSON.stringify(wanted);
        const saved = await targets.change(targetId, (now) => ok({ ...now, pyroscope: wanted }));
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
    'memory.processes': ({ targetId, service }, signal) =>
      withSession(targetId, (session) => session.memoryProcesses(service, signal)),
    'memory.record': ({ targetId, request }, signal) =>
      withSession(targetId, (session) => session.pyspy.recordMemory(request, signal)),
    'times.record': ({ requestId, targetId, selector, seconds }, signal) =>
      withSession(targetId, async (session) => {
        const onProgress = (progress: TimesProgress): void => {
          emit('times.progress', { requestId, ...progress });
        };
        const ending = new AbortController();
        timing.set(requestId, ending);
        const request = { selector, seconds, onProgress, end: ending.signal, signal };
        const recorded = await recordTimes(session, request).finally(() => timing.delete(requestId));
        if (!recorded.ok) return recorded;
        const spooled = await keepUnlessGone(recorded.value.bytes, recorded.value.title, signal);
        return spooled.ok ? ok({ profile: spooled.value, notes: recorded.value.notes }) : spooled;
      }),
    'times.end': ({ requestId }) => {
      timing.get(requestId)?.abort();
      return ok(null);
    },
    'source.services': ({ targetId, source, startMs, endMs }, signal) =>
      withSession(targetId, (session) => session.sources.services(source, { startMs, endMs }, signal)),
    'source.profileTypes': ({ targetId, source, startMs, endMs }, signal) =>
      withSession(targetId, (session) => session.sources.profileTypes(source, { startMs, endMs }, signal)),
    'source.timeline': ({ selection, stepMs }, signal) =>
      withSession(selection.targetId, (session) =>
        session.sources.timeline(selection.source, selection, stepMs, signal),
      ),
    'source.courses': ({ selection, stepMs }, signal) =>
      withSession(selection.targetId, (session) =>
        session.sources.courses(selection.source, selection, stepMs, signal),
      ),
    'source.labels': ({ selection }, signal) =>
      withSession(selection.targetId, (session) => session.sources.labels(selection, signal)),
    'source.knownLabels': ({ selection }, signal) =>
      withSession(selection.targetId, (session) => session.sources.knownLabels(selection, signal)),
    'source.turnovers': ({ selection }, signal) =>
      withSession(selection.targetId, (session) => session.sources.turnovers(selection, signal)),
    'source.trust': ({ selection }, signal) =>
      withSession(selection.targetId, (session) => session.sources.trust(selection, signal)),
    'agent.verify': ({ requestId, targetId, service }, signal) =>
      withSession(targetId, (session) => {
        const onProgress = (progress: VerifyProgress): void => {
          emit('verify.progress', { requestId, progress });
        };
        return session.verify(service, verifySeconds, onProgress, signal);
      }),
    'source.fetch': ({ selection }, signal) =>
      withSession(selection.targetId, async (session) => {
        const bytes = await session.sources.fetch(selection, signal);
        if (!bytes.ok) return bytes;
        return keepUnlessGone(bytes.value, selectionTitle(selection, session.state.config.name), signal);
      }),
    'windows.cost': ({ selection, windowMs }) =>
      withSession(selection.targetId, (session) =>
        Promise.resolve(ok(session.sources.windowsCost({ selection, windowMs }))),
      ),
    'windows.fetch': ({ requestId, selection, windowMs }, signal) =>
      withSession(selection.targetId, async (session) => {
        const onWindows = (done: number): void => {
          emit('windows.progress', { requestId, done });
        };
        const fetched = await session.sources.windows({ selection, windowMs }, onWindows, signal);
        if (!fetched.ok) return fetched;
        const spooled = await keepUnlessGone(fetched.value.bytes, 'windows', signal);
        return spooled.ok ? ok({ windowsId: spooled.value.profileId, windows: fetched.value.windows }) : spooled;
      }),
    'work.count': ({ targetId, counter, baseline, comparison }, signal) =>
      withSession(targetId, (session) => session.countWork(counter, [baseline, comparison], signal)),
    'profile.release': async ({ profileId }) => {
      if (!isOf(windowId, profileId)) return fail('refused', 'Another window has this profile open.');
      await spool.release(profileId);
      return ok(null);
    },
    'snapshots.list': () => library.list(),
    'snapshots.save': async ({ title, notes, view, profiles }, signal) => {
      const read = [];
      for (const { profileId, title: profileTitle, selection, built } of profiles) {
        const bytes = await spool.read(profileId);
        if (!bytes.ok) return bytes;
        read.push({
          bytes: bytes.value,
          title: profileTitle,
          selection,
          built: built ?? (selection === undefined ? [] : await builtOf(selection, signal)),
        });
      }
      return library.save({ title, notes, view, profiles: read });
    },
    'snapshots.open': async ({ snapshotId }, signal) => {
      const snapshot = await library.open(snapshotId);
      if (!snapshot.ok) return snapshot;
      const profiles: SpooledProfile[] = [];
      for (const { bytes, title, ...known } of snapshot.value.profiles) {
        const spooled = await keepUnlessGone(bytes, title, signal);
        if (!spooled.ok) {
          await Promise.all(profiles.map(({ profileId }) => spool.release(profileId)));
          return spooled;
        }
        profiles.push({ ...spooled.value, ...known });
      }
      return ok({ row: snapshot.value.row, profiles });
    },
    'snapshots.remove': ({ snapshotId }) => library.remove(snapshotId),
    'renames.list': () => renames.list(),
    'renames.tell': async ({ rename }) => toldOfRenames(await renames.tell(rename)),
    'renames.forget': async ({ rename }) => toldOfRenames(await renames.forget(rename)),
    'code.read': async ({ file, selection, built }, signal) => {
      const folders = await codeFolders.list();
      if (!folders.ok) return folders;
      // Of a target that is no longer in the list only its folders here are left.
      const session = selection === null ? undefined : targets.find(selection.targetId);
      const target = selection !== null && session?.ok === true ? { code: session.value.code, selection } : undefined;
      const known = { ...(target === undefined ? {} : { target }), ...(built === undefined ? {} : { built }) };
      return readCode(file, { folders: folders.value, ...known }, signal);
    },
    'code.folders': () => codeFolders.list(),
    'code.setPrefix': async ({ folderId, prefix }) =>
      toldOfFolders(emit, await codeFolders.setPrefix(folderId, prefix)),
    'code.forgetFolder': async ({ folderId }) => toldOfFolders(emit, await codeFolders.forget(folderId)),
  };
}

/** Serves the main process' calls. */
export function linksShellHandlers({ spool, targets, codeFolders, emit }: Parts): Handlers<LinksShellCalls> {
  return {
    'profile.import': ({ windowId, path }) => spool.importFile(windowId, path),
    'window.release': async ({ windowId, keep }) => {
      await spool.releaseWindow(windowId, keep);
      return ok(null);
    },
    'code.addFolder': async ({ folder, prefix }) => toldOfFolders(emit, await codeFolders.add(folder, prefix)),
    'recordings.end': async () => {
      await targets.endRecordings();
      return ok(null);
    },
    'watch.windows': async (watched, signal) => {
      const session = targets.find(watched.targetId);
      if (!session.ok) return session;
      const { sources, state } = session.value;
      const selection = watchedSelection(watched, state.agent.status?.lastWindowEndMs ?? 0, Date.now());
      if (selection === undefined) return ok(null);
      const fetched = await sources.windows({ selection }, () => undefined, signal);
      if (!fetched.ok) return fetched;
      const { bytes, windows } = fetched.value;
      if (windows === 0) return ok(null);
      const spooled = await spool.put(watchWindowId, bytes, 'windows');
      return spooled.ok ? ok({ windowsId: spooled.value.profileId, windows }) : spooled;
    },
  };
}

function toldOfFolders(emit: Emit, changed: Result<readonly CodeFolder[]>): Result<readonly CodeFolder[]> {
  if (changed.ok) emit('code.foldersChanged', { folders: changed.value });
  return changed;
}
