import { useEffect, useMemo, useState } from 'react';
import type { PythonProcess } from '../../../contract/pyspy.js';
import type { Failure, Result } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';

export interface PythonProcesses {
  /** Parents before children. */
  readonly processes: readonly PythonProcess[];
  readonly looking: boolean;
  readonly failure: Failure | null;
}

/** The Python processes of a service: of its row where py-spy is the engine, else as they are looked up once. */
export function usePythonProcesses(targetId: string, service: string): PythonProcesses {
  const { links } = useControls();
  const known = useApp((state) => state.services.find(({ name }) => name === service)?.processes);
  const [answer, setAnswer] = useState<Result<readonly PythonProcess[]> | null>(null);
  const asked = known === undefined;
  useEffect(() => {
    if (!asked) return undefined;
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const result = await links.query('memory.processes', { targetId, service }, asking.signal);
      if (!asking.signal.aborted) setAnswer(result);
    };
    void ask(); // keeps its failure
    return () => {
      asking.abort();
    };
  }, [links, targetId, service, asked]);
  return useMemo(() => {
    if (known !== undefined) return { processes: known, looking: false, failure: null };
    if (answer === null) return { processes: [], looking: true, failure: null };
    return answer.ok
      ? { processes: answer.value, looking: false, failure: null }
      : { processes: [], looking: false, failure: answer.failure };
  }, [known, answer]);
}
