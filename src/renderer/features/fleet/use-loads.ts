import { useEffect, useState } from 'react';
import { targetTimeMs } from '../../../contract/target-clock.js';
import { useControls } from '../../app/workbench.js';
import type { TargetState } from '../../../contract/target.js';
import { hasAgent } from '../targets/target-words.js';
import { loadOf, type Load } from './fleet-rows.js';

const everyMs = 15_000;
const spanMs = 300_000;

/** What runs on every target with an agent: over the last five minutes, asked for each 15 s while it is looked at. */
export function useLoads(): ReadonlyMap<string, Load> {
  const { store, links, clock } = useControls();
  const [loads, setLoads] = useState<ReadonlyMap<string, Load>>(new Map());
  useEffect(() => {
    const looking = new AbortController();
    const ask = async ({ config, agent }: TargetState): Promise<void> => {
      const endMs = agent.status === undefined ? clock() : targetTimeMs(agent.status, clock());
      const params = { targetId: config.id, source: 'agent' as const, startMs: Math.max(0, endMs - spanMs), endMs };
      const result = await links.query('source.services', params, looking.signal);
      // What was known stays where one does not answer; its state says so.
      if (result.ok && !looking.signal.aborted) {
        setLoads((before) => new Map(before).set(config.id, loadOf(result.value)));
      }
    };
    let asked = new Set<string>();
    const askAll = (fresh: boolean): void => {
      const running = store.getState().targets.filter(hasAgent);
      for (const target of running) if (!fresh || !asked.has(target.config.id)) void ask(target); // keeps what was known
      asked = new Set(running.map(({ config }) => config.id));
    };
    askAll(false);
    const timer = setInterval(() => {
      askAll(false);
    }, everyMs);
    // One that comes is asked at once.
    const end = store.subscribe((state, before) => {
      if (state.targets !== before.targets) askAll(true);
    });
    return () => {
      looking.abort();
      clearInterval(timer);
      end();
    };
  }, [clock, links, store]);
  return loads;
}
