import { fail, ok, type Result } from '../../contract/result.js';
import type { Address, Link } from '../link/link.js';
import { runScript } from '../link/marked.js';

/**
 * Names where Docker may listen: what the user's own environment and `docker context` say, wherever that is, then the places of
 * Docker's engine, Docker Desktop, Colima, OrbStack, Rancher Desktop, Lima and Podman, with their further profiles. A login over ssh
 * has a short PATH on macOS, so programs are looked for where their installers put them; where none of Docker's is found, the
 * file in which it keeps its context is read.
 */
const script = `
# Looks where Docker listens; changes nothing.
PATH=$PATH:/usr/local/bin:/opt/homebrew/bin:/opt/podman/bin:$HOME/.docker/bin:$HOME/.orbstack/bin:$HOME/.rd/bin
host=\${DOCKER_HOST-} tls=
if [ -n "$host" ]; then
  tls=\${DOCKER_TLS_VERIFY-}
else
  said=$(docker context inspect --format '{{if .TLSMaterial}}tls {{end}}{{.Endpoints.docker.Host}}' 2>/dev/null | head -n 1)
  host=\${said#tls }
  [ "$host" = "$said" ] || tls=yes
fi
if [ -z "$host" ]; then
  settings=\${DOCKER_CONFIG:-$HOME/.docker}
  context=\${DOCKER_CONTEXT-}
  [ -n "$context" ] || context=$(sed -n 's/.*"currentContext"[ :]*"\\([^"]*\\)".*/\\1/p' "$settings/config.json" 2>/dev/null)
  for f in "$settings"/contexts/meta/*/meta.json; do
    [ -n "$context" ] && grep -q "\\"Name\\"[ :]*\\"$context\\"" "$f" 2>/dev/null || continue
    host=$(sed -n 's/.*"Host"[ :]*"\\([^"]*\\)".*/\\1/p' "$f" | head -n 1)
    f=\${f%/meta.json}
    [ ! -d "$settings/contexts/tls/\${f##*/}" ] || tls=yes
  done
fi
[ -z "$host" ] || printf 'host %s\\n' "$host"
[ -z "$tls" ] || printf 'tls yes\\n'
own= machine=
case $host in unix:///*) own=\${host#unix://};; esac
[ "$(uname -s)" != Darwin ] || machine=$(podman machine inspect --format '{{.ConnectionInfo.PodmanSocket.Path}}' 2>/dev/null | head -n 1)
runs=\${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
for s in \${own:+"$own"} /var/run/docker.sock "$HOME/.docker/run/docker.sock" "$HOME/.docker/desktop/docker.sock" \\
  "$HOME/.colima/default/docker.sock" "$HOME/.colima/docker.sock" "$HOME"/.colima/*/docker.sock \\
  "\${XDG_CONFIG_HOME:-$HOME/.config}"/colima/*/docker.sock "$HOME/.orbstack/run/docker.sock" "$HOME/.rd/docker.sock" \\
  "$HOME"/.lima/*/sock/docker.sock "$runs/docker.sock" "$runs/podman/podman.sock" /run/podman/podman.sock \\
  \${machine:+"$machine"} "$HOME/.local/share/containers/podman/machine/podman.sock" \\
  "$HOME"/.local/share/containers/podman/machine/*/podman.sock; do
  [ -S "$s" ] || continue
  if [ -w "$s" ]; then printf 'socket %s\\n' "$s"; else printf 'closed %s\\n' "$s"; fi
done
:`;

/** Where Docker may listen on a machine. */
export interface DockerPlaces {
  /** What the user's environment or context names; undefined: nothing. */
  readonly host: string | undefined;
  /** Whether that is spoken to with certificates. */
  readonly tls: boolean;
  /** Sockets that this user may write to, best first. Somebody may have left them behind. */
  readonly sockets: readonly string[];
  /** Sockets that this user may not write to. */
  readonly closed: readonly string[];
}

/** Looks where Docker may listen; tries none of it. */
export async function dockerPlaces(link: Link, signal?: AbortSignal): Promise<Result<DockerPlaces>> {
  const looked = await runScript(link, script, [], signal === undefined ? {} : { signal });
  if (!looked.ok) return looked;
  const said = looked.value.stdout.split('\n').flatMap((line) => {
    const found = /^(host|tls|socket|closed) (.+)$/.exec(line);
    return found === null ? [] : [{ kind: found[1], text: found[2] ?? '' }];
  });
  const all = (kind: string): readonly string[] => [
    ...new Set(said.filter((each) => each.kind === kind).map(({ text }) => text)),
  ];
  return ok({ host: all('host')[0], tls: all('tls').length > 0, sockets: all('socket'), closed: all('closed') });
}

/**
 * Where Docker can be reached on a target; undefined where there is none. What the user chose comes first; of all others the
 * first that answers, because engines leave their sockets behind (the default context of a Mac names one of an engine that is not
 * there any more). "docker-denied": there is one, and this user may not use it.
 */
export async function findDocker(link: Link, signal?: AbortSignal): Promise<Result<Address | undefined>> {
  if (link.engine !== undefined) return ok(link.engine);
  const places = await dockerPlaces(link, signal);
  if (!places.ok) return places;
  const { host, tls, sockets, closed } = places.value;
  const named = host === undefined ? undefined : parseHost(host);
  const elsewhere = named?.kind === 'tcp' && !tls ? [named] : [];
  for (const address of [...elsewhere, ...sockets.map((path) => ({ kind: 'unix', path }) as const)]) {
    const opened = await link.open(address, signal);
    if (opened.ok) {
      opened.value.destroy();
      return ok(address);
    }
    const { code } = opened.failure;
    if (code === 'forwarding-denied' || code === 'not-connected' || code === 'cancelled') return opened;
  }
  const own = named?.kind === 'unix' ? named.path : undefined;
  const denied = host === undefined ? closed[0] : closed.find((path) => path === own);
  if (denied !== undefined) {
    return fail(
      'docker-denied',
      `Docker's socket ${denied} may not be read by this user: add the user to the group "docker", which gives the rights of root.`,
    );
  }
  if (host === undefined) return ok(undefined);
  if (named === undefined || (named.kind === 'tcp' && tls)) {
    return fail(
      'unsupported',
      `Docker there is set to ${host}, another machine that is spoken to in its own way: add that machine as a server.`,
    );
  }
  return fail(
    'not-found',
    `Docker there is set to ${host}, where nothing answers: start it, or choose another context.`,
  );
}

/** "unix:///path" or "tcp://host:port"; undefined for what cannot be opened through a link (ssh://, npipe://). */
export function parseHost(text: string): Address | undefined {
  const path = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const [, host, port] = /^tcp:\/\/([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined ? undefined : { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
