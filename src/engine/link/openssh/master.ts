import { spawn, type ChildProcess } from 'node:child_process';
import { access } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { guard } from './private-folder.js';

const lookEveryMs = 20;
/** So much of what ssh says is kept. */
const keptBytes = 32 * 1024;
const endTimeoutMs = 2000;

export interface MasterOptions {
  readonly program: string;
  readonly configFile: string;
  readonly destination: string;
  readonly controlSocket: string;
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** An ssh process that holds one connection for others: OpenSSH's master. */
export class Master {
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private readonly controlSocket: string;
  private text = '';
  private gone = false;

  constructor(options: MasterOptions) {
    this.controlSocket = options.controlSocket;
    // In a group of its own, with what it starts: ssh must not ask on a terminal, nor end by its Ctrl+C.
    this.child = spawn(options.program, ['-F', options.configFile, '-N', '-n', '-T', '--', options.destination], {
      env: options.environment,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.text = (this.text + chunk.toString()).slice(-keptBytes);
    });
    const watch = this.child.pid === undefined ? undefined : guard(this.child.pid, options.folder);
    this.exited = new Promise((resolve) => {
      const ended = (): void => {
        this.gone = true;
        watch?.end();
        resolve();
      };
      this.child.once('error', (error) => {
        this.text += error.message;
        ended();
      });
      // Not "close": what a ProxyCommand left running may hold the pipe.
      this.child.once('exit', ended);
    });
  }

  /** What it said, from the latest. */
  get said(): string {
    return this.text;
  }

  /** Whether it let others in; false: it ended before. */
  async ready(): Promise<boolean> {
    while (!this.gone) {
      const there = await access(this.controlSocket).then(
        () => true,
        () => false,
      );
      if (there) return true;
      await Promise.race([this.exited, delay(lookEveryMs)]);
    }
    await delay(lookEveryMs); // the last that it said may still lie in the pipe
    return false;
  }

  /** Ends it and what it started; settles when it is gone. */
  async end(): Promise<void> {
    this.signal('SIGTERM');
    await Promise.race([this.exited, delay(endTimeoutMs, undefined, { ref: false })]);
    this.signal('SIGKILL');
  }

  private signal(name: NodeJS.Signals): void {
    const { pid } = this.child;
    if (this.gone || pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      this.child.kill(name); // there is no group any more
    }
  }
}
