import { useEffect, useMemo } from 'react';

/** What ends when a component goes: its signal is for work that nobody waits for then; it may be ended sooner. */
export function useEnding(): AbortController {
  const ending = useMemo(() => new AbortController(), []);
  useEffect(
    () => () => {
      ending.abort();
    },
    [ending],
  );
  return ending;
}
