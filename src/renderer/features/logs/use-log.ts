import { useEffect, useState } from 'react';
import type { Failure } from '../../../contract/result.js';
import { useApp, useControls } from '../../app/workbench.js';
import { emptyLog, withLines, type LogSoFar } from './log-lines.js';

/** A log as it is followed; `failure` says why it is not any more. */
export interface FollowedLog {
  readonly log: LogSoFar;
  readonly failure: Failure | null;
}

const none: FollowedLog = { log: emptyLog, failure: null };

/** Follows the log of a target's agent while it is connected; anew when the connection is back. */
export function useLog(targetId: string): FollowedLog {
  const { links, newId } = useControls();
  const connected = useApp((state) =>
    state.targets.some(({ config, link }) => config.id === targetId && link.state === 'connected'),
  );
  const [followed, setFollowed] = useState<FollowedLog>(none);
  useEffect(() => {
    if (!connected) return undefined;
    const requestId = newId('log');
    const following = new AbortController();
    let fresh = true;
    const end = links.on('log.lines', (lines) => {
      if (lines.requestId !== requestId) return;
      // What was seen before the connection broke stays until the log is there again.
      const anew = fresh;
      fresh = false;
      setFollowed((before) => ({ log: withLines(anew ? emptyLog : before.log, lines), failure: null }));
    });
    const follow = async (): Promise<void> => {
      const result = await links.call('agent.followLog', { requestId, targetId }, following.signal);
      if (!result.ok && !following.signal.aborted) setFollowed(({ log }) => ({ log, failure: result.failure }));
    };
    void follow(); // shows its own failure
    return () => {
      end();
      following.abort();
    };
  }, [connected, links, newId, targetId]);
  return followed;
}
