import * as v from 'valibot';
import type { Replacement } from './agent-version.js';
import type { EngineState } from './pyspy.js';
import { Naming, type Choice } from './profiled.js';
import type { PushState } from './push.js';
import { Id } from './selection.js';
import { hostName, port, TunnelConfig } from './tunnels.js';

/** A user name for ssh, as harmless as a host's. */
const userName = v.pipe(v.string(), v.maxLength(64), v.regex(/^[A-Za-z0-9_.][A-Za-z0-9_.@-]*$/));

/** A file's path on this computer: without control characters, which no message could show. */
const filePath = v.pipe(v.string(), v.minLength(1), v.maxLength(4096), v.regex(/^\P{Cc}+$/u));

/** How to prove who we are to a server. Secrets are never part of a configuration. */
export const Authentication = v.variant('method', [
  /** `socket`: another SSH agent than the one that SSH_AUTH_SOCK names. */
  v.object({ method: v.literal('agent'), socket: v.optional(filePath) }),
  v.object({ method: v.literal('key'), path: filePath }),
  v.object({ method: v.literal('password') }),
]);
export type Authentication = v.InferOutput<typeof Authentication>;

const hopEntries = {
  host: hostName,
  port,
  user: userName,
  authentication: Authentication,
} as const;

/** A server that an SSH connection is made to: the target itself, or one on the way to it. */
export const SshHop = v.object(hopEntries);
export type SshHop = v.InferOutput<typeof SshHop>;

/** A host of the user's SSH configuration that only the system's ssh can connect to, and the setting that is the reason. */
export const OpenSshHost = v.object({
  host: hostName,
  why: v.picklist(['ProxyCommand', 'CertificateFile', 'ProxyJump']),
});
export type OpenSshHost = v.InferOutput<typeof OpenSshHost>;

/** Colours that a server can be marked with, by the names of their tokens. */
export const targetColours = ['red', 'amber', 'green', 'blue', 'violet'] as const;
export type TargetColour = (typeof targetColours)[number];

/** A Pyroscope server that belongs to a target. */
export const PyroscopeConfig = v.object({
  /** http(s) address as seen from the target ("tunnel") or from here ("direct"). */
  url: v.pipe(v.string(), v.maxLength(2048), v.url(), v.regex(/^https?:\/\//)),
  reach: v.picklist(['tunnel', 'direct']),
  /** Whether the agent pushes its windows there. */
  push: v.boolean(),
  /** X-Scope-OrgID; undefined: none. */
  tenant: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(150), v.regex(/^[\x21-\x7e]+$/))),
  /** What it wants to know who reads; it is asked for and never saved. Undefined: nothing. */
  login: v.optional(v.picklist(['basic', 'bearer'])),
});
export type PyroscopeConfig = v.InferOutput<typeof PyroscopeConfig>;

/** A server of debug files by build-id. It becomes an argument of the agent: no blanks, no control characters, no credentials. */
export const DebuginfodUrl = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.url(),
  v.regex(/^https?:\/\/[\p{L}\p{N}.:[\]_-]+(\/[\p{L}\p{N}._~%/-]*)?$/u),
);

/** Where a Docker engine listens, as this computer reaches it: as Docker's own programs take it. */
const dockerAddress = v.pipe(
  v.string(),
  v.maxLength(4096),
  v.regex(/^(?:unix:\/\/\/\P{Cc}+|tcp:\/\/(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\]):\d{1,5})$/u),
);

const name = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(128));

const ofAnyTarget = {
  pyroscope: v.optional(PyroscopeConfig),
  /** How an agent that is started there calls services from its first sample on; undefined: as it was told there last. */
  naming: v.optional(Naming),
} as const;

/** What is saved of a target. */
export const TargetConfig = v.variant('kind', [
  v.object({ kind: v.literal('local'), id: v.literal('local'), name, ...ofAnyTarget }),
  v.object({
    kind: v.literal('ssh'),
    id: Id,
    name,
    ...hopEntries,
    /** Servers on the way, first the one that is dialled from here. */
    jumps: v.optional(v.pipe(v.array(SshHop), v.maxLength(8))),
    /** For a server that is reached by more of the user's SSH configuration than stands here. */
    openssh: v.optional(OpenSshHost),
    /** The heading that it stands under in the list; undefined: none. */
    group: v.optional(name),
    colour: v.optional(v.picklist(targetColours)),
    /** Opened with the connection. */
    tunnels: v.optional(v.pipe(v.array(TunnelConfig), v.maxLength(64))),
    /** Where an agent that is started there gets missing debug files from; undefined: nobody is asked. */
    debuginfod: v.optional(DebuginfodUrl),
    /** Whether an agent that is started there comes back after a reboot, until it is stopped. */
    startsAtBoot: v.optional(v.literal(true)),
    ...ofAnyTarget,
  }),
  /** A Docker engine alone, of a machine that is neither this computer nor logged in to. Such are found, and not added. */
  v.object({
    kind: v.literal('docker'),
    id: Id,
    name,
    address: dockerAddress,
    /** The folder of ca.pem, cert.pem and key.pem with which it is spoken to by TLS; undefined: without. */
    certificates: v.optional(filePath),
    /** It is not in the list, because the user wanted so. */
    hidden: v.optional(v.literal(true)),
    ...ofAnyTarget,
  }),
]);
export type TargetConfig = v.InferOutput<typeof TargetConfig>;
export type SshTargetConfig = Extract<TargetConfig, { kind: 'ssh' }>;
export type DockerTargetConfig = Extract<TargetConfig, { kind: 'docker' }>;
/** A server to begin with, as a copy of one or as OpenSSH's configuration has it. */
export type ServerDraft = Omit<SshTargetConfig, 'id' | 'kind'>;

