/** One instance of a service, a process in a container, and the steps of time in which it used CPU. */
export interface InstanceSteps {
  readonly service: string;
  /** What makes it another one: container and process. */
  readonly instance: string;
  /** What it was built from: a git ref or an image digest, "" when unknown. */
  readonly version: string;
  /** Unix milliseconds at which the steps begin. */
  readonly stepsMs: readonly number[];
}

/** All instances of a service were replaced: by another version, or by the same one. */
export interface Turnover {
  readonly service: string;
  readonly kind: 'deploy' | 'restart';
  /** Until here everything was the old, from `newFromMs` on everything is the new. Unix milliseconds. */
  readonly oldUntilMs: number;
  readonly newFromMs: number;
  /** Versions of a deploy, "" otherwise. */
  readonly from: string;
  readonly to: string;
}

/** A rolling deploy takes no longer than this; what lies side by side for longer are two variants. */
const longestRollMs = 10 * 60_000;

/**
 * Finds deploys and restarts in what was sampled of services. A deploy: a version ends when another one has begun. A restart:
 * no instance of one step is among those of the next, and both are there for two steps at least. A service that is made of
 * short-lived processes has other instances in every step and is restarted by none of them.
 *
 * Example, steps of 15 s: instance a in steps 0, 15, 30 and b in 30, 45, 60 is a restart, old until 30 and new from 45.
 */
export function turnoversOf(instances: readonly InstanceSteps[], stepMs: number): readonly Turnover[] {
  const services = new Map<string, InstanceSteps[]>();
  for (const each of instances) {
    const known = services.get(each.service);
    if (known === undefined) services.set(each.service, [each]);
    else known.push(each);
  }
  const found: Turnover[] = [];
  for (const [service, of] of services) {
    const deploys = deploysOf(service, of, stepMs);
    const restarts = restartsOf(service, of, stepMs).filter(
      (restart) =>
        !deploys.some(
          (deploy) =>
            restart.oldUntilMs <= deploy.newFromMs + stepMs && restart.newFromMs >= deploy.oldUntilMs - stepMs,
        ),
    );
    found.push(...deploys, ...restarts);
  }
  return found.sort((a, b) => a.newFromMs - b.newFromMs);
}

function deploysOf(service: string, instances: readonly InstanceSteps[], stepMs: number): readonly Turnover[] {
  const spans = new Map<string, { firstMs: number; lastMs: number }>();
  for (const { version, stepsMs } of instances) {
    if (version === '') continue;
    const firstMs = Math.min(...stepsMs);
    const lastMs = Math.max(...stepsMs);
    const span = spans.get(version);
    spans.set(version, {
      firstMs: Math.min(firstMs, span?.firstMs ?? firstMs),
      lastMs: Math.max(lastMs, span?.lastMs ?? lastMs),
    });
  }
  const inOrder = [...spans].sort(([, a], [, b]) => a.firstMs - b.firstMs || a.lastMs - b.lastMs);
  return inOrder.flatMap(([to, after], index) => {
    const [from, before] = inOrder[index - 1] ?? [];
    if (from === undefined || before === undefined) return [];
    const begins = before.firstMs < after.firstMs && before.lastMs < after.lastMs;
    if (!begins || before.lastMs - after.firstMs > longestRollMs) return [];
    const oldUntilMs = Math.min(after.firstMs, before.lastMs + stepMs);
    return [
      { service, kind: 'deploy', oldUntilMs, newFromMs: Math.max(after.firstMs, before.lastMs + stepMs), from, to },
    ];
  });
}

function restartsOf(service: string, instances: readonly InstanceSteps[], stepMs: number): readonly Turnover[] {
  const byStep = new Map<number, Set<string>>();
  for (const { instance, stepsMs } of instances) {
    for (const at of stepsMs) {
      const known = byStep.get(at);
      if (known === undefined) byStep.set(at, new Set([instance]));
      else known.add(instance);
    }
  }
  const steps = [...byStep].sort(([a], [b]) => a - b).map(([at, seen]) => ({ at, seen }));
  const meet = (a: number, b: number): boolean => {
    const [one, other] = [steps[a]?.seen, steps[b]?.seen];
    return one !== undefined && other !== undefined && [...one].some((instance) => other.has(instance));
  };
  const found: Turnover[] = [];
  for (let step = 1; step + 1 < steps.length; step++) {
    // The step in which it happened may have both, the old and the new.
    const mixed = meet(step - 1, step) && meet(step, step + 1) && !meet(step - 1, step + 1);
    const last = mixed ? step - 1 : step;
    const next = step + 1;
    if (!mixed && meet(last, next)) continue;
    if (!meet(last - 1, last) || !meet(next, next + 1)) continue;
    const oldUntilMs = (steps[last]?.at ?? 0) + stepMs;
    found.push({ service, kind: 'restart', oldUntilMs, newFromMs: steps[next]?.at ?? 0, from: '', to: '' });
  }
  return found;
}

/** A range of time, Unix milliseconds. */
interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** A comparison of what lies farther back than this says more of the hour than of the change. */
const longestSideMs = 30 * 60_000;

/**
 * Equally long ranges before and after a turnover, inside of `within` and not across the turnovers beside it; undefined where
 * one of them would be shorter than a step.
 */
export function rangesAround(
  turnover: Turnover,
  others: readonly Turnover[],
  within: Span,
  stepMs: number,
): { readonly before: Span; readonly after: Span } | undefined {
  const own = others.filter(({ service }) => service === turnover.service);
  const earlier = own.filter(({ newFromMs }) => newFromMs < turnover.newFromMs).map(({ newFromMs }) => newFromMs);
  const later = own.filter(({ oldUntilMs }) => oldUntilMs > turnover.oldUntilMs).map(({ oldUntilMs }) => oldUntilMs);
  const fromMs = Math.max(within.startMs, ...earlier);
  const toMs = Math.min(within.endMs, ...later);
  const most = Math.min(turnover.oldUntilMs - fromMs, toMs - turnover.newFromMs, longestSideMs);
  const length = Math.floor(most / stepMs) * stepMs;
  if (length < stepMs) return undefined;
  return {
    before: { startMs: turnover.oldUntilMs - length, endMs: turnover.oldUntilMs },
    after: { startMs: turnover.newFromMs, endMs: turnover.newFromMs + length },
  };
}
