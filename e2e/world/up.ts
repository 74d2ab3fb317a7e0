import { once } from 'node:events';
import { join } from 'node:path';
import { visitWorld, worldVariable } from './root/guardian';
import { repositoryFolder } from './support/places';
import { prepareWorld, startWorld, type WorldAddresses } from './world';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** `up.mjs`, outside: prepares, then runs `up.mjs --inside` in a new world. Resolves with the exit code. */
export async function upOutside(): Promise<number> {
  await prepareWorld(say);
  const visit = await visitWorld([process.execPath, join(repositoryFolder, 'e2e/world/up.mjs'), '--inside'], { say });
  return visit.changedEtc.length > 0 ? 1 : visit.exitCode;
}

/** `up.mjs --inside`: brings the world up, prints where it is, and waits for the end. */
export async function upInside(): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stop.abort();
    });
  }
  // A day: somebody may have forgotten it.
  const world = await startWorld({ say, load: 12, loadForMs: 24 * 60 * 60_000 });
  process.stdout.write(guide(world.addresses));
  const awake = setInterval(() => undefined, 60_000);
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  clearInterval(awake);
  say('world: going down');
  await world.dispose();
  return 0;
}

function guide(world: WorldAddresses): string {
  const { sshd, users, keys, demo } = world;
  const accounts = [
    [users.pyro, 'sudo -n, docker group'],
    [users.pat, 'sudo with password'],
    [users.nosudo, 'no sudo'],
    [users.desk, 'desktop user, sudo -n'],
  ] as const;
  return `
The world is up. Ctrl+C takes it down.

  ssh          ssh -p ${sshd.port} -i ${keys.ed25519} -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no pyro@${sshd.host}
  host key     ${sshd.hostPublicKey}
${accounts.map(([user, rights]) => `  ${user.name.padEnd(12)} password ${user.password}   (${rights})`).join('\n')}
  keys         ${keys.ed25519}, ${keys.rsa}, ${keys.encrypted} (passphrase ${keys.passphrase}), ${keys.unknown} (known to nobody)
  docker       ${world.dockerSocket}   (inside also /var/run/docker.sock)
  revel_web    ${demo.webUrl}   pid ${demo.web.pid}, ${demo.web.id.slice(0, 12)}
  pyroscope    ${world.pyroscopeUrl}
  display      ${world.display}
  all of it    ${world.path}/world.json
  logs         ${world.path}/logs
  go inside    nsenter --mount=/proc/${process.pid}/ns/mnt --wd="$PWD" env ${worldVariable}=${world.path} bash

`;
}
