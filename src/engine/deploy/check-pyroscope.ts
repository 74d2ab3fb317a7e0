import { fail, ok, type Result } from '../../contract/result.js';
import type { PyroscopeConfig } from '../../contract/target.js';

/** What the contract's shape cannot say of a Pyroscope address: a configuration holds no secrets, and no query. */
export function checkPyroscope(pyroscope: PyroscopeConfig | undefined): Result<null> {
  if (pyroscope === undefined) return ok(null);
  const url = new URL(pyroscope.url);
  if (url.username !== '' || url.password !== '') {
    return fail('invalid-input', 'Leave user and password out of the address: it is stored as it is.');
  }
  if (url.search !== '' || url.hash !== '') {
    return fail('invalid-input', 'The address of a Pyroscope ends with its path: leave out what follows "?" or "#".');
  }
  return ok(null);
}
