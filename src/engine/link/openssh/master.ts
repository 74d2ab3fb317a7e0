import { access } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ok, type Result } from '../../../contract/result.js';
import type { SshConnection } from '../ssh-connect.js';
import { MuxClient } from './mux-client.js';
import { guard } from './private-folder.js';
import { SshProcess } from './ssh-process.js';
import type { Carrying, CarryingOptions } from './carrying.js';

const lookEveryMs = 20;

export interface MasterOptions extends CarryingOptions {
  readonly controlSocket: string;
}

/** An ssh process that holds one connection for others: OpenSSH's master. */
export class Master implements Carrying {
  private readonly process: SshProcess;
  private readonly controlSocket: string;

  constructor({ controlSocket, program, configFile, destination, environment, folder }: MasterOptions) {
    this.controlSocket = controlSocket;
    const args = ['-F', configFile, '-N', '-n', '-T', '--', destination];
    this.process = new SshProcess({ program, args, environment, folder, stdio: 'ignore' });
    const { pid } = this.process.child;
    const watch = pid === undefined ? undefined : guard(pid, folder);
    void this.exited.then(() => watch?.end());
  }

  get exited(): Promise<void> {
    return this.process.exited;
  }

  get said(): string {
    return this.process.said;
  }

  async ready(): Promise<boolean> {
    while (!this.process.gone) {
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

  async join(): Promise<Result<SshConnection>> {
    const client = await MuxClient.connect(this.controlSocket);
    if (!client.ok) return client;
    const { value } = client;
    value.once('close', () => {
      void this.end(); // also when nobody but us could still use it
    });
    return ok({
      client: value,
      close: () => {
        value.end();
      },
      latencyMs: await value.roundTrip(),
    });
  }

  end(): Promise<void> {
    return this.process.end();
  }
}
