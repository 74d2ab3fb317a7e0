import type { SshTargetConfig } from '../../src/contract/target.js';

/** What the worker in Electron's utility process is asked to do. */
export type Request =
  /** Connects the link that the others use, and opens a tunnel to a port of loopback; answers its local port. */
  | { readonly kind: 'tunnel'; readonly config: SshTargetConfig; readonly knownHosts: string; readonly port: number }
  | { readonly kind: 'upload'; readonly from: string; readonly to: string }
  /** Puts the agent below a folder that is not there yet, as a start does: compressed, compared by its hash, renamed. */
  | { readonly kind: 'install'; readonly resourcesDir: string; readonly cacheFolder: string }
  /** Connects anew and runs one command. */
  | { readonly kind: 'first-command'; readonly config: SshTargetConfig; readonly knownHosts: string }
  /** Connects anew, starts the agent and fetches the first window; leaves nothing. Answers seconds. */
  | {
      readonly kind: 'first-flame';
      readonly config: SshTargetConfig;
      readonly knownHosts: string;
      readonly resourcesDir: string;
    };

/** Its answer: a number where there is one, or what went wrong. */
export type Answer = { readonly value: number } | { readonly error: string };
