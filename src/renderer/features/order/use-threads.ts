import { useEffect, useState } from 'react';
import type { TimedThread } from '../../../contract/decoder.js';
import type { Operation } from '../../../contract/operations.js';
import { useApp, useControls } from '../../app/workbench.js';
import { showFailure } from '../../state/toasts.js';

const none: readonly TimedThread[] = [];

/** Threads of the profile on the screen that say when they were sampled, as far as operations on samples leave some. */
export function useThreads(): readonly TimedThread[] {
  const { decoder, store } = useControls();
  const profileId = useApp(({ viewSource }) => (viewSource?.kind === 'flame' ? viewSource.profileId : null));
  const valueIndex = useApp(({ viewSource }) => viewSource?.valueIndex ?? 0);
  // As text: other operations make another list, and the same threads.
  const filter = useApp(({ operations }) =>
    JSON.stringify(operations.filter((operation) => 'label' in operation || operation.kind === 'keep-times')),
  );
  const [made, setMade] = useState<{ readonly of: string; readonly threads: readonly TimedThread[] } | null>(null);
  useEffect(() => {
    if (profileId === null) return undefined;
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const request = { profileId, valueIndex, operations: JSON.parse(filter) as Operation[] };
      const result = await decoder.query('profile.threads', request, asking.signal);
      if (asking.signal.aborted) return;
      if (result.ok) setMade({ of: profileId, threads: result.value });
      else showFailure(store, result.failure);
    };
    void ask(); // shows its own failure
    return () => {
      asking.abort();
    };
  }, [decoder, store, profileId, valueIndex, filter]);
  // Of another profile there are none; with another filter the last ones stay until the new ones are there.
  return made?.of === profileId ? made.threads : none;
}
