import { request } from 'node:http';

/** How hard and how long to use the demo shop. */
export interface LoadOptions {
  /** "http://127.0.0.1:PORT". */
  readonly webUrl: string;
  /** Requests begun in a second; when as many are still open, beats are left out. */
  readonly perSecond: number;
  /** The load ends by itself then. */
  readonly forMs: number;
}

/** Load that runs until it is disposed or its time is over. */
export interface Load {
  /** Requests that were answered, and that failed. */
  readonly counts: () => { readonly answered: number; readonly failed: number };
  dispose(): void;
}

/** Of ten requests: six checkouts (Python and libcrypto), two catalogues (JSON), two reports (templates). */
const round = [
  'checkout',
  'catalogue',
  'checkout',
  'report',
  'checkout',
  'checkout',
  'catalogue',
  'checkout',
  'report',
  'checkout',
] as const;

/** Uses the demo shop at a steady, bounded rate. Speaks to loopback only. */
export function startLoad(options: LoadOptions): Load {
  if (new URL(options.webUrl).hostname !== '127.0.0.1') throw new Error('load is for loopback only');
  let number = 0;
  let open = 0;
  let answered = 0;
  let failed = 0;
  const ask = (): void => {
    if (open >= options.perSecond) return;
    open += 1;
    const call = request(`${options.webUrl}${pathOf(number++)}`, { timeout: 10_000 }, (response) => {
      response.resume();
      response.once('close', () => {
        open -= 1;
        if (response.statusCode === 200 && response.complete) answered += 1;
        else failed += 1;
      });
    });
    call.once('timeout', () => call.destroy(new Error('no answer in 10 s')));
    call.once('error', () => {
      open -= 1;
      failed += 1;
    });
    call.end();
  };
  const ticking = setInterval(ask, 1000 / options.perSecond);
  const over = setTimeout(() => {
    clearInterval(ticking);
  }, options.forMs);
  return {
    counts: () => ({ answered, failed }),
    dispose: () => {
      clearInterval(ticking);
      clearTimeout(over);
    },
  };
}

function pathOf(number: number): string {
  const page = round[number % round.length] ?? 'checkout';
  if (page === 'checkout') return `/checkout/${number % 100}`;
  if (page === 'report') return `/report/${1 + (number % 12)}`;
  return '/catalogue.json';
}
