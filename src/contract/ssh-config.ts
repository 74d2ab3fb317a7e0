import { SshHop } from './target.js';

/** A name that can be handed to ssh safely. */
export const HostName = SshHop.entries.host;

/** Hosts that OpenSSH's configuration names. Nothing of them was resolved. */
export interface ConfigHosts {
  readonly file: string;
  readonly names: readonly string[];
  /** Names that were left out because they cannot be handed on safely. */
  readonly unusable: number;
}

/** What OpenSSH's configuration says of a host. */
export interface ImportedHost {
  readonly name: string;
  readonly hop: SshHop;
  /** Servers on the way, first the one that is dialled from here. */
  readonly jumps: readonly SshHop[];
  /** What is not carried over and what to do about it, one sentence each. */
  readonly notes: readonly string[];
}
