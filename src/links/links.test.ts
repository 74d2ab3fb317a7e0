import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linksCalls, linksShellCalls, type LinksCalls, type LinksEvents, type Prompt } from '../contract/links.js';
import { defaultPySpyOptions } from '../contract/pyspy.js';
import type { Result } from '../contract/result.js';
import { connect, serve, type Client, type Port } from '../contract/rpc.js';
import type { ViewState } from '../contract/selection.js';
import type { TargetConfig, TargetState } from '../contract/target.js';
import { sshdMissing, startSshd } from '../engine/link/testing/sshd.js';
import { CodeFolders } from '../engine/code/code-folders.js';
import { TargetsStore } from '../engine/link/targets-store.js';
import { RenamesFile } from '../engine/renames/renames-file.js';
import { SnapshotLibrary } from '../engine/snapshots/library.js';
import { linksHandlers, linksShellHandlers } from './handlers.js';
import { Prompts, type Emit } from './prompts.js';
import { Resume } from './resume.js';
import { Spool } from './spool.js';
import { Targets } from './targets.js';

const missing = await sshdMissing();
if (missing !== undefined) console.warn(`some links tests are skipped: ${missing}`);

function portOf(port: MessagePort): Port {
  return {
    postMessage: (message) => {
      port.postMessage(message);
    },
    onMessage: (listener) => port.on('message', listener),
    onClose: (listener) => port.on('close', listener),
    close: () => {
      port.close();
    },
  };
}

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.detail ?? ''}`);
  return result.value;
}

const server: TargetConfig = {
  kind: 'ssh',
  id: 'web',
  name: 'Web',
  host: '127.0.0.1',
  port: 1,
  user: 'pyro',
  authentication: { method: 'agent' },
};
const view: ViewState = { kind: 'flame', tab: 'flame', valueIndex: 0, zoomPath: [], search: '' };

describe('the links process', () => {
  let folder = '';
  let targets: Targets;
  let resume: Resume;
  let client: Client<LinksCalls, LinksEvents>;
  const bugs: unknown[] = [];
  const closers: (() => void)[] = [];

  async function begin(): Promise<void> {
    const servers = new Set<{ emit: Emit }>();
    const emit: Emit = (name, payload) => {
      for (const each of servers) each.emit(name, payload);
    };
    const store = value(await TargetsStore.open(join(folder, 'targets.json'), () => undefined));
    const prompts = new Prompts(emit);
    const spool = new Spool(join(folder, 'spool'));
    resume = new Resume(join(folder, 'links-resume.json'), join(folder, 'spool'));
    targets = new Targets({
      store,
      prompts,
      emit,
      onWindow: (stored) => {
        emit('window.stored', stored);
      },
      resume,
      dataDir: folder,
      resourcesDir: join(folder, 'resources'),
      localTarget: true,
    });
    const parts = {
      targets,
      prompts,
      spool,
      library: new SnapshotLibrary(join(folder, 'library')),
      renames: new RenamesFile(join(folder, 'renames.json')),
      codeFolders: new CodeFolders(join(folder, 'code-folders.json')),
      emit: () => undefined,
    };
    const { port1, port2 } = new MessageChannel();
    const bug = (error: unknown): void => {
      bugs.push(error);
    };
    const window = serve<LinksCalls, LinksEvents>(portOf(port1), linksCalls, linksHandlers(parts, 'w1'), bug);
    servers.add(window);
    client = connect<LinksCalls, LinksEvents>(portOf(port2));
    const shellPorts = new MessageChannel();
    serve(portOf(shellPorts.port1), linksShellCalls, linksShellHandlers(parts), bug);
    shell = connect(portOf(shellPorts.port2));
    closers.push(
      () => {
        window.dispose();
        client.dispose();
      },
      () => {
        shell.dispose();
        shellPorts.port1.close();
      },
    );
  }
  let shell: Client<typeof linksShellCalls, Record<string, never>>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-links-'));
    await begin();
  });
  afterEach(async () => {
    targets.dispose();
    await resume.flush();
    for (const close of closers.splice(0)) close();
    await rm(folder, { recursive: true });
    expect(bugs.splice(0)).toEqual([]);
  });

  it('lists this computer first, and keeps what is added', async () => {
    const changed: TargetState[] = [];
    client.on('target.changed', ({ target }) => changed.push(target));
    value(await client.call('targets.save', { config: server }));
    value(await client.call('targets.save', { config: { ...server, name: 'Renamed' } }));
    const names = value(await client.call('targets.list', {})).map((target) => target.config.name);
    expect(names).toEqual(['This computer', 'Renamed']);
    expect(changed.map((target) => target.config.name)).toContain('Renamed');
    await begin();
    expect(value(await client.call('targets.list', {})).map((target) => target.config.name)).toEqual(names);
    value(await client.call('targets.remove', { targetId: 'web' }));
    expect(await client.call('targets.remove', { targetId: 'web' })).toMatchObject({ failure: { code: 'not-found' } });
    expect(await client.call('targets.remove', { targetId: 'local' })).toMatchObject({ ok: false });
  });

  it('keeps how agents of a target call services, whatever a form says afterwards', async () => {
    const naming = { labels: [{ name: 'env', value: 'prod' }], leadingSlash: true, relabelConfigs: '' };
    value(await client.call('targets.save', { config: server }));
    for (const targetId of ['web', 'local']) value(await client.call('targets.setNaming', { targetId, naming }));
    value(await client.call('targets.save', { config: { ...server, name: 'Renamed' } }));
    await begin();
    const kept = value(await client.call('targets.list', {})).map((target) => target.config.naming);
    expect(kept).toEqual([naming, naming]);
    const labels = Array.from({ length: 101 }, () => ({ name: 'a', value: 'b' }));
    const wrong = await client.call('targets.setNaming', { targetId: 'web', naming: { ...naming, labels } });
    expect(wrong).toMatchObject({ failure: { code: 'invalid-input' } });
    expect(await client.call('targets.setNaming', { targetId: 'nobody', naming })).toMatchObject({
      failure: { code: 'not-found' },
    });
  });

  it('says what is wrong with a connection, and shows it', async () => {
    value(await client.call('targets.save', { config: server }));
    expect(await client.call('link.connect', { targetId: 'web' })).toMatchObject({ failure: { code: 'refused' } });
    const [, web] = value(await client.call('targets.list', {}));
    expect(web?.link).toMatchObject({ state: 'failed' });
    expect(web?.link.message).toContain('port 1');
    expect(await client.call('targets.test', { config: server })).toMatchObject({ failure: { code: 'refused' } });
    expect(await client.call('agent.stop', { targetId: 'web', force: false })).toMatchObject({
      failure: { code: 'agent-not-running' },
    });
    const range = { targetId: 'web', startMs: 0, endMs: 1000 };
    expect(await client.call('source.services', { ...range, source: 'agent' })).toMatchObject({ ok: false });
    expect(await client.call('source.services', { ...range, source: 'pyroscope' })).toMatchObject({
      failure: { code: 'not-found' },
    });
  });

  it('reads source files of chosen folders, and of no path that a window makes up', async () => {
    const work = join(folder, 'work');
    await mkdir(work);
    await writeFile(join(work, 'a.py'), 'x = 1\n');
    const read = (file: string) => client.call('code.read', { file, selection: null });
    expect(await read(join(work, 'a.py'))).toMatchObject({
      value: { found: null, looks: [{ place: 'folder' }, { place: 'git' }] },
    });
    const [added] = value(await shell.call('code.addFolder', { folder: work, prefix: '/app/' }));
    expect(value(await read('/app/a.py')).found).toMatchObject({ place: 'folder', text: 'x = 1\n' });
    expect(await read('/app/a\n.py')).toMatchObject({ failure: { code: 'invalid-input' } });
    expect(await read('/etc/shadow')).toMatchObject({ failure: { code: 'unsupported' } });
    const folderId = added?.folderId ?? '';
    expect(value(await client.call('code.setPrefix', { folderId, prefix: '/srv' }))).toMatchObject([
      { prefix: '/srv' },
    ]);
    expect(value(await read('/srv/a.py')).found?.text).toBe('x = 1\n');
    expect(value(await client.call('code.forgetFolder', { folderId }))).toEqual([]);
    expect(value(await client.call('code.folders', {}))).toEqual([]);
  });

  it('takes a Pyroscope address, and no secrets in it', async () => {
    const set = (url: string) =>
      client.call('targets.setPyroscope', { targetId: 'local', pyroscope: { url, reach: 'direct', push: false } });
    expect(await set('http://me:secret@127.0.0.1:1')).toMatchObject({ failure: { code: 'invalid-input' } });
    value(await set('http://127.0.0.1:1'));
    expect(await readFile(join(folder, 'targets.json'), 'utf8')).not.toContain('secret');
    await expect.poll(async () => value(await client.call('targets.list', {}))[0]?.pyroscope.state).toBe('failed');
    value(await client.call('targets.setPyroscope', { targetId: 'local', pyroscope: null }));
    expect(value(await client.call('targets.list', {}))[0]).toMatchObject({
      config: { kind: 'local' },
      pyroscope: { state: 'none' },
    });
  });

  it.skipIf(missing !== undefined)(
    'asks about a new host key, and connects when it is accepted',
    { timeout: 60_000 },
    async () => {
      const sshd = await startSshd();
      const opened: Prompt[] = [];
      const closed: string[] = [];
      client.on('prompt.closed', ({ promptId }) => closed.push(promptId));
      let accept = false;
      client.on('prompt.opened', ({ prompt }) => {
        opened.push(prompt);
        void client.call('prompt.answer', { promptId: prompt.promptId, accept, values: [] });
      });
      try {
        value(await client.call('targets.save', { config: sshd.config }));
        const targetId = sshd.config.id;
        expect(await client.call('link.connect', { targetId })).toMatchObject({
          failure: { code: 'host-key-refused' },
        });
        accept = true;
        value(await client.call('link.connect', { targetId }));
        expect(opened).toHaveLength(2);
        expect(opened[0]).toMatchObject({ kind: 'host-key', keyType: 'ssh-ed25519' });
        expect(closed).toEqual(opened.map((prompt) => prompt.promptId));
        expect(await readFile(join(folder, 'known_hosts'), 'utf8')).toContain('ssh-ed25519');
        await resume.flush();
        const kept = JSON.parse(await readFile(join(folder, 'links-resume.json'), 'utf8')) as { connected: string[] };
        expect(kept.connected).toContain(targetId);
        expect(value(await client.call('targets.test', { config: sshd.config })).system).toContain('Linux');
        value(await client.call('link.disconnect', { targetId }));
      } finally {
        await sshd.dispose();
      }
    },
  );

  it.skipIf(missing !== undefined)(
    'loses no tunnel to windows that change one server at once',
    { timeout: 60_000 },
    async () => {
      const sshd = await startSshd();
      client.on('prompt.opened', ({ prompt }) => {
        void client.call('prompt.answer', { promptId: prompt.promptId, accept: true, values: [] });
      });
      const targetId = sshd.config.id;
      const tunnel = (name: string, port: number) => ({ name, to: { kind: 'tcp' as const, host: '127.0.0.1', port } });
      const names = async (): Promise<readonly (string | undefined)[]> => {
        const [, web] = value(await client.call('targets.list', {}));
        return web?.config.kind === 'ssh' ? (web.config.tunnels ?? []).map(({ name }) => name) : [];
      };
      try {
        // As a form holds it that was opened before any of the tunnels.
        const form = { ...sshd.config, name: 'Renamed' };
        value(await client.call('targets.save', { config: sshd.config }));
        value(await client.call('link.connect', { targetId }));
        const opened = await Promise.all([
          client.call('tunnels.open', { targetId, tunnel: tunnel('one', sshd.port) }),
          client.call('tunnels.open', { targetId, tunnel: tunnel('two', sshd.port + 1) }),
          client.call('targets.save', { config: form }),
          client.call('tunnels.open', { targetId, tunnel: tunnel('three', sshd.port + 2) }),
          client.call('tunnels.open', { targetId, tunnel: tunnel('three again', sshd.port + 2) }),
        ]);
        expect(opened.map((each) => each.ok)).toEqual([true, true, true, true, false]);
        expect((await names()).toSorted()).toEqual(['one', 'three', 'two']);
        const [one] = value(await client.call('tunnels.list', {}))[1]?.tunnels ?? [];
        await Promise.all([
          client.call('tunnels.close', { targetId, tunnelId: one?.config.id ?? '' }),
          client.call('targets.save', { config: { ...form, name: 'Renamed again' } }),
          client.call('tunnels.open', { targetId, tunnel: tunnel('four', sshd.port + 3) }),
          client.call('targets.setPyroscope', {
            targetId,
            pyroscope: { url: 'http://127.0.0.1:1', reach: 'direct', push: false },
          }),
        ]);
        const [, web] = value(await client.call('targets.list', {}));
        expect(web?.config).toMatchObject({ name: 'Renamed again', pyroscope: { url: 'http://127.0.0.1:1' } });
        expect(await names()).toHaveLength(3);
        expect(await names()).toContain('four');
        // What is on the disk is what is shown.
        const kept = JSON.parse(await readFile(join(folder, 'targets.json'), 'utf8')) as { targets: TargetConfig[] };
        expect(kept.targets.find(({ id }) => id === targetId)).toEqual(web?.config);
      } finally {
        await sshd.dispose();
      }
    },
  );

  it('imports files, saves them as a snapshot, and gives them back', async () => {
    const file = join(folder, 'stacks.folded');
    await writeFile(file, 'main;work 10\n');
    const imported = value(await shell.call('profile.import', { windowId: 'w1', path: file }));
    expect(imported).toMatchObject({ title: 'stacks.folded', byteLength: 13 });
    expect((await stat(join(folder, 'spool'))).mode & 0o077).toBe(0);
    const { profileId } = imported;
    const selection = {
      targetId: 'local',
      source: 'agent',
      profileType: 'cpu',
      selector: '{}',
      startMs: 1,
      endMs: 2,
    } as const;
    const profiles = [{ profileId, title: 'stacks.folded', selection }];
    const row = value(await client.call('snapshots.save', { title: 'Mine', notes: '', view, profiles }));
    value(await client.call('profile.release', { profileId }));
    expect(await readdir(join(folder, 'spool'))).toEqual([]);
    expect(await client.call('snapshots.save', { title: 'x', notes: '', view, profiles })).toMatchObject({
      failure: { code: 'not-found' },
    });
    const opened = value(await client.call('snapshots.open', { snapshotId: row.snapshotId }));
    const [again] = opened.profiles;
    expect(again?.selection).toEqual(selection);
    expect(await readFile(join(folder, 'spool', again?.profileId ?? ''), 'utf8')).toBe('main;work 10\n');
    expect(value(await client.call('snapshots.list', {}))).toEqual([row]);
    value(await client.call('snapshots.remove', { snapshotId: row.snapshotId }));
  });

  it('lets go of what a window held when it is gone, and of nothing else', async () => {
    const file = join(folder, 'stacks.folded');
    await writeFile(file, 'main;work 10\n');
    const open = async (windowId: string): Promise<string> =>
      value(await shell.call('profile.import', { windowId, path: file })).profileId;
    const [first, kept, other] = [await open('w1'), await open('w1'), await open('w11')];
    const held = async (): Promise<Set<string>> => new Set(await readdir(join(folder, 'spool')));
    expect(await client.call('profile.release', { profileId: other })).toMatchObject({ failure: { code: 'refused' } });
    expect(await held()).toEqual(new Set([first, kept, other]));
    // The page was loaded again and comes back to one of them.
    value(await shell.call('window.release', { windowId: 'w1', keep: [kept] }));
    expect(await held()).toEqual(new Set([kept, other]));
    value(await shell.call('window.release', { windowId: 'w1', keep: [] }));
    expect(await held()).toEqual(new Set([other]));
    // A links process that was killed in between knows it from the names.
    await begin();
    value(await shell.call('window.release', { windowId: 'w11', keep: [] }));
    expect(await held()).toEqual(new Set());
  });

  it('keeps nothing for a window that has never opened anything', async () => {
    value(await shell.call('window.release', { windowId: 'w1', keep: [] }));
  });

  it('says what is wrong with a file', async () => {
    await writeFile(join(folder, 'empty'), '');
    await mkdir(join(folder, 'folder'));
    const code = async (name: string): Promise<unknown> => {
      const result = await shell.call('profile.import', { windowId: 'w1', path: join(folder, name) });
      return result.ok ? 'ok' : result.failure.code;
    };
    expect(await code('none')).toBe('not-found');
    expect(await code('empty')).toBe('bad-profile');
    expect(await code('folder')).toBe('invalid-input');
  });
});

describe('Prompts', () => {
  it('end with what asked, and take only answers that fit', async () => {
    const events: string[] = [];
    const prompts = new Prompts((name) => events.push(name));
    const ending = new AbortController();
    const fields = [{ label: 'Password', echo: false }];
    const asked = prompts.askSecret({ targetId: 't', title: '', explanation: '', fields }, ending.signal);
    const [prompt] = prompts.list();
    expect(prompts.answer(prompt?.promptId ?? '', true, [])).toMatchObject({ failure: { code: 'invalid-input' } });
    ending.abort();
    expect(await asked).toBeNull();
    expect(prompts.list()).toEqual([]);
    expect(prompts.answer(prompt?.promptId ?? '', true, ['x'])).toMatchObject({ failure: { code: 'not-found' } });
    expect(events).toEqual(['prompt.opened', 'prompt.closed']);
  });
});

describe('Resume', () => {
  it('is for the same run of the app only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pyrometer-resume-'));
    const path = join(folder, 'resume.json');
    const request = { service: 'revel_web', options: defaultPySpyOptions };
    const now = {
      connected: ['web', 'mac'],
      recordings: { web: 5 },
      pyspy: { mac: { request, startedAtMs: 7, why: 'This is macOS.' } },
    };
    const nothing = { connected: [], recordings: {}, pyspy: {}, endedPySpy: {} };
    new Resume(path, '/spool/1').save(now);
    await expect.poll(() => new Resume(path, '/spool/1').load()).toEqual({ ...now, endedPySpy: {} });
    // Of the app's run before it is known what py-spy recorded, so that its end can be told.
    expect(await new Resume(path, '/spool/2').load()).toEqual({ ...nothing, endedPySpy: now.pyspy });
    // A file of an app that kept no recordings by py-spy.
    await writeFile(path, JSON.stringify({ version: 1, spoolDir: '/spool/1', connected: ['web'], recordings: {} }));
    expect(await new Resume(path, '/spool/1').load()).toEqual({ ...nothing, connected: ['web'] });
    await writeFile(path, '{');
    expect(await new Resume(path, '/spool/1').load()).toEqual(nothing);
    await rm(folder, { recursive: true });
  });
});
