import { useEffect, useState } from 'react';
import type { Operation } from '../../../contract/operations.js';
import type { Failure } from '../../../contract/result.js';
import type { HeatMap } from '../../../core/heat-map/heat-map.js';
import { useApp, useControls } from '../../app/workbench.js';
import { hasTimes, timedProfile } from '../../state/times-control.js';

/** The heat map of the profile on the screen, of the samples that its filter by label leaves; null until it is there. */
export function useHeatMap(): { readonly map: HeatMap | null; readonly failure: Failure | null } {
  const { decoder } = useControls();
  const profileId = useApp((state) => (hasTimes(state) ? timedProfile(state.viewSource) : null));
  // As text: a brush makes another list of operations, and the same map.
  const filter = useApp(({ viewSource }) =>
    JSON.stringify((viewSource?.operations ?? []).filter((operation) => 'label' in operation)),
  );
  const [made, setMade] = useState<{ readonly of: string; readonly map: HeatMap } | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    if (profileId === null) return undefined;
    const asking = new AbortController();
    const ask = async (): Promise<void> => {
      const operations = JSON.parse(filter) as Operation[];
      const result = await decoder.query('profile.heat', { profileId, operations }, asking.signal);
      if (asking.signal.aborted) return;
      if (result.ok) setMade({ of: profileId, map: result.value });
      setFailure(result.ok ? null : result.failure);
    };
    void ask(); // keeps its own failure
    return () => {
      asking.abort();
    };
  }, [decoder, profileId, filter]);
  // Of another profile there is none; of another filter the last one stays until the new one is there.
  return { map: made?.of === profileId ? made.map : null, failure };
}
