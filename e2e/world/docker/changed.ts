import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';
import { run } from '../support/run';
import { demoImage } from './image';

/** An image, and what is different in it from the one that it was made of. */
export interface ChangedImage {
  readonly repo: string;
  readonly tag: string;
  /** Text files by their paths from the root. */
  readonly files: Readonly<Record<string, string>>;
}

/** Makes an image out of the demo's, as a build that changes some files does: it has a digest of its own. Answers its name. */
export async function changeImage(api: Docker, worldPath: string, image: ChangedImage): Promise<string> {
  const { repo, tag, files } = image;
  const container = await api.createContainer({ Image: demoImage, Cmd: ['true'] });
  const made = mkdtempSync(join(worldPath, 'tmp', `image-${repo}-`));
  try {
    const root = join(made, 'root');
    for (const [path, text] of Object.entries(files)) {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    const tar = join(made, 'changed.tar');
    const flags = ['--owner=0', '--group=0', '--mode=u=rwX,go=rX'];
    await run('tar', ['--create', `--file=${tar}`, `--directory=${root}`, ...flags, ...readdirSync(root)]);
    await container.putArchive(createReadStream(tar), { path: '/' });
    await container.commit({ repo, tag });
    return `${repo}:${tag}`;
  } finally {
    rmSync(made, { recursive: true, force: true });
    await container.remove();
  }
}
