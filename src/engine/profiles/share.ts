import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import type { ShareFormat, ViewSource } from '../../contract/decoder.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { writeFolded } from '../../core/formats/folded.js';
import { writePprof } from '../../core/formats/pprof/write.js';
import { replaceFile, tryToReplace, type Content } from '../files/atomic-write.js';
import { decodeText } from './decode.js';
import { writeFailure } from './failures.js';
import { renderShareHtml, sharePageOf } from './share-page-of-view.js';
import type { ProfileStore } from './store.js';
import { viewTree } from './view-tree.js';
import { buildView } from './lay-out-view.js';

const gzipAsync = promisify(gzip);

/** What is to be written, and where. */
export interface ShareRequest {
  readonly path: string;
  readonly format: ShareFormat;
  readonly title: string;
  readonly source: ViewSource;
}

/** Whether a file could be shared there; what is wrong otherwise. Leaves nothing. */
export async function checkWritable(path: string): Promise<Result<null>> {
  try {
    await tryToReplace(path);
    return ok(null);
  } catch (error) {
    return writeFailure(error, path);
  }
}

/**
 * Writes a profile or a diff as a file: pprof (gzip, all sample types; one profile only), folded stacks (a diff has two counts
 * a line), or one HTML page. The file is written as a whole or not at all; answers its size. `assetsDir`: see
 * {@link renderShareHtml}.
 */
export async function writeShare(
  store: ProfileStore,
  request: ShareRequest,
  assetsDir?: string,
): Promise<Result<{ byteLength: number }>> {
  const content = await contentOf(store, request, assetsDir);
  if (!content.ok) return content;
  try {
    return ok({ byteLength: await replaceFile(request.path, content.value, 0o644) });
  } catch (error) {
    return writeFailure(error, request.path);
  }
}

/** Writes a plain pprof with all that it says, packed. */
export async function writeAsItIs(path: string, bytes: Uint8Array): Promise<Result<{ byteLength: number }>> {
  try {
    return ok({ byteLength: await replaceFile(path, [await gzipAsync(bytes)], 0o644) });
  } catch (error) {
    return writeFailure(error, path);
  }
}

async function contentOf(
  store: ProfileStore,
  { format, title, source }: ShareRequest,
  assetsDir: string | undefined,
): Promise<Result<Content>> {
  switch (format) {
    case 'html': {
      const view = await buildView(store, source);
      if (!view.ok) return view;
      const html = await renderShareHtml(sharePageOf(view.value, title), assetsDir);
      return html.ok ? ok([html.value]) : html;
    }
    case 'pprof':
      if (source.kind === 'diff') {
        return fail(
          'unsupported',
          'A comparison cannot be written as one pprof file. Share it as HTML or folded stacks, or each side as pprof.',
        );
      }
      if (source.operations !== undefined && source.operations.length > 0) {
        return fail(
          'unsupported',
          'A pprof file holds the profile as it was measured. Share what the operations made of it as HTML or folded stacks, or undo them first.',
        );
      }
      return store.withProfile(source.profileId, async ({ decoded }) =>
        ok([await gzipAsync(writePprof(decoded.profile, decodeText))]),
      );
    case 'folded': {
      // Counts as they were measured: flamegraph.pl normalises by itself when it is asked to.
      const made = await viewTree(store, source, { scale: { by: 'measured' } });
      if (!made.ok) return made;
      const { frames, values } = made.value;
      const nameOf = (index: number): string => frames.frameAt(index).name;
      return ok(
        values.kind === 'flame'
          ? writeFolded(values.tree, nameOf)
          : writeFolded(values.comparison, nameOf, values.baseline.self),
      );
    }
  }
}
