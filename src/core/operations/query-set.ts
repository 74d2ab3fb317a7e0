import { filterOf } from '../flame/match-functions.js';
import { patternOfQuery, type SearchMode } from '../flame/match-names.js';
import type { FrameSet } from './operation.js';

/** What a search finds as a set for operations; undefined where no set says it: of a fuzzy query, or of a trait of names. */
export function setOfQuery(query: string, mode: SearchMode): Exclude<FrameSet, { readonly by: 'path' }> | undefined {
  const filter = filterOf(query, mode);
  if (filter?.by === 'package') return { by: 'package', name: filter.name };
  if (filter?.trait === 'kernel') return { by: 'kind', kind: 'kernel' };
  if (filter?.trait === 'cut') return { by: 'kind', kind: 'error' };
  const pattern = filter === undefined ? patternOfQuery(query, mode) : undefined;
  return pattern === undefined ? undefined : { by: 'pattern', pattern };
}
