import * as v from 'valibot';
import type { ContainerStart } from '../core/compare/container-starts.js';
import type { Turnover } from '../core/compare/turnovers.js';
import type { RankedCourses } from '../core/timeline/courses.js';
import type { KnownLabel } from '../core/words/complete-selector.js';
import { longestSelector } from '../core/words/selectors.js';
import { HostName, type ConfigHosts, type ImportedHost } from './ssh-config.js';
import type { LogLines } from './agent-log.js';
import { call } from './calls.js';
import { BuiltList, CodePath, PathPrefix, type Built, type CodeAnswer, type CodeFolder } from './code.js';
import { checkIds, type Check } from './check.js';
import type { Receipt } from './receipt.js';
import { Rename } from './matching.js';
import { Choice, Naming, SamplingChange, type Running } from './profiled.js';
import { MemoryRequest, PySpyRequest, type PythonProcess } from './pyspy.js';
import { PushSettings } from './push.js';
import { Id, Selection, SourceKind, TimeMs, ViewState } from './selection.js';
import { PyroscopeConfig, TargetConfig, type Leftover, type Remainder, type TargetState } from './target.js';
import type { Trust } from './trust.js';
import { NewTunnel, type TunnelState, type TunnelSuggestion } from './tunnels.js';
import type { Verification, VerifyProgress } from './verify.js';
import { WatchedWindows } from './watching.js';
import { WorkCounter, WorkRange, type CountedWork } from './work-counter.js';

/** A service as a source knows it. */
export interface ServiceRow {
  /** service_name. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A selector that selects it at its source. */
  readonly selector: string;
  /** Cores used in the range that was asked for; undefined when the source cannot say. */
  readonly cpuCores?: number;
  /** Cores by time, oldest first, for a sparkline; evenly spaced, NaN where there is no data. */
  readonly recentCores?: readonly number[];
  readonly lastSeenMs?: number;
  readonly profileTypes?: readonly string[];
  /** Pushed into the agent by somebody who says that it is this service; the agent sampled none of it. */
  readonly pushed?: true;
  /** It runs now, and the agent was told not to profile it. */
  readonly notProfiled?: true;
  /** The Python processes in it, parents before children, where py-spy records. */
  readonly processes?: readonly PythonProcess[];
}

/** CPU use by time. `cores[i]` belongs to [startMs + i * stepMs, + stepMs), NaN where there is no data. */
export interface Timeline {
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: Float64Array;
  /** "cores", one of py-spy's `threadUnits`, "bytes" that memray saw held, or the sample unit a second ("bytes/s"). */
  readonly unit: string;
}

/** The same by service, those that used most one by one. Of a selection of one service it is that one. */
export interface Courses extends RankedCourses, Omit<Timeline, 'values'> {}

/** A label that tells parts of a selection apart. */
export interface LabelValues {
  readonly name: string;
  /** At least two, sorted. */
  readonly values: readonly string[];
}

/** Services that were deployed or restarted, in the order of time. */
export interface Turnovers {
  /** How exactly the times are known. */
  readonly stepMs: number;
  readonly turnovers: readonly Turnover[];
  /** Containers that started otherwise, in the order of time: as the agent saw it, else as samples tell. */
  readonly starts: readonly ContainerStart[];
}

/** A profile whose bytes lie in the spool; the decoder opens it by this id. */
export interface SpooledProfile {
  readonly profileId: string;
  readonly byteLength: number;
  /** What a view is headed with: file name or selection in words. */
  readonly title: string;
  /** Of a snapshot: what it was asked for by when it was taken; its source may still know more of it. */
  readonly selection?: Selection;
  /** Of a snapshot: what its code was built from, as it was known then. */
  readonly built?: readonly Built[];
  /** Of an imported file: the same as long as it is the same file with the same content. Says nothing of where it lies. */
  readonly fileKey?: string;
}

/** A recording with the time of each sample. */
export interface TimesRecording {
  readonly profile: SpooledProfile;
  /** What is missing in it, in sentences. */
  readonly notes: readonly string[];
}

