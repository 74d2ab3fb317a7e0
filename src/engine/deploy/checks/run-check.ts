import { checkLabels, type Check, type CheckId } from '../../../contract/check.js';
import { ok, type Result } from '../../../contract/result.js';
import type { Link } from '../../link/link.js';
import { runScript } from '../../link/marked.js';
import { architecture, btf, kernel, lockdown, pidNamespace, tracefs } from './kernel-probes.js';
import { noexec, space, tools } from './place-probes.js';
import { readSaid, sayFunction, warning, type Probe, type Surroundings } from './probe.js';
import { docker, privileges } from './rights-probes.js';
import { agents, clock } from './running-probes.js';

const timeoutMs = 15_000;

const probes: Readonly<Record<CheckId, Probe>> = {
  architecture,
  kernel,
  btf,
  lockdown,
  tracefs,
  'pid-namespace': pidNamespace,
  privileges,
  docker,
  space,
  noexec,
  tools,
  agents,
  clock,
};

/** Looks at one thing on a target. One that does not answer is a warning; only a link that is down is a failure. */
export async function runCheck(
  link: Link,
  id: CheckId,
  surroundings: Surroundings,
  signal?: AbortSignal,
): Promise<Result<Check>> {
  const probe = probes[id];
  const sentAtMs = Date.now();
  const given = signal === undefined ? {} : { signal };
  const result = await runScript(
    link,
    `# Looks at ${checkLabels[id]}; changes nothing.\n${sayFunction}${probe.script}\n:`,
    [],
    { ...given, timeoutMs },
  );
  if (!result.ok) {
    const { code, message } = result.failure;
    if (code !== 'timeout' && code !== 'unsupported') return result;
    const advice = code === 'timeout' ? `Look at ${surroundings.targetName} by hand: ${hint(id)}` : message;
    return ok({ id, ...warning(code === 'timeout' ? `no answer in ${timeoutMs / 1000} s` : 'no answer', advice) });
  }
  const said = readSaid(result.value.stdout, sentAtMs, Date.now());
  return ok({ id, ...(await probe.judge(said, surroundings)) });
}

/** What may hang. */
function hint(id: CheckId): string {
  if (id === 'space' || id === 'noexec') return 'a disk or file server there may not answer.';
  if (id === 'privileges') return 'sudo may wait for a directory service that does not answer.';
  return `"${checkLabels[id]}" should take a moment only.`;
}
