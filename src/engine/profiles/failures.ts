import { fail, type Failure } from '../../contract/result.js';
import { errorCode } from '../failures/thrown.js';

type Failed = { readonly ok: false; readonly failure: Failure };

/** Why a profile's file could not be read. */
export function readFailure(error: unknown): Failed {
  const detail = String(error);
  switch (errorCode(error)) {
    case 'ENOENT':
      return fail('not-found', 'The profile is not there any more. Open or fetch it again.', detail);
    case 'EACCES':
    case 'EPERM':
      return fail('refused', 'The profile may not be read: its file belongs to somebody else.', detail);
    case 'EISDIR':
      return fail('bad-profile', 'This is a folder, not a profile.', detail);
    default:
      return fail('internal', 'The profile could not be read from disk.', detail);
  }
}

/** Why a file could not be written. */
export function writeFailure(error: unknown, path: string): Failed {
  const detail = String(error);
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fail('no-space', `There is no space left for ${path}. Free some, or choose another folder.`, detail);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return fail('refused', `${path} may not be written. Choose a folder that is yours.`, detail);
    case 'ENOENT':
    case 'ENOTDIR':
      return fail('not-found', `The folder of ${path} is not there. Choose another one.`, detail);
    case 'EISDIR':
      return fail('invalid-input', `${path} is a folder. Choose a file name.`, detail);
    case 'ENAMETOOLONG':
      return fail('invalid-input', 'The file name is too long. Choose a shorter one.', detail);
    default:
      return fail('internal', `${path} could not be written.`, detail);
  }
}
