import { findProgram } from './paths.mjs';

/** What to do when Go is missing, as the beginning of a sentence. */
export const goMissing = 'Go 1.26 or newer is not on PATH (https://go.dev/dl)';

/**
 * The same for building agents, vetting and testing: then each finds the others' packages in Go's cache. Without these
 * every dependency would be compiled two times over. Tests that run Go inherit it for the same reason. The agents get no C
 * and no paths of the machine they were built on.
 */
export const goEnvironment = Object.freeze({ CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false' });

/** Go, from PATH or where its own installer puts it. */
export function findGo() {
  return findProgram(['go'], `${process.env['PATH'] ?? ''}:/usr/local/go/bin`);
}

/** The same where nothing works without it: throws what to do. */
export function goProgram() {
  const go = findGo();
  if (go === undefined) throw new Error(goMissing);
  return go;
}
