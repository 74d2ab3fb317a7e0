import { execFile } from 'node:child_process';
import { fail, ok, type Result } from '../../../contract/result.js';
import { errorCode } from '../../failures/thrown.js';

/** The first that says whose question it is when a server asks: before, a server could ask as if it were ssh. */
const oldest = { major: 8, minor: 5 };

/** Whether the system's ssh can hold a connection for us. */
export async function checkOpenSsh(program: string): Promise<Result<null>> {
  const said = await new Promise<Result<string>>((resolve) => {
    execFile(program, ['-V'], { timeout: 10_000 }, (error, stdout, stderr) => {
      if (errorCode(error) === 'ENOENT') {
        resolve(fail('unsupported', 'OpenSSH is not installed here (no "ssh" in PATH): install its client.'));
      } else resolve(ok(stderr + stdout));
    });
  });
  if (!said.ok) return said;
  const [, major, minor] = /OpenSSH_(?:for_Windows_)?(\d+)\.(\d+)/.exec(said.value) ?? [];
  const version = { major: Number(major), minor: Number(minor) };
  if (version.major > oldest.major || (version.major === oldest.major && version.minor >= oldest.minor))
    return ok(null);
  return fail(
    'unsupported',
    `It is too old: OpenSSH ${oldest.major}.${oldest.minor} or newer is needed.`,
    said.value.trim(),
  );
}
