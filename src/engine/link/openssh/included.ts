import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { fail, ok, type Result } from '../../../contract/result.js';
import { errorCode, errorText } from '../../failures/thrown.js';
import { expandHome } from '../key-file.js';
import { resolveConfigHost } from '../ssh-config.js';

const systemConfig = '/etc/ssh/ssh_config';
const writableByOthers = 0o022;

/**
 * The files of OpenSSH's configuration that are there. Like ssh itself refuses one that others may write into: what stands
 * in it is run. (It does not look where such a file is included.)
 */
export async function includedConfigs(userConfig: string): Promise<Result<readonly string[]>> {
  const files: string[] = [];
  for (const path of [userConfig, systemConfig]) {
    try {
      const facts = await stat(path);
      const owners = [0, process.getuid?.()];
      if (path === userConfig && (!owners.includes(facts.uid) || (facts.mode & writableByOthers) !== 0)) {
        return fail('invalid-input', `Others may write into ${path}, and ssh runs what it says: chmod 600 it.`);
      }
      files.push(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') continue;
      return fail('invalid-input', `${path} cannot be read: check its owner and mode.`, errorText(error));
    }
  }
  return ok(files);
}

/**
 * The known_hosts files that OpenSSH's configuration names for a host, to stand after ours. Runs what its `Match exec`
 * lines say, as connecting does. (A path with spaces cannot be told from two and is left out.)
 */
export async function configuredKnownHosts(host: string, signal: AbortSignal): Promise<Result<readonly string[]>> {
  const settings = await resolveConfigHost(host, { signal });
  if (!settings.ok) return settings;
  const named = ['userknownhostsfile', 'globalknownhostsfile'].flatMap((keyword) => settings.value.get(keyword) ?? []);
  const paths = named.flatMap((line) => line.split(' ')).map(expandHome);
  return ok(paths.filter((path) => isAbsolute(path) && path !== '/dev/null'));
}
