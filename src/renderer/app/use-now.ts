import { useEffect, useState } from 'react';
import { useControls } from './workbench.js';

/** The time, a new one each second. */
export function useNow(): number {
  const { clock } = useControls();
  const [nowMs, setNowMs] = useState(clock);
  useEffect(() => {
    const timer = setInterval(() => {
      setNowMs(clock());
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, [clock]);
  return nowMs;
}
