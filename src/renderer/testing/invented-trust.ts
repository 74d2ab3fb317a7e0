import type { Trust } from '../../contract/trust.js';

/** What an agent might say of a service that is mostly fine. */
export function inventTrust(hostile: boolean): Trust {
  const path = hostile ? '/usr/lib/\u202Egnp.so\u0000<b>' : '/usr/lib/x86_64-linux-gnu/libpq.so.5';
  return {
    fates: {
      fired: 5990,
      lostNewProcess: 37,
      lostTailCall: 0,
      delivered: 5951,
      late: 0,
      lostWindowFull: 0,
      missing: 2,
      inFlight: 0,
      sampledNs: 61.4e9,
      schedulerNs: 60.9e9,
      endedProcesses: 0,
      windows: 60,
      unmeasuredWindows: 0,
      unbalancedWindows: 1,
      firstUnbalancedMs: Date.now() - 300_000,
    },
    totalNs: 61.4e9,
    cutNs: 0.6e9,
    cuts: [{ reason: '[stack cut: native pc read]', valueNs: 0.6e9 }],
    nativeNs: 48e9,
    linedNs: 22e9,
    frameNs: 420e9,
    namedFrameNs: 364e9,
    files: [
      {
        path,
        buildId: 'ab12',
        valueNs: 7e9,
        linedNs: 0,
        frameNs: 56e9,
        namedFrameNs: 0,
        mend: `debug symbols of ${path.split('/').at(-1) ?? ''} are not installed: apt-get install libpq5-dbgsym of version 15.14-0+deb12u1, in the image or on the server (from the archive of debug symbols)`,
      },
      {
        path: '/usr/lib/libpython3.11.so.1.0',
        buildId: 'cd34',
        valueNs: 41e9,
        linedNs: 22e9,
        frameNs: 364e9,
        namedFrameNs: 364e9,
        mend: '',
      },
    ],
    runtimes: [{ name: 'Python', version: '3.11' }],
  };
}
