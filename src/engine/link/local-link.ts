import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fail, ok, type Result } from '../../contract/result.js';
import type { LinkState } from '../../contract/target.js';
import { collect } from './collect.js';
import {
  describeAddress,
  type Address,
  type ExecOptions,
  type ExecResult,
  type ExitStatus,
  type Link,
  type RunningCommand,
  type UploadOptions,
} from './link.js';
import { opened } from './opened.js';
import { quoteCommand } from './quote.js';
import { errorCode, errorText, isDiskFull } from '../failures/thrown.js';

const openTimeoutMs = 10_000;

/** The link to this computer: always connected. */
export class LocalLink implements Link {
  readonly kind = 'local';
  readonly state: LinkState = { state: 'connected' };
  private readonly open_ = new Set<{ stop(): void }>();

  onState(): () => void {
    return () => undefined;
  }

  /** There is always room. */
  onCrowded(): () => void {
    return () => undefined;
  }

  connect(): Promise<Result<null>> {
    return Promise.resolve(ok(null));
  }

  spawn(argv: readonly string[]): Promise<Result<RunningCommand>> {
    quoteCommand(argv); // the same arguments are refused here as over SSH
    const [program = '', ...rest] = argv;
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    const command: RunningCommand = {
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      stop: () => {
        child.kill('SIGTERM');
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      },
      exit: new Promise<Result<ExitStatus>>((resolve) => {
        // A program that is not there ends as it would in a shell: with 127.
        child.on('error', (error) => {
          const missing = errorCode(error) === 'ENOENT';
          resolve(
            missing ? ok({ code: 127, signal: null }) : fail('unsupported', `${program} cannot be run.`, error.message),
          );
        });
        child.on('close', (code, signal) => {
          this.open_.delete(command);
          resolve(ok({ code, signal }));
        });
      }),
    };
    this.open_.add(command);
    return Promise.resolve(ok(command));
  }

  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<Result<ExecResult>> {
    const command = await this.spawn(argv);
    return command.ok ? collect(command.value, argv[0] ?? '', options) : command;
  }

  async upload(localPath: string, remotePath: string, options: UploadOptions = {}): Promise<Result<null>> {
    try {
      await pipeline(
        createReadStream(localPath),
        createWriteStream(remotePath, { mode: 0o600 }),
        options.signal === undefined ? {} : { signal: options.signal },
      );
      return ok(null);
    } catch (error) {
      // A device or a pipe is not ours to remove; what cannot be removed is told by the failure that counts.
      const left = await lstat(remotePath).catch(() => undefined);
      if (left?.isFile() === true) await rm(remotePath, { force: true }).catch(() => undefined);
      if (options.signal?.aborted === true) return fail('cancelled', 'Cancelled.');
      if (isDiskFull(error)) {
        return fail('no-space', `The disk is too full for ${remotePath}: make room there and try again.`);
      }
      return fail('upload-corrupt', `${remotePath} could not be written.`, errorText(error));
    }
  }

  async open(address: Address, signal?: AbortSignal): Promise<Result<Duplex>> {
    const where = describeAddress(address);
    const socket = connect(
      address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port, noDelay: true },
    );
    const result = await opened(socket, {
      event: 'connect',
      timeoutMs: openTimeoutMs,
      lateMessage: `${where} did not answer.`,
      failed: (error) => fail('refused', `${where} could not be opened.`, errorText(error)),
      signal,
    });
    if (result.ok) {
      const entry = { stop: () => socket.destroy() };
      this.open_.add(entry);
      socket.once('close', () => this.open_.delete(entry));
    }
    return result;
  }

  dispose(): void {
    for (const entry of [...this.open_]) entry.stop();
    this.open_.clear();
  }
}
