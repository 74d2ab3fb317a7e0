import { useEffect, useState } from 'react';
import { cpuProfileType, type Selection } from '../../../contract/selection.js';
import { useApp, useControls } from '../../app/workbench.js';
import type { AppState } from '../../state/store.js';
import type { KnownFates } from './explain-words.js';
import type { Measured } from './figures.js';

/**
 * What became of the samples of values, in their order: what the panel of trust knows already, else their source is asked, as long as
 * somebody looks at it. Undefined where nobody counted them.
 */
export function useFates(measured: readonly Measured[]): readonly KnownFates[] {
  const { links } = useControls();
  const keys = measured.map(({ origin }) => keyOf(origin.selection));
  const known = useApp((state) => state.trust?.fates);
  const knownKey = useApp((state) => keyOf(state.trustOf));
  const judges = useApp((state) =>
    measured.map(({ origin }) => origin.selection !== null && countsSamples(state, origin.selection)).join(),
  ).split(',');
  const [asked, setAsked] = useState<ReadonlyMap<string, KnownFates>>(new Map());
  const wanted = [...new Set(keys)].filter(
    (key) => judges[keys.indexOf(key)] === 'true' && key !== knownKey && !asked.has(key),
  );
  const wantedKey = wanted.join('\n');
  useEffect(() => {
    if (wantedKey === '') return undefined;
    const controller = new AbortController();
    const ask = async (key: string): Promise<void> => {
      const selection = JSON.parse(key) as Selection; // made from one above
      const answer = await links.query('source.trust', { selection }, controller.signal);
      if (controller.signal.aborted) return;
      setAsked((before) => new Map(before).set(key, answer.ok ? answer.value.fates : 'failed'));
    };
    for (const key of wantedKey.split('\n')) void ask(key); // its failure is said in its place
    return () => {
      controller.abort();
    };
  }, [links, wantedKey]);
  return keys.map((key, at) => {
    if (key === '' || judges[at] !== 'true') return undefined;
    if (key === knownKey) return known; // the panel is of it
    return asked.has(key) ? asked.get(key) : 'asking';
  });
}

/** What a selection is known by. */
function keyOf(selection: Selection | null): string {
  if (selection === null) return '';
  const { targetId, source, profileType, selector, startMs, endMs } = selection;
  const key: Selection = { targetId, source, profileType, selector, startMs, endMs };
  return JSON.stringify(key);
}

/** Whether a source counts what becomes of samples: our agent does, of CPU time. */
function countsSamples({ targets }: AppState, { targetId, source, profileType }: Selection): boolean {
  const target = targets.find(({ config }) => config.id === targetId);
  return (
    source === 'agent' && profileType === cpuProfileType && target !== undefined && target.agent.engine === undefined
  );
}
