import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
import { bootstrapDebian, debianRelease, inRoot, type DebianRelease } from '../support/debian';
import { cacheFolder, repositoryFolder } from '../support/places';
import { run } from '../support/run';

/** The demo shop's image, as `docker import` names it. */
export const demoImage = 'revel:demo';

const demoFolder = join(repositoryFolder, 'resources/demo/revel');
const requirementsFile = join(demoFolder, 'requirements.txt');

/** Anything that changes the base must change this text, for it is part of the key of the cache. */
const recipe = `1
packages: python3-minimal python3-venv ca-certificates, without documentation and translations
venv: /opt/venv with resources/demo/revel/requirements.txt
user: app, owner of /var/lib/revel/broker`;

/**
 * The image's root file system without the shop itself, as a tar file: Debian with its Python and the packages from PyPI
 * in a venv. Made once (half a minute) and kept by content key. Debian's packages come from the machine's own apt
 * sources and PyPI's through its own pip, so no address stands here.
 */
export async function demoBase(say: (line: string) => void): Promise<string> {
  const release = await debianRelease();
  const requirements = readFileSync(requirementsFile, 'utf8');
  const key = createHash('sha256')
    .update(`${recipe}\n${release.codename}\n${process.arch}\n${requirements}`)
    .digest('hex');
  const file = join(cacheFolder(), `demo-base-${key.slice(0, 16)}.tar`);
  if (existsSync(file)) return file;

  say('demo image: making its base (once, about half a minute)');
  mkdirSync(cacheFolder(), { recursive: true });
  const build = mkdtempSync(join(cacheFolder(), 'demo-base-build-'));
  try {
    const wheels = join(build, 'wheels');
    await downloadWheels(wheels);
    await bootstrap(build, wheels, release);
    renameSync(join(build, 'base.tar'), file);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
  return file;
}

/** Adds the shop to its base and imports the whole into a dockerd. */
export async function importDemoImage(api: Docker, base: string, worldPath: string): Promise<void> {
  const whole = join(worldPath, 'tmp', 'revel.tar');
  copyFileSync(base, whole);
  try {
    await run('tar', [
      ...['--append', `--file=${whole}`, `--directory=${demoFolder}`, '--owner=0', '--group=0', '--mode=u=rwX,go=rX'],
      ...['--exclude=__pycache__', '--transform=s,^,app/,', 'revel', 'shop'],
    ]);
    const progress = await api.importImage(createReadStream(whole), {
      repo: 'revel',
      tag: 'demo',
      changes: [
        'ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/app PYTHONUNBUFFERED=1 REVEL_BROKER=/var/lib/revel/broker',
        'WORKDIR /app',
        'USER app',
      ],
    });
    await finished(progress.resume());
    await api.getImage(demoImage).inspect();
  } finally {
    rmSync(whole, { force: true });
  }
}

async function downloadWheels(folder: string): Promise<void> {
  await run(
    'python3',
    [
      ...['-m', 'pip', 'download', '--quiet', '--dest', folder, '--no-deps', '--require-hashes', '--only-binary=:all:'],
      ...['--python-version', '3.11', '-r', requirementsFile],
    ],
    { timeoutMs: 300_000 },
  );
}

async function bootstrap(build: string, wheels: string, release: DebianRelease): Promise<void> {
  await bootstrapDebian(release, {
    build,
    packages: ['python3-minimal', 'python3-venv', 'ca-certificates'],
    hooks: [
      `copy-in ${wheels} ${requirementsFile} /opt`,
      inRoot('python3 -m venv /opt/venv'),
      inRoot(
        '/opt/venv/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /opt/wheels --no-deps --require-hashes -r /opt/requirements.txt',
      ),
      inRoot('rm -r /opt/wheels /opt/requirements.txt'),
      inRoot('useradd --system --create-home app && install -d -o app -g app /var/lib/revel /var/lib/revel/broker'),
    ],
    tar: join(build, 'base.tar'),
  });
}