/** The link's state. A local target is always connected. */
export interface LinkState {
  readonly state: 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'failed';
  /** What is being done, why it failed and what to do, or that it is connected by the system's ssh and why. */
  readonly message?: string;
  /** What was said when it failed, for instance both fingerprints of a host key; copyable. */
  readonly detail?: string;
  readonly latencyMs?: number;
}

/** A named count since the agent started: a fate of samples or a loss. */
export interface AgentCounter {
  readonly name: string;
  readonly value: number;
}

/** Ceilings of the agent's own cost; see Budget in agent.proto. */
export interface AgentBudget {
  readonly machinePercent: number;
  readonly memoryBytes: number;
  /** Of the last minute; negative while there is no whole one. */
  readonly meanMachinePercent: number;
  readonly meanMemoryBytes: number;
  /** What was asked for; the rate is less when that costs too much. */
  readonly wantedRateHz: number;
  readonly bpfMapBytes: number;
  readonly diskBytesPerSecond: number;
  readonly networkBytesPerSecond: number;
}

/** The agent's own account of itself; see Status in agent.proto for the fields' meaning. */
export interface AgentStatus {
  readonly version: string;
  readonly hostname: string;
  readonly kernel: string;
  readonly cpuCount: number;
  readonly startedAtMs: number;
  readonly sampleRateHz: number;
  /** While a burst goes on: when it ends, by the target's clock, and the rate after it. */
  readonly burst?: { readonly endsAtMs: number; readonly returnsToHz: number };
  /** What is profiled. */
  readonly choice: Choice;
  readonly naming: Naming;
  readonly windowSeconds: number;
  readonly windowClosesAtMs: number;
  readonly lastWindowEndMs: number;
  readonly windowsStored: number;
  /** 0: continuous, or kept. */
  readonly leaseExpiresAtMs: number;
  /**
   * Of an agent that samples no more since nobody renewed its recording, by the target's clock: when somebody renewed last, and
   * until when its windows can be read; then everything is removed.
   */
  readonly kept?: { readonly unrenewedSinceMs: number; readonly untilMs: number };
  /** How far the target's clock is ahead of this computer's; undefined where the agent is too old to say. */
  readonly clockAheadMs?: number;
  /** Of one core; 0.01 is one percent of a core. */
  readonly processCpuCores: number;
  /** Of one core, negative when it cannot be measured. */
  readonly bpfCpuCores: number;
  readonly residentBytes: number;
  /** What the agent may cost and what it does about it; undefined where it is too old to say. */
  readonly budget?: AgentBudget;
  readonly storeBytes: number;
  readonly counters: readonly AgentCounter[];
  readonly docker: { readonly reachable: boolean; readonly message: string; readonly containers: number };
  /** Each server that it pushes to. */
  readonly pushes: readonly PushState[];
  /** Where SDKs of the target may push over TCP; empty: only through the push socket. */
  readonly ingestAddress: string;
  /** Servers that it gets missing debug files from; empty: nobody is asked. */
  readonly debuginfod: readonly string[];
  /** Whether it is started again after a reboot. */
  readonly startsAtBoot: boolean;
}

/** The agent's state on a target, always shown. */
export interface AgentState {
  readonly state: 'unknown' | 'not-installed' | 'starting' | 'profiling' | 'kept' | 'stopping' | 'stopped' | 'failed';
  /** Why it failed and what to do; what is being done while starting. */
  readonly message?: string;
  /** What was said when it failed; copyable. */
  readonly detail?: string;
  /** While starting: "step 4 of 7". */
  readonly step?: { readonly number: number; readonly of: number; readonly text: string };
  /** Whether this app records with it: holds a lease, which it gives back when the recording is stopped. */
  readonly recording: boolean;
  /** The others who record with it, as they call themselves; hostile text. */
  readonly heldBy?: readonly string[];
  readonly status?: AgentStatus;
  /** The agent of this app, where another one runs. */
  readonly replacement?: Replacement;
  /** What records here instead of the agent; undefined: the agent. */
  readonly engine?: EngineState;
}

/** Something of ours that is on a target. No user, pinned BPF object or sysctl of ours outlives an agent. */
export interface Leftover {
  /**
   * The agent's program, its profiles and log, its sockets and state, what starts it after a reboot (a unit of systemd, the
   * folder of the program that this one runs), a copy that root began to run and a crash left, the
   * mount of tracefs where an agent made it, a process of the agent, a container with py-spy.
   */
  readonly kind: 'binary' | 'store' | 'sockets' | 'unit' | 'program' | 'copy' | 'mount' | 'process' | 'container';
  /** Of a process "PID COMMAND", of a container its name. */
  readonly path: string;
  /** Unknown of what only root may look into. */
  readonly byteLength?: number;
  /** Every file and socket in the folder; undefined where only root may look, who is not asked without a password. */
  readonly contents?: readonly string[];
}

/** What is still there after all was removed that could be. */
export interface Remainder extends Leftover {
  /** Why; hostile text of the target is in it. */
  readonly why: string;
}

/** Whether the target's Pyroscope can be read. */
export interface PyroscopeState {
  readonly state: 'none' | 'unknown' | 'ok' | 'failed';
  readonly message?: string;
}

/** All that the window shows of a target. */
export interface TargetState {
  readonly config: TargetConfig;
  readonly link: LinkState;
  readonly agent: AgentState;
  readonly pyroscope: PyroscopeState;
}
