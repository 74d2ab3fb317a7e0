import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok, type Result } from '../../contract/result.js';
import type { Selection } from '../../contract/selection.js';
import type { Address, ExecOptions, ExecResult } from '../link/link.js';
import { LocalLink } from '../link/local-link.js';
import type { LabelSet } from '../pyroscope/querier-client.js';
import { TargetCode } from './target-code.js';
import { fakeDocker, type FakeContainers, type FakeDocker } from './testing/fake-docker.js';
import { mostCodeBytes } from './text-file.js';

const selection: Selection = {
  targetId: 'web',
  source: 'agent',
  profileType: 'cpu',
  selector: '{}',
  startMs: 0,
  endMs: 1,
};
const id = 'a'.repeat(64);

/** This computer, where Docker says that it listens at a socket of the test. */
class DockerLink extends LocalLink {
  private readonly socket: string;

  constructor(socket: string) {
    super();
    this.socket = socket;
  }

  override open(_address: Address, signal?: AbortSignal): Promise<Result<Duplex>> {
    return super.open({ kind: 'unix', path: this.socket }, signal);
  }

  override exec(argv: readonly string[], options?: ExecOptions): Promise<Result<ExecResult>> {
    if (!argv.some((argument) => argument.includes('docker context'))) return super.exec(argv, options);
    return super.exec([
      'sh',
      '-c',
      `printf '\\n%s\\nsocket %s\\n\\n%s 0' "$1" "$2" "$1"`,
      'sh',
      argv[4] ?? '',
      this.socket,
    ]);
  }
}

