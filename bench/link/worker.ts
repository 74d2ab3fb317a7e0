import { findAgentBinary } from '../../src/engine/deploy/agent-resources.js';
import { lookAt, type TargetFacts } from '../../src/engine/deploy/facts.js';
import { install } from '../../src/engine/deploy/install.js';
import { TargetSession } from '../../src/engine/deploy/session.js';
import type { Failure, Result } from '../../src/contract/result.js';
import { cpuProfileType } from '../../src/contract/selection.js';
import type { SshTargetConfig } from '../../src/contract/target.js';
import { HostKeys } from '../../src/engine/link/host-keys.js';
import { silentPrompter, type Prompter } from '../../src/engine/link/prompter.js';
import { SshLink } from '../../src/engine/link/ssh-link.js';
import { Tunnel } from '../../src/engine/link/tunnel.js';
import type { Answer, Request } from './protocol.js';

// Runs in a utility process of Electron, as the app's links process does.

const prompter: Prompter = { ...silentPrompter, acceptHostKey: () => Promise.resolve(true) };
let link: SshLink | undefined;
let facts: TargetFacts | undefined;

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(words(result.failure));
  return result.value;
}

function words({ message, detail = '' }: Failure): string {
  return `${message} ${detail}`;
}

async function connect(config: SshTargetConfig, knownHosts: string): Promise<SshLink> {
  const made = new SshLink({ config, prompter, hostKeys: new HostKeys(knownHosts, []) });
  value(await made.connect());
  return made;
}

async function firstFlame({
  config,
  knownHosts,
  resourcesDir,
}: Extract<Request, { kind: 'first-flame' }>): Promise<number> {
  let stored: (endMs: number) => void = () => undefined;
  const window = new Promise<number>((resolve) => {
    stored = resolve;
  });
  const session = new TargetSession({
    config,
    prompter,
    hostKeys: new HostKeys(knownHosts, []),
    resourcesDir,
    onChange: () => undefined,
    onWindow: (endMs) => {
      stored(endMs);
    },
  });
  try {
    const there = value(await session.leftovers());
    const used = there.find(({ kind }) => kind === 'process' || kind === 'store');
    if (used !== undefined) throw new Error(`There is an agent of Pyrometer on this machine: ${used.path}.`);
    // What a test or a start that was killed left is in nobody's way, and would be in the way of the next round.
    if (there.length > 0) value(await session.removeLeftovers(false));
    session.disconnect();
    // As a person who clicks on Connect, and on Record.
    const since = performance.now();
    value(await session.connect());
    value(await session.agent.start('recording'));
    const endMs = await window;
    const range = { startMs: endMs - 60_000, endMs };
    const selection = {
      targetId: config.id,
      source: 'agent',
      profileType: cpuProfileType,
      selector: '{}',
      ...range,
    } as const;
    if (value(await session.sources.fetch(selection)).byteLength === 0) throw new Error('The first window was empty.');
    const seconds = (performance.now() - since) / 1000;
    value(await session.removeLeftovers(false));
    return seconds;
  } finally {
    session.dispose();
  }
}

async function answer(request: Request): Promise<number> {
  switch (request.kind) {
    case 'tunnel': {
      link = await connect(request.config, request.knownHosts);
      return value(await Tunnel.open(link, { kind: 'tcp', host: '127.0.0.1', port: request.port })).port;
    }
    case 'upload':
      if (link === undefined) throw new Error('no link');
      value(await link.upload(request.from, request.to));
      return 0;
    case 'install': {
      if (link === undefined) throw new Error('no link');
      // Not before the requests are measured: sshd sets TCP_NODELAY with the first command, which `ssh -L` alone never runs.
      facts ??= value(await lookAt(link));
      const agent = value(await findAgentBinary(request.resourcesDir, facts.machine));
      value(await install(link, { ...facts, cacheFolder: request.cacheFolder }, agent));
      return 0;
    }
    case 'first-command': {
      const fresh = await connect(request.config, request.knownHosts);
      value(await fresh.exec(['true']));
      fresh.dispose();
      return 0;
    }
    case 'first-flame':
      return firstFlame(request);
  }
}

process.parentPort.on('message', ({ data }) => {
  answer(data as Request).then(
    (result) => {
      process.parentPort.postMessage({ value: result } satisfies Answer);
    },
    (error: unknown) => {
      process.parentPort.postMessage({ error: String(error) } satisfies Answer);
    },
  );
});