/** What it takes to have the windows of a selection. */
export interface WindowsCost {
  readonly windows: number;
  /** Profiles that have to be asked for one by one; 0 when the source answers windows as such, or all are kept. */
  readonly requests: number;
  readonly windowMs: number;
}

/** Windows that lie in the spool; the decoder judges a comparison by them. */
export interface SpooledWindows {
  readonly windowsId: string;
  readonly windows: number;
}

/** What a connection test found. */
export interface TestReport {
  readonly latencyMs: number;
  /** uname -srm of the target. */
  readonly system: string;
  /** Whether the agent can be started there, and if not why and what to do. */
  readonly agent: { readonly possible: boolean; readonly message: string };
}

/** A question that only the user can answer. Unanswered ones end with their connection. */
export type Prompt =
  | {
      readonly kind: 'host-key';
      readonly promptId: string;
      readonly targetId: string;
      readonly host: string;
      readonly keyType: string;
      /** SHA256:..., as OpenSSH prints it. */
      readonly fingerprint: string;
    }
  | {
      readonly kind: 'secret';
      readonly promptId: string;
      readonly targetId: string;
      readonly title: string;
      /** What will be done with the answer, where it goes and that it is not stored. */
      readonly explanation: string;
      readonly fields: readonly { readonly label: string; readonly echo: boolean }[];
    };

/** How long a slice is. */
const WindowMs = v.pipe(v.number(), v.integer(), v.minValue(1000), v.maxValue(86_400_000));

/** What the main process calls a window. The ids of profiles that a window holds begin with it and a dash. */
export const WindowId = v.pipe(v.string(), v.regex(/^w[0-9]{1,9}$/));

/** A saved snapshot's card. */
export interface SnapshotRow {
  readonly snapshotId: string;
  readonly title: string;
  readonly notes: string;
  readonly createdAtMs: number;
  readonly view: ViewState;
  readonly profiles: number;
}

