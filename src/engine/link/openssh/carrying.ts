import type { Result } from '../../../contract/result.js';
import type { SshConnection } from '../ssh-connect.js';

export interface CarryingOptions {
  readonly program: string;
  readonly configFile: string;
  readonly destination: string;
  /** The private folder of the connection. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** A process of the system's ssh that is to carry one connection of ours. */
export interface Carrying {
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  /** What it said, from the latest. */
  readonly said: string;
  /** Whether the server let us in; false: it ended before. */
  ready(): Promise<boolean>;
  /** The connection, once the server let us in. */
  join(signal: AbortSignal): Promise<Result<SshConnection>>;
  /** Ends it and what it started; settles when it is gone. */
  end(): Promise<void>;
}
