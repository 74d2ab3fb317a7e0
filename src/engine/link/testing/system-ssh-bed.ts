import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SshTargetConfig } from '../../../contract/target.js';
import { AgentCarrier } from '../../deploy/carry/agent-carrier.js';
import { writeFakeAgent } from '../../deploy/testing/fake-agent.js';
import { agentMissing, buildAgent } from '../../deploy/testing/real-agent.js';
import { HostKeys } from '../host-keys.js';
import type { HostKeyQuestion, Prompter, SecretQuestion } from '../prompter.js';
import type { SshOptions } from '../ssh-connect.js';
import { SshLink } from '../ssh-link.js';
import { value } from './results.js';
import { sshdMissing, startSshd, type TestSshd } from './sshd.js';

/** A real sshd, and a home of its own for each test, from which the machine's own ssh reaches it. */
export interface SystemSshBed {
  /** By a master; else as where there are none, by one session. */
  readonly shares: boolean;
  /** The home. */
  readonly folder: string;
  readonly sshd: TestSshd;
  /** Agents that are sent to servers; empty where none are needed. */
  readonly resourcesDir: string;
  readonly prompter: Prompter;
  /** What the prompter was asked in this test, and answers to secrets that are still to be given. */
  readonly keysSeen: HostKeyQuestion[];
  readonly asked: SecretQuestion[];
  readonly answers: string[];
  /** Starts one more server, for this test. */
  readonly server: (lines: readonly string[]) => Promise<TestSshd>;
  /** Servers start as they always do: outside of the test's home. */
  readonly outside: <T>(start: () => Promise<T>) => Promise<T>;
  readonly make: (config: SshTargetConfig, options?: Partial<SshOptions>) => SshLink;
  /** A server that goes by the system's ssh for no reason but this. */
  readonly forced: (config: SshTargetConfig) => SshTargetConfig;
  readonly works: (link: SshLink, why: RegExp) => Promise<void>;
  readonly know: (server: TestSshd, marker?: string) => void;
  /** The processes of ssh that hold connections. */
  readonly masters: () => readonly number[];
}

const missing = await sshdMissing();
const noAgent = await agentMissing();

const kinds = [
  { name: 'that shares a connection', shares: true, skip: missing !== undefined },
  { name: 'with one session', shares: false, skip: missing !== undefined || noAgent !== undefined },
];

/** The output of a program that must end well. */
export function run(program: string, argv: readonly string[]): string {
  return execFileSync(program, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

export const publicKey = (file: string): string => readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
/** The fingerprint of a key. */
export const print = (file: string): string => run('ssh-keygen', ['-lf', file]).split(' ')[1] ?? '';

/** Tests with each kind of the system's ssh: by a master, and as where there are none, by one session. */
export function describeSystemSsh(what: string, tests: (bed: SystemSshBed) => void): void {
  describe.each(kinds)(`the system's ssh $name ${what}`, { timeout: 90_000 }, ({ shares, skip }) => {
    if (skip) it.skip('is not here', () => undefined);
    else tests(makeBed(shares));
  });
}

function makeBed(shares: boolean): SystemSshBed {
  /** What lies on servers, and what is sent there. */
  let there = '';
  let resourcesDir = '';
  let folder = '';
  let sshd: TestSshd | undefined;
  const links: SshLink[] = [];
  const servers: TestSshd[] = [];
  const keysSeen: HostKeyQuestion[] = [];
  const asked: SecretQuestion[] = [];
  const answers: string[] = [];

  const cacheLines = (): string[] => [`SetEnv XDG_CACHE_HOME=${join(there, 'cache')}`];

  /** A home of this test's own, and a folder for what is temporary, where masters and their folders are looked for. */
  function atHome(): void {
    vi.stubEnv('HOME', folder);
    vi.stubEnv('SSH_AUTH_SOCK', '');
    vi.stubEnv('TMPDIR', join(folder, 't'));
  }

  beforeAll(async () => {
    there = await mkdtemp(join(tmpdir(), 'pyrometer-there-'));
    sshd = await startSshd(cacheLines());
    if (!shares) {
      resourcesDir = await writeFakeAgent(join(there, 'resources'), { socket: '', bridges: await buildAgent(there) });
    }
  }, 120_000);
  afterAll(async () => {
    await sshd?.dispose();
    await rm(there, { recursive: true });
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-system-ssh-'));
    mkdirSync(join(folder, '.ssh'), { mode: 0o700 });
    mkdirSync(join(folder, 't'));
    atHome();
    for (const list of [keysSeen, asked, answers]) list.length = 0;
  });
  afterEach(async () => {
    for (const link of links.splice(0)) link.dispose();
    await vi.waitFor(() => {
      expect(readdirSync(join(folder, 't'))).toEqual([]); // nothing stays
    }, 20_000);
    vi.unstubAllEnvs();
    for (const server of servers.splice(0)) await server.dispose();
    await rm(folder, { recursive: true });
  });

  const prompter: Prompter = {
    acceptHostKey: (question) => {
      keysSeen.push(question);
      return Promise.resolve(true);
    },
    askSecret: (question) => {
      asked.push(question);
      const answer = answers.shift();
      return Promise.resolve(answer === undefined ? null : [answer]);
    },
  };
  const outside: SystemSshBed['outside'] = async (start) => {
    vi.unstubAllEnvs();
    try {
      return await start();
    } finally {
      atHome();
    }
  };

  return {
    shares,
    get folder() {
      return folder;
    },
    get sshd() {
      if (sshd === undefined) throw new Error('outside of a test no server runs');
      return sshd;
    },
    get resourcesDir() {
      return resourcesDir;
    },
    prompter,
    keysSeen,
    asked,
    answers,
    outside,
    server: async (lines) => {
      const started = await outside(() => startSshd([...cacheLines(), ...lines]));
      servers.push(started);
      return started;
    },
    make: (config, options = {}) => {
      const link = new SshLink({
        config,
        prompter,
        hostKeys: new HostKeys(join(folder, 'own', 'known_hosts'), [join(folder, '.ssh', 'known_hosts')]),
        ...(shares ? {} : { sshShares: false, carrier: new AgentCarrier({ resourcesDir }) }),
        ...options,
      });
      links.push(link);
      return link;
    },
    forced: (config) => ({ ...config, openssh: { host: 'forced', why: 'ProxyCommand' } }),
    works: async (link, why) => {
      value(await link.connect());
      expect(link.state.message).toMatch(/^Connected by the system's ssh: /);
      expect(link.state.message).toMatch(why);
      expect(value(await link.exec(['echo', 'here'])).stdout).toBe('here\n');
    },
    know: ({ port, hostKey }, marker = '') => {
      appendFileSync(join(folder, '.ssh', 'known_hosts'), `${marker}[127.0.0.1]:${port} ${publicKey(hostKey)}\n`);
    },
    masters: () =>
      run('ps', ['-e', '-o', 'pid=,args='])
        .split('\n')
        .filter((line) => line.includes(`ssh -F ${folder}/t/`))
        .map((line) => Number.parseInt(line, 10)),
  };
}
