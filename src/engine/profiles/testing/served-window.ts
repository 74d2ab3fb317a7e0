import { afterEach, beforeEach } from 'vitest';
import type { DecoderCalls, DecoderEvents } from '../../../contract/decoder.js';
import { unpackNames } from '../../../contract/packed-names.js';
import { connect, type Client } from '../../../contract/rpc.js';
import { typeScriptDecoder } from '../decoder.js';
import { serveWindow } from '../serve.js';
import { portPair } from './ports.js';
import { testSpool, type TestSpool } from './spool.js';

/** A window that the decoder process serves, over a spool of its own. */
export interface ServedWindow {
  readonly spool: TestSpool;
  readonly window: Client<DecoderCalls, DecoderEvents>;
  /** Names of the functions of views, as they were sent. */
  readonly names: string[];
}

/** Serves a new window for each test of a file; what it answers holds that of the test that runs. */
export function serveEachTest(): ServedWindow {
  let served: ServedWindow | undefined;
  beforeEach(() => {
    const spool = testSpool(typeScriptDecoder('the test wants it'));
    const [here, there] = portPair();
    serveWindow(there, spool.store, (error) => {
      throw error;
    });
    const window = connect<DecoderCalls, DecoderEvents>(here);
    const names: string[] = [];
    window.on('view.names', (piece) => names.push(...unpackNames(piece).names));
    served = { spool, window, names };
  });
  afterEach(() => {
    served?.window.dispose();
    served?.spool.dispose();
    served = undefined;
  });
  const now = (): ServedWindow => {
    if (served === undefined) throw new Error('no test runs');
    return served;
  };
  return {
    get spool() {
      return now().spool;
    },
    get window() {
      return now().window;
    },
    get names() {
      return now().names;
    },
  };
}
