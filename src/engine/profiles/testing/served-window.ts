import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { DecoderCalls, DecoderEvents, FlamePiece, NamesPiece } from '../../../contract/decoder.js';
import { unpackNames } from '../../../contract/packed-names.js';
import { connect, type Client } from '../../../contract/rpc.js';
import { typeScriptDecoder } from '../decoder.js';
import { serveWindow } from '../serve.js';
import { portPair } from './ports.js';
import { testSpool, type TestSpool } from './spool.js';

/** A window that the decoder process serves, over a spool of its own. What lies in arrays came in the test that runs. */
export interface ServedWindow {
  readonly spool: TestSpool;
  readonly window: Client<DecoderCalls, DecoderEvents>;
  /** Names of the functions of views, as they were sent: one after the other, and in their pieces. */
  readonly names: string[];
  readonly namePieces: readonly NamesPiece[];
  readonly pieces: FlamePiece[];
  /** What serving threw: nothing may be left at a test's end. */
  readonly bugs: unknown[];
  /** Waits for the last piece of a view. */
  readonly lastPiece: () => Promise<void>;
}

/** Serves a new window for each test of a file; what it answers holds that of the test that runs. */
export function serveEachTest(): ServedWindow {
  let spool: TestSpool | undefined;
  let window: Client<DecoderCalls, DecoderEvents> | undefined;
  const names: string[] = [];
  const namePieces: NamesPiece[] = [];
  const pieces: FlamePiece[] = [];
  const bugs: unknown[] = [];
  const inTest = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('no test runs');
    return part;
  };

  beforeEach(() => {
    spool = testSpool(typeScriptDecoder('the test wants it'));
    for (const list of [names, namePieces, pieces, bugs]) list.length = 0;
    const [here, there] = portPair();
    serveWindow(there, spool.store, (error) => bugs.push(error));
    window = connect<DecoderCalls, DecoderEvents>(here);
    window.on('view.names', (packed) => {
      const piece = unpackNames(packed);
      namePieces.push(piece);
      names.push(...piece.names);
    });
    window.on('view.piece', (piece) => pieces.push(piece));
  });
  afterEach(() => {
    window?.dispose();
    spool?.dispose();
    expect(bugs).toEqual([]);
  });

  return {
    get spool() {
      return inTest(spool);
    },
    get window() {
      return inTest(window);
    },
    names,
    namePieces,
    pieces,
    bugs,
    lastPiece: () =>
      vi.waitFor(
        () => {
          expect(pieces.at(-1)?.last).toBe(true);
        },
        { timeout: 60_000 }, // a busy machine is no failure
      ),
  };
}
