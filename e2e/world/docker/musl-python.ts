import {
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
import { debianRelease, type DebianRelease } from '../support/debian';
import { cacheFolder } from '../support/places';
import { run } from '../support/run';

/** Anything that changes what is built must change this. */
const recipe = 1;
/** Debian's name of the source package, and what its interpreter is called. */
const version = '3.11';

/** An image with a CPython that was linked with musl, as Alpine's are, and nothing else: no shell, no glibc. */
export interface MuslImage {
  readonly name: string;
  readonly python: string;
}

/**
 * Imports it. Nobody packs such an interpreter for Debian, so it is made of Debian's own source with Debian's musl: once, in two
 * minutes, kept in the cache. Only the interpreter itself and the library in Python: no extension modules.
 */
export async function importMuslPython(api: Docker): Promise<MuslImage> {
  const file = await muslRoot();
  const progress = await api.importImage(createReadStream(file), { repo: 'musl-python', tag: version });
  await finished(progress.resume());
  const name = `musl-python:${version}`;
  await api.getImage(name).inspect();
  return { name, python: `/usr/local/bin/python${version}` };
}

/** The image's root file system, as a tar file. */
export async function muslRoot(): Promise<string> {
  const release = await debianRelease();
  const file = join(cacheFolder(), `musl-python-${recipe}-${release.codename}-${process.arch}.tar`);
  if (existsSync(file)) return file;
  mkdirSync(cacheFolder(), { recursive: true });
  const build = mkdtempSync(join(cacheFolder(), 'musl-python-build-'));
  try {
    const source = await unpackSource(build, release);
    const compiler = join(build, 'cc');
    // Python's configure compares this with the triplet of the C library, and musl's wrapper answers for glibc.
    const machine = process.arch === 'x64' ? 'x86_64' : 'aarch64';
    writeFileSync(
      compiler,
      `#!/bin/sh\n[ "$1" != --print-multiarch ] || { echo ${machine}-linux-musl; exit; }\nexec musl-gcc "$@"\n`,
      { mode: 0o755 },
    );
    const options = ['--disable-shared', '--without-ensurepip', '--disable-test-modules', '--without-doc-strings'];
    await run('./configure', [...options, `CC=${compiler}`, 'CFLAGS=-O1 -g0'], { cwd: source, timeoutMs: 300_000 });
    await run('make', [`-j${availableParallelism()}`, 'python'], { cwd: source, timeoutMs: 900_000 });
    const root = join(build, 'root');
    const library = join(root, 'usr/local/lib', `python${version}`);
    mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
    mkdirSync(join(root, 'lib'), { recursive: true });
    cpSync(join(source, 'python'), join(root, 'usr/local/bin', `python${version}`));
    cpSync(join(source, 'Lib'), library, { recursive: true });
    for (const name of ['test', 'idlelib', 'ensurepip', 'lib2to3']) rmSync(join(library, name), { recursive: true });
    const loader = `/lib/ld-musl-${machine}.so.1`;
    cpSync(loader, join(root, loader), { dereference: true });
    const tar = join(build, 'root.tar');
    await run('tar', ['--create', `--file=${tar}`, `--directory=${root}`, '--owner=0', '--group=0', 'usr', 'lib']);
    renameSync(tar, file);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
  return file;
}

/** Fetches Debian's source of Python by the machine's own package sources, beside its own lists. Answers the folder. */
async function unpackSource(build: string, release: DebianRelease): Promise<string> {
  const [parts, lists] = [join(build, 'parts'), join(build, 'lists')];
  for (const folder of [parts, join(lists, 'partial')]) mkdirSync(folder, { recursive: true });
  const { stanzas, lines } = sourcesOf(release);
  writeFileSync(join(parts, 'source.sources'), stanzas);
  writeFileSync(join(parts, 'source.list'), lines);
  const options = [
    ...['Dir::Etc::SourceList=/dev/null', `Dir::Etc::SourceParts=${parts}`, `Dir::State::Lists=${lists}`],
    ...['Dir::Cache::pkgcache=', 'Dir::Cache::srcpkgcache=', 'APT::Sandbox::User=root'],
  ].flatMap((option) => ['-o', option]);
  await run('apt-get', [...options, '--quiet', 'update'], { cwd: build, timeoutMs: 300_000 });
  await run('apt-get', [...options, '--quiet', '--download-only', 'source', `python${version}`], {
    cwd: build,
    timeoutMs: 300_000,
  });
  const archive = readdirSync(build).find((name) => name.includes('.orig.tar'));
  if (archive === undefined) throw new Error(`Debian's source of Python ${version} was not fetched`);
  await run('tar', ['--extract', `--file=${archive}`], { cwd: build });
  const folder = readdirSync(build).find((name) => name.startsWith('Python-'));
  if (folder === undefined) throw new Error(`${archive} holds no folder of Python's`);
  return join(build, folder);
}

/** Where the release itself comes from, in both forms that apt knows, as sources of source packages. */
function sourcesOf({ codename, sources }: DebianRelease): { readonly stanzas: string; readonly lines: string } {
  const stanzas = sources
    .split(/\n\s*\n/)
    .filter((stanza) => /^Suites:\s*(.*)$/m.exec(stanza)?.[1]?.split(/\s+/).includes(codename))
    .map((stanza) => stanza.replace(/^Types:.*$/m, 'Types: deb-src').replace(/^Suites:.*$/m, `Suites: ${codename}`));
  const lines = sources
    .split('\n')
    .filter((line) => /^deb\s+(?:\[[^\]]*\]\s+)?\S+\s+(\S+)/.exec(line)?.[1] === codename)
    .map((line) => line.replace(/^deb\s/, 'deb-src '));
  return { stanzas: `${stanzas.join('\n\n')}\n`, lines: `${lines.join('\n')}\n` };
}
