import { u32At } from './columns.js';
import type { Profile } from './profile.js';

/** By function, where it lies beyond what tells it from others. Function 0, the root, lies nowhere. */
export interface FunctionOrigins {
  /** String index of the build id of its library; 0 when it is unknown, or when it was seen in several builds. */
  readonly buildId: Uint32Array;
  /** First and last line: where the file says it begins, else the lines that were seen in it; 0 when unknown. 1-based. */
  readonly firstLine: Uint32Array;
  readonly lastLine: Uint32Array;
}

const several = 0xffff_ffff;

/**
 * Reads from the locations what functions do not say themselves.
 *
 * Example: a location of mapping "/bin/a" (build id 77) with line 3 of main and one with line 9 of it, and main begins in no
 * line that the file names: main has buildId "77", firstLine 3, lastLine 9.
 */
export function functionOrigins({ functions, mappings, locations }: Profile): FunctionOrigins {
  const count = functions.name.length;
  const buildId = new Uint32Array(count);
  const firstLine = new Uint32Array(count);
  const lastLine = new Uint32Array(count);
  for (let location = 1; location < locations.mapping.length; location++) {
    const mapping = u32At(locations.mapping, location);
    const build = u32At(mappings.buildId, mapping);
    const end = u32At(locations.lineStart, location + 1);
    for (let at = u32At(locations.lineStart, location); at < end; at++) {
      const callee = u32At(locations.lineFunction, at);
      // A function with a source file may be in other libraries as well; the one that is named is the one that counts.
      if (build !== 0 && u32At(mappings.file, mapping) === u32At(functions.library, callee)) {
        const known = u32At(buildId, callee);
        buildId[callee] = known === 0 || known === build ? build : several;
      }
      const line = u32At(locations.lineNumber, at);
      if (line === 0) continue;
      const first = u32At(firstLine, callee);
      if (first === 0 || line < first) firstLine[callee] = line;
      if (line > u32At(lastLine, callee)) lastLine[callee] = line;
    }
  }
  for (let callee = 0; callee < count; callee++) {
    if (buildId[callee] === several) buildId[callee] = 0;
    const start = u32At(functions.startLine, callee);
    if (start !== 0) firstLine[callee] = lastLine[callee] = start;
  }
  return { buildId, firstLine, lastLine };
}