/** Calls of the window to the links process. */
export const linksCalls = {
  'targets.list': call(v.object({}))<readonly TargetState[]>(),
  /** Adds a target or changes one with the same id. */
  'targets.save': call(v.object({ config: TargetConfig }))<TargetState>(),
  /** Takes a server out of the list for good; a Docker engine, which would be found again, is hidden. */
  'targets.remove': call(v.object({ targetId: Id }))<null>(),
  /** Looks whether Docker engines of other machines are there that were not. `hidden`: also those that were hidden. */
  'targets.findEngines': call(v.object({ hidden: v.boolean() }))<null>(),
  /** Connects with a configuration that need not be saved, looks, disconnects. */
  'targets.test': call(v.object({ config: TargetConfig }))<TestReport>(),
  /** How agents call services that are started there from now on; one that runs is not told. */
  'targets.setNaming': call(v.object({ targetId: Id, naming: Naming }))<TargetState>(),
  'targets.setPyroscope': call(v.object({ targetId: Id, pyroscope: v.nullable(PyroscopeConfig) }))<TargetState>(),
  /** Names only: nothing is resolved and nothing runs. */
  'sshConfig.list': call(v.object({}))<ConfigHosts>(),
  /** Runs `ssh -G`, which runs the commands of `Match exec` lines: only after the user was told. */
  'sshConfig.resolve': call(v.object({ name: HostName }))<ImportedHost>(),
  'link.connect': call(v.object({ targetId: Id }))<null>(),
  'link.disconnect': call(v.object({ targetId: Id }))<null>(),
  'tunnels.list': call(v.object({}))<
    readonly { readonly targetId: string; readonly tunnels: readonly TunnelState[] }[]
  >(),
  /** Opens a tunnel now, and with the connection from now on. "forwarding-denied" where the server forbids it. */
  'tunnels.open': call(v.object({ targetId: Id, tunnel: NewTunnel }))<TunnelState>(),
  'tunnels.close': call(v.object({ targetId: Id, tunnelId: Id }))<null>(),
  /** Looks at what listens on the target and at published container ports. */
  'tunnels.suggest': call(v.object({ targetId: Id }))<readonly TunnelSuggestion[]>(),
  /** An answer to a prompt; `values` are the fields of a secret. accept=false cancels what asked. */
  'prompt.answer': call(
    v.object({
      promptId: Id,
      accept: v.boolean(),
      values: v.pipe(v.array(v.pipe(v.string(), v.maxLength(4096))), v.maxLength(16)),
    }),
  )<null>(),
  /** A continuous agent until somebody stops it. Uploads, verifies, starts; progress in target.changed. */
  'agent.start': call(v.object({ targetId: Id }))<null>(),
  /** Stops the agent, whoever started it. "agent-in-use" while others record with it, unless forced. */
  'agent.stop': call(v.object({ targetId: Id, force: v.boolean() }))<null>(),
  /**
   * Restarts the agent with the one of this app, its settings kept; recordings go on. "refused" where the agent that runs is
   * newer, unless `evenNewer`.
   */
  'agent.restart': call(v.object({ targetId: Id, evenNewer: v.boolean() }))<null>(),
  /**
   * Follows the agent's log as root until it is cancelled; lines follow under the request's id. "not-connected" when the
   * connection broke, "not-found" where there is no log.
   */
  'agent.followLog': call(v.object({ requestId: Id, targetId: Id }))<null>(),
  /** Looks at one thing that an agent needs; changes nothing. The checks of a target may be asked for all at once. */
  'target.check': call(v.object({ targetId: Id, checkId: v.picklist(checkIds) }))<Check>(),
  /** What the app ran and wrote on the target since it was started. */
  'target.receipt': call(v.object({ targetId: Id }))<Receipt>(),
  /** The agent pushes to one more server, or to one otherwise. "agent-not-running" where none is followed. */
  'push.set': call(v.object({ targetId: Id, server: PushSettings }))<null>(),
  /** Ends pushing to a server. */
  'push.remove': call(
    v.object({
      targetId: Id,
      url: v.pipe(v.string(), v.maxLength(2048)),
      tenant: v.pipe(v.string(), v.maxLength(150)),
    }),
  )<null>(),
  /** What runs there, which of it is profiled, and how it would be called under a proposed naming; changes nothing. */
  'agent.processes': call(v.object({ targetId: Id, proposed: v.optional(Naming) }))<Running>(),
  /** What is profiled from now on, without a restart. "agent-not-running" where no agent is followed, as the next two. */
  'agent.choose': call(v.object({ targetId: Id, choice: Choice }))<null>(),
  'agent.setSampling': call(v.object({ targetId: Id, change: SamplingChange }))<null>(),
  'agent.setNaming': call(v.object({ targetId: Id, naming: Naming }))<null>(),

  /** What of ours lies on the target; changes nothing. */
  'leftovers.list': call(v.object({ targetId: Id }))<readonly Leftover[]>(),
  /** Stops the agent, removes all of that and answers what remains. "agent-in-use" while others record, unless forced. */
  'leftovers.remove': call(v.object({ targetId: Id, force: v.boolean() }))<readonly Remainder[]>(),
  /**
   * Record: a lease of this app on the agent, renewed by the links process until record.stop or its end. Where py-spy is
   * the engine, `pyspy` says what and how; without it everything that runs Python.
   */
  'record.start': call(v.object({ targetId: Id, pyspy: v.optional(PySpyRequest) }))<null>(),
  /** Gives that lease back; the agent ends when nobody else wants it. */
  'record.stop': call(v.object({ targetId: Id }))<null>(),
  /** The Python processes of a service that the agent samples, for `memory.record`. "agent-not-running" where none is followed. */
  'memory.processes': call(v.object({ targetId: Id, service: v.pipe(v.string(), v.minLength(1), v.maxLength(512)) }))<
    readonly PythonProcess[]
  >(),
  /** Has memray look at the allocations of a process; settles when its windows are kept on this computer. */
  'memory.record': call(v.object({ targetId: Id, request: MemoryRequest }))<null>(),
  /**
   * Has the agent record the time of each sample for a while, which goes into the spool. Progress follows under the request's id.
   * "agent-not-running" where no agent is followed.
   */
  'times.record': call(
    v.object({
      requestId: Id,
      targetId: Id,
      selector: v.pipe(v.string(), v.maxLength(longestSelector)),
      seconds: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(600)),
    }),
  )<TimesRecording>(),
  /** Ends such a recording of this window before its time: `times.record` settles with what there is. Nothing where it has ended. */
  'times.end': call(v.object({ requestId: Id }))<null>(),
  'source.services': call(v.object({ targetId: Id, source: SourceKind, startMs: TimeMs, endMs: TimeMs }))<
    readonly ServiceRow[]
  >(),
  'source.profileTypes': call(v.object({ targetId: Id, source: SourceKind, startMs: TimeMs, endMs: TimeMs }))<
    readonly string[]
  >(),
  'source.timeline': call(
    v.object({ selection: Selection, stepMs: v.pipe(v.number(), v.integer(), v.minValue(1000)) }),
  )<Timeline>(),
  'source.courses': call(
    v.object({ selection: Selection, stepMs: v.pipe(v.number(), v.integer(), v.minValue(1000)) }),
  )<Courses>(),
  /** Labels by which a selection can be compared with itself; of a source without labels none. */
  'source.labels': call(v.object({ selection: Selection }))<readonly LabelValues[]>(),
  /** All labels of a selection with their values: what a selector of it can be made of. */
  'source.knownLabels': call(v.object({ selection: Selection }))<readonly KnownLabel[]>(),
  /** Deploys and restarts in a selection; of a source that does not tell instances apart none. */
  'source.turnovers': call(v.object({ selection: Selection }))<Turnovers>(),
  /** How far the samples can be believed. "unsupported" where the source is not our agent's store. */
  'source.trust': call(v.object({ selection: Selection }))<Trust>(),
  /** Runs py-spy beside the agent on a Python service and compares the two. Progress follows under the request's id. */
  'agent.verify': call(
    v.object({ requestId: Id, targetId: Id, service: v.pipe(v.string(), v.minLength(1), v.maxLength(512)) }),
  )<Verification>(),
  /** Fetches the selection's merged profile into the spool. An empty selection is a profile without samples. */
  'source.fetch': call(v.object({ selection: Selection }))<SpooledProfile>(),
  /** Lets go of a profile of this window's. */
  'profile.release': call(v.object({ profileId: Id }))<null>(),
  /** `windowMs`: how long slices are to be where a source has no windows of its own; absent: as the range wants it. */
  'windows.cost': call(v.object({ selection: Selection, windowMs: v.exactOptional(WindowMs) }))<WindowsCost>(),
  /** Puts the windows of a selection into the spool, released as a profile is. Progress follows under the request's id. */
  'windows.fetch': call(
    v.object({ requestId: Id, selection: Selection, windowMs: v.exactOptional(WindowMs) }),
  )<SpooledWindows>(),
  /** Reads from a Prometheus how much work was done in the ranges of both sides; it may be reached through the target. */
  'work.count': call(
    v.object({ targetId: Id, counter: WorkCounter, baseline: WorkRange, comparison: WorkRange }),
  )<CountedWork>(),
  'snapshots.list': call(v.object({}))<readonly SnapshotRow[]>(),
  'snapshots.save': call(
    v.object({
      title: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
      notes: v.pipe(v.string(), v.maxLength(100_000)),
      view: ViewState,
      /** One profile, or baseline and comparison. */
      profiles: v.pipe(
        v.array(
          v.object({
            profileId: Id,
            title: v.pipe(v.string(), v.maxLength(1024)),
            selection: v.optional(Selection),
            /** Of a snapshot of a snapshot; of others the source is asked. */
            built: v.exactOptional(BuiltList),
          }),
        ),
        v.minLength(1),
        v.maxLength(2),
      ),
    }),
  )<SnapshotRow>(),
  /** Copies the snapshot's profiles into the spool. */
  'snapshots.open': call(v.object({ snapshotId: Id }))<{
    readonly row: SnapshotRow;
    readonly profiles: readonly SpooledProfile[];
  }>(),
  'snapshots.remove': call(v.object({ snapshotId: Id }))<null>(),
  /** Renames that comparisons follow, in the order in which they were told; the other windows are told of changes. */
  'renames.list': call(v.object({}))<readonly Rename[]>(),
  'renames.tell': call(v.object({ rename: Rename }))<readonly Rename[]>(),
  'renames.forget': call(v.object({ rename: Rename }))<readonly Rename[]>(),
  /**
   * Looks for a source file that a profile names: where the selection was sampled, and in the folders that were chosen. Without a
   * selection, which a file does not have, in the folders only. `built`: what a snapshot knows of it, which goes before what runs now.
   * "unsupported" of what is no file of source code.
   */
  'code.read': call(
    v.object({ file: CodePath, selection: v.nullable(Selection), built: v.exactOptional(BuiltList) }),
  )<CodeAnswer>(),
  /** Folders of this computer in which code may be looked for; the other windows are told of changes. */
  'code.folders': call(v.object({}))<readonly CodeFolder[]>(),
  'code.setPrefix': call(v.object({ folderId: Id, prefix: PathPrefix }))<readonly CodeFolder[]>(),
  'code.forgetFolder': call(v.object({ folderId: Id }))<readonly CodeFolder[]>(),
} as const;
export type LinksCalls = typeof linksCalls;