describe('code on a target', () => {
  let folder = '';
  let docker: FakeDocker | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrometer-code-'));
  });
  afterEach(async () => {
    await docker?.dispose();
    docker = undefined;
    await rm(folder, { recursive: true });
  });

  async function look(path: string, sets: readonly LabelSet[], containers: FakeContainers = {}) {
    const socket = join(folder, 'docker.sock');
    await docker?.dispose();
    docker = await fakeDocker(socket, containers);
    const link = new DockerLink(socket);
    const code = new TargetCode({
      link: () => link,
      targetName: () => 'web-1',
      labels: () => Promise.resolve(ok(sets)),
    });
    return code.look(path, selection, AbortSignal.timeout(20_000));
  }
  const inWeb = [{ container_id: id, container: 'revel_web', service_name: 'web' }];
  const ofMachine = [{ service_name: 'cron' }];
  const web = (
    files: FakeContainers[string]['files'],
    other: Partial<FakeContainers[string]> = {},
  ): FakeContainers => ({
    revel_web: { id, files, ...other },
  });

  it('is read in the container that was sampled', async () => {
    const { tried } = await look('/app/views.py', inWeb, web({ '/app/views.py': { text: 'def f(): pass\n' } }));
    expect(tried).toEqual({
      found: { place: 'container', where: 'the container revel_web', text: 'def f(): pass\n' },
    });
  });

  it('is read in the one that has its name now, and says so', async () => {
    const now = web({ '/app/views.py': { text: 'x' } }, { id: 'b'.repeat(64) });
    expect((await look('/app/views.py', inWeb, now)).tried).toMatchObject({
      found: { doubt: expect.stringContaining('The container that was sampled is gone') as string },
    });
    expect((await look('/app/views.py', inWeb, {})).tried).toMatchObject({
      looks: [{ place: 'container', why: 'That container is gone, and none has its name.' }, { place: 'target' }],
    });
  });

  it('is looked for once where one container took the place of another, in the one that was sampled', async () => {
    const two = [{ container_id: 'c'.repeat(64), container: 'revel_web' }, ...inWeb];
    const { tried } = await look('/app/views.py', two, web({ '/app/views.py': { text: 'x' } }));
    expect(tried).toEqual({ found: { place: 'container', where: 'the container revel_web', text: 'x' } });
    expect((await look('/app/none.py', two, web({}))).tried).toMatchObject({
      looks: [{ place: 'container', why: 'It is not there.' }, { place: 'target' }],
    });
  });

  it('follows links inside the container, as often as is sane', async () => {
    const files = {
      '/app/a.py': { link: '../srv/b.py' },
      '/srv/b.py': { link: '/srv/c.py' },
      '/srv/c.py': { text: 'c' },
      '/app/up.py': { link: '../../../../../etc/passwd' },
      '/app/loop.py': { link: 'loop.py' },
    } as const;
    expect((await look('/app/a.py', inWeb, web(files))).tried).toMatchObject({ found: { text: 'c' } });
    const up = await look('/app/up.py', inWeb, web(files));
    expect(docker?.asked.at(-1)).toContain(encodeURIComponent('/etc/passwd')); // of the container: Docker resolves it there
    expect(up.tried).toMatchObject({ looks: [{ why: 'It is not there.' }, {}] });
    expect((await look('/app/loop.py', inWeb, web(files))).tried).toMatchObject({
      looks: [{ why: 'It is not there.' }, {}],
    });
  });

  it('begins where the program was started when the path does not say', async () => {
    const files = { '/srv/app/shop/a.py': { text: 'a' } };
    expect((await look('shop/a.py', inWeb, web(files, { folder: '/srv/app' }))).tried).toMatchObject({
      found: { where: '/srv/app/shop/a.py in the container revel_web' },
    });
  });

  it.each([
    ['a folder', { folder: true } as const, 'That is a folder.'],
    ['what is no text', { bytes: Uint8Array.of(1, 0, 2) }, 'It is no text.'],
    ['what is too large', { bytes: new Uint8Array(mostCodeBytes + 1).fill(32) }, 'It has more than 2 MB.'],
  ])('is not %s', async (_what, entry, why) => {
    expect((await look('/a.py', inWeb, web({ '/a.py': entry }))).tried).toMatchObject({ looks: [{ why }, {}] });
  });

  it('asks Docker nothing that a label made up', async () => {
    const hostile = [
      { container_id: '../../images/x', container: 'a/../../../v1/secrets' },
      { container_id: `${id}/../${id}/export?`, container: '..' },
    ];
    const { tried } = await look('/a.py', hostile, web({ '/a.py': { text: 'x' } }));
    expect('looks' in tried && tried.looks.map(({ why }) => why)).toContain(
      'That container is gone, and none has its name.',
    );
    expect(docker?.asked).toEqual([]);
  });

  it('is never a file of the machine where the samples are of containers', async () => {
    const path = join(folder, 'a.py');
    await writeFile(path, 'of the machine');
    const { tried } = await look(path, inWeb, web({}));
    expect(tried).toMatchObject({
      looks: [
        { place: 'container', why: 'It is not there.' },
        { place: 'target', why: expect.stringContaining('Not looked for') as string },
      ],
    });
  });

  it('is read on the machine where they are of none, whatever it is called', async () => {
    for (const name of ['plain.py', "it's $(touch x) `id`; rm -rf *.py", '-rf.py', 'ü \u202e.py', '"$1".py']) {
      const path = join(folder, name);
      await writeFile(path, `# ${name}\n\n`);
      expect((await look(path, ofMachine)).tried).toEqual({
        found: { place: 'target', where: 'web-1', text: `# ${name}\n\n` },
      });
    }
  });

  it('says what the machine has instead', async () => {
    await mkdir(join(folder, 'b.py'));
    await symlink('/dev/zero', join(folder, 'endless.py'));
    await writeFile(join(folder, 'large.py'), Buffer.alloc(mostCodeBytes + 1, 'x'));
    await writeFile(join(folder, 'exact.py'), Buffer.alloc(mostCodeBytes, 'x'));
    await writeFile(join(folder, 'program.py'), Buffer.of(127, 69, 0, 1));
    const why = async (name: string): Promise<string> => {
      const { tried } = await look(join(folder, name), ofMachine);
      return 'found' in tried ? `${tried.found.text.length} characters` : (tried.looks[0]?.why ?? '');
    };
    expect(await why('none.py')).toBe('It is not there.');
    expect(await why('b.py')).toBe('That is a folder.');
    expect(await why('endless.py')).toBe('That is no regular file.');
    expect(await why('large.py')).toBe('It has more than 2 MB.');
    expect(await why('exact.py')).toBe(`${mostCodeBytes} characters`);
    expect(await why('program.py')).toBe('It is no text.');
  });

  it('is nowhere where it is not told any more what was sampled', async () => {
    const path = join(folder, 'a.py');
    await writeFile(path, 'of the machine');
    expect((await look(path, [])).tried).toMatchObject({
      looks: [{ place: 'target', why: 'It does not say any more what was sampled then.' }],
    });
  });

  it('says what it was built from', async () => {
    const labels = { service_repository: 'https://git.example/shop', service_git_ref: '4f2a' };
    const { built } = await look('/a.py', [{ ...labels, pid: '1' }, { ...labels, pid: '2' }, { service_git_ref: 'x' }]);
    expect(built).toEqual([{ repository: 'https://git.example/shop', revision: '4f2a' }]);
  });
});
