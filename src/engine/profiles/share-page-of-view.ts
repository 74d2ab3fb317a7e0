import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fail, ok, type Result } from '../../contract/result.js';
import { frameColour, quietColour } from '../../core/flame/colours.js';
import { diffColour, diffStep } from '../../core/flame/diff-colours.js';
import { toHex } from '../../core/flame/oklch.js';
import { renderSharePage, type SharePage, type SharePageAssets } from '../../core/formats/share-page.js';
import { shownFile } from '../../core/operations/frames.js';
import { f64At } from '../../core/profile/columns.js';
import { pathsUpwards } from './find-upwards.js';
import type { View } from './lay-out-view.js';

/** The page is drawn on white. */
const theme = 'light';

/** The columns of a view as a shared page carries them. */
export function sharePageOf(view: View, title: string): SharePage {
  const { graph, header } = view;
  const names: string[] = [];
  const files: string[] = [];
  const colours: string[] = [];
  for (let index = 0; index < view.functions.source.length; index++) {
    const frame = view.frameOf(index);
    const colour = index === 0 ? quietColour(theme) : frameColour(theme, frame.packageName, frame.name, frame.kind);
    names.push(frame.name);
    files.push(shownFile(frame));
    colours.push(toHex(colour.fill));
  }
  const { baseline, comparison } = graph;
  return {
    version: 1,
    title,
    unit: header.sampleType.unit,
    names,
    files,
    colours,
    parent: Array.from(graph.parent),
    functionIndex: Array.from(graph.functionIndex),
    value: Array.from(graph.x1, (end, node) => end - f64At(graph.x0, node)),
    self: Array.from(graph.self),
    ...(baseline === undefined || comparison === undefined
      ? {}
      : {
          diff: {
            baseline: Array.from(baseline),
            comparison: Array.from(comparison),
            colours: Array.from(baseline, (before, node) =>
              toHex(diffColour(theme, 'blue-red', diffStep(before, f64At(comparison, node), header.total)).fill),
            ),
          },
        }),
  };
}

/** Renders a page with the script and style that were built with the app. `assetsDir` holds page.js and page.css. */
export async function renderShareHtml(page: SharePage, assetsDir?: string): Promise<Result<string>> {
  const assets = await readAssets(assetsDir);
  return assets.ok ? ok(renderSharePage(page, assets.value)) : assets;
}

async function readAssets(assetsDir: string | undefined): Promise<Result<SharePageAssets>> {
  const folders =
    assetsDir === undefined
      ? [...pathsUpwards(import.meta.dirname, 'share'), ...pathsUpwards(import.meta.dirname, 'out/share')]
      : [assetsDir];
  const tried: string[] = [];
  for (const folder of folders) {
    try {
      const script = await readFile(`${folder}/page.js`, 'utf8');
      const style = await readFile(`${folder}/page.css`, 'utf8');
      const scriptSha256 = createHash('sha256').update(script, 'utf8').digest('base64');
      return ok({ script, style, scriptSha256 });
    } catch (error) {
      tried.push(String(error));
    }
  }
  return fail(
    'internal',
    'The parts that a shared page is made of are missing from this copy of Pyrometer. Build it again with npm start.',
    tried.join('\n'),
  );
}
