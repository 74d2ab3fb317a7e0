import { fail, ok, type Result } from '../../contract/result.js';
import type { Address, Link } from '../link/link.js';
import { runScript } from '../link/marked.js';

/**
 * Names where Docker listens: what the user's own environment and `docker context` say, then the places of Docker's engine,
 * Docker Desktop, Colima, OrbStack, Rancher Desktop and Podman. Changes nothing. A login over ssh has a short PATH on macOS.
 */
const script = `
PATH=$PATH:/usr/local/bin:/opt/homebrew/bin
host=\${DOCKER_HOST-}
[ -n "$host" ] || host=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null | head -n 1)
[ -z "$host" ] || printf 'host %s\\n' "$host"
for s in /var/run/docker.sock "$HOME/.docker/run/docker.sock" "$HOME/.colima/default/docker.sock" \\
  "$HOME/.orbstack/run/docker.sock" "$HOME/.rd/docker.sock" "/run/user/$(id -u)/docker.sock" \\
  "/run/user/$(id -u)/podman/podman.sock" "$HOME/.local/share/containers/podman/machine/podman.sock"; do
  [ -S "$s" ] || continue
  if [ -w "$s" ]; then printf 'socket %s\\n' "$s"; else printf 'closed %s\\n' "$s"; fi
done
:`;

/**
 * Where Docker can be reached on a target; undefined where there is none. "docker-denied": there is one, and this user may
 * not use it.
 */
export async function findDocker(link: Link, signal?: AbortSignal): Promise<Result<Address | undefined>> {
  const looked = await runScript(link, script, [], signal === undefined ? {} : { signal });
  if (!looked.ok) return looked;
  const said = looked.value.stdout.split('\n').flatMap((line) => {
    const found = /^(host|socket|closed) (.+)$/.exec(line);
    return found === null ? [] : [{ kind: found[1], text: found[2] ?? '' }];
  });
  const open = said.filter(({ kind }) => kind === 'socket').map(({ text }) => text);
  const host = said.find(({ kind }) => kind === 'host')?.text;
  const named = host === undefined ? undefined : parseHost(host);
  // What the user chose comes first, unless it is a socket that is not there (the default context of a fresh Mac).
  if (named !== undefined && (named.kind === 'tcp' || open.includes(named.path))) return ok(named);
  const [first] = open;
  if (first !== undefined) return ok({ kind: 'unix', path: first });
  const closed = said.find(({ kind }) => kind === 'closed')?.text;
  if (closed === undefined) return ok(undefined);
  return fail(
    'docker-denied',
    `Docker's socket ${closed} may not be read by this user: add the user to the group "docker", which gives the rights of root.`,
  );
}

/** "unix:///path" or "tcp://host:port"; undefined for what cannot be opened through a link (ssh://, npipe://). */
export function parseHost(text: string): Address | undefined {
  const path = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const [, host, port] = /^tcp:\/\/([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined ? undefined : { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
