import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** So much of what ssh says is kept. */
const keptBytes = 32 * 1024;
const endTimeoutMs = 2000;

export interface SshProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Where it runs: a folder of its own. */
  readonly folder: string;
  /** Of its input and output; what it says on standard error is kept. */
  readonly stdio: 'ignore' | 'pipe';
}

/** A process of the system's ssh. */
export class SshProcess {
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  readonly child: ChildProcess;
  private text = '';
  private ended = false;

  constructor({ program, args, environment, folder, stdio }: SshProcessOptions) {
    const streams: StdioOptions = [stdio, stdio, 'pipe'];
    // In a group of its own, with what it starts: ssh must not ask on a terminal, nor end by its Ctrl+C. On Windows that would
    // open a window of a console.
    const detached = process.platform !== 'win32';
    this.child = spawn(program, args, { env: environment, stdio: streams, cwd: folder, detached, windowsHide: true });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.text = (this.text + chunk.toString()).slice(-keptBytes);
    });
    this.exited = new Promise((resolve) => {
      const ended = (): void => {
        this.ended = true;
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

  get gone(): boolean {
    return this.ended;
  }

  /** Ends it and what it started; settles when it is gone. */
  async end(): Promise<void> {
    this.signal('SIGTERM');
    await Promise.race([this.exited, delay(endTimeoutMs, undefined, { ref: false })]);
    this.signal('SIGKILL');
  }

  private signal(name: NodeJS.Signals): void {
    const { pid } = this.child;
    if (this.ended || pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      this.child.kill(name); // there is no group, or not any more
    }
  }
}