/** Events of the links process to the window. */
export interface LinksEvents extends Record<string, unknown> {
  'target.changed': { readonly target: TargetState };
  'target.removed': { readonly targetId: string };
  /** A tunnel was opened, closed, used or failed; once a second at most while bytes go through. */
  'tunnels.changed': { readonly targetId: string; readonly tunnels: readonly TunnelState[] };
  'prompt.opened': { readonly prompt: Prompt };
  'prompt.closed': { readonly promptId: string };
  'verify.progress': { readonly requestId: string; readonly progress: VerifyProgress };
  /** Of a recording with times: once a second. */
  'times.progress': { readonly requestId: string; readonly seconds: number; readonly samples: number };
  /** Of a fetch of windows: how many have come. */
  'windows.progress': { readonly requestId: string; readonly done: number };
  /** Of a log that is followed; five times a second at most. */
  'log.lines': LogLines & { readonly requestId: string };
  'renames.changed': { readonly renames: readonly Rename[] };
  'code.foldersChanged': { readonly folders: readonly CodeFolder[] };
  /** A new window of a target is in its store. */
  'window.stored': { readonly targetId: string; readonly endMs: number };
}

/** Calls of the main process to the links process: those that carry paths, which a renderer never names. */
export const linksShellCalls = {
  /** Copies a profile file (pprof, gzip or plain, or folded text) into the spool. */
  'profile.import': call(
    v.object({ windowId: WindowId, path: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)) }),
  )<SpooledProfile>(),
  /** A folder that the user chose for paths that begin with a prefix. */
  'code.addFolder': call(
    v.object({ folder: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)), prefix: PathPrefix }),
  )<readonly CodeFolder[]>(),
  /** A window closed, or its page begins anew and comes back to the profiles in `keep` only: lets go of all others. */
  'window.release': call(v.object({ windowId: WindowId, keep: v.array(Id) }))<null>(),
  /** The app ends: its recordings do, too. */
  'recordings.end': call(v.object({}))<null>(),
  /** Puts windows of what is watched into the spool, as the windows of `watchWindowId`; null when there are no new ones. */
  'watch.windows': call(WatchedWindows)<SpooledWindows | null>(),
} as const;
export type LinksShellCalls = typeof linksShellCalls;

/** Events of the links process to the main process. */
export type LinksShellEvents = Pick<LinksEvents, 'window.stored'>;
