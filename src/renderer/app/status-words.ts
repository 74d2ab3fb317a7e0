import { pushUrl } from '../../contract/push.js';
import { targetTimeMs } from '../../contract/target-clock.js';
import type { AgentCounter, AgentStatus, TargetState } from '../../contract/target.js';
import type { EngineState } from '../../contract/pyspy.js';
import { isEverything } from '../../contract/profiled.js';
import { burstLeft, choiceWords } from '../features/profiled/profiled-words.js';
import { agentCores, agentShare, keptUntil, keptWords } from '../features/targets/target-words.js';
import { versionWords } from '../features/targets/version-words.js';
import { formatBytes, formatCount, formatShare } from '../format/numbers.js';
import { pushItems } from './push-status.js';

/** A part of the status bar: quiet words around the value. */
export interface StatusItem {
  readonly key: string;
  readonly before: string;
  readonly value: string;
  readonly after: string;
  readonly tone?: 'warn' | 'danger';
  readonly title?: string;
}

/** Everything that was lost on the way, whatever lost it. */
export function lostOf(counters: readonly AgentCounter[]): number {
  return counters.reduce((sum, { name, value }) => (name.toLowerCase().includes('lost') ? sum + value : sum), 0);
}

/** Whole seconds until the window closes; undefined when it should have closed long ago. */
export function windowSecondsLeft(closesAtMs: number, nowMs: number): number | undefined {
  const left = Math.ceil((closesAtMs - nowMs) / 1000);
  return left < -5 ? undefined : Math.max(0, left);
}

function linkItem(target: TargetState): StatusItem {
  const { link, config } = target;
  const words = { disconnected: 'not connected', failed: 'not connected' } as const;
  const value = link.state === 'disconnected' || link.state === 'failed' ? words[link.state] : link.state;
  const latency = link.latencyMs === undefined ? '' : `, ${Math.round(link.latencyMs)} ms`;
  const bySystem = link.state === 'connected' && link.message !== undefined ? ', by the system’s ssh' : '';
  return {
    key: 'link',
    before: config.name,
    value,
    after: `${latency}${bySystem}`,
    ...(link.state === 'failed' ? { tone: 'danger' as const } : {}),
    ...(link.message === undefined ? {} : { title: link.message }),
  };
}

function pyroscopeItem(target: TargetState): StatusItem | undefined {
  const { pyroscope, agent, config } = target;
  if (config.pyroscope === undefined) return undefined;
  const url = pushUrl(config.pyroscope.url);
  const push = agent.status?.pushes.find((each) => each.url === url && each.tenant === '');
  const item = { key: 'pyroscope', before: 'Pyroscope', after: '' };
  if (pyroscope.state === 'failed') {
    return { ...item, value: 'does not answer', tone: 'danger', title: pyroscope.message ?? '' };
  }
  if (push !== undefined && push.error !== '') {
    return { ...item, value: `${formatCount(push.windowsWaiting)} windows wait`, tone: 'warn', title: push.error };
  }
  if (config.pyroscope.push && push !== undefined) {
    const waiting = push.windowsWaiting > 1 ? `${formatCount(push.windowsWaiting)} windows wait` : 'in step';
    return { ...item, value: waiting, title: `${formatCount(push.windowsPushed)} windows pushed to ${push.url}` };
  }
  return { ...item, value: pyroscope.state === 'ok' ? 'ok' : 'not asked yet' };
}

/** What the agent costs beside its CPU, and what it may cost. */
function costLines({ budget }: AgentStatus): readonly string[] {
  if (budget === undefined) return [];
  const { machinePercent, memoryBytes, meanMachinePercent, meanMemoryBytes, bpfMapBytes } = budget;
  const mean =
    meanMachinePercent < 0
      ? []
      : [
          `last minute: ${formatShare(meanMachinePercent / 100)} of the machine, ${formatBytes(meanMemoryBytes)} with BPF maps`,
        ];
  return [
    `BPF maps ${formatBytes(bpfMapBytes)}, disk ${formatBytes(budget.diskBytesPerSecond)}/s, network ${formatBytes(budget.networkBytesPerSecond)}/s`,
    ...mean,
    `it may cost ${formatShare(machinePercent / 100)} of the machine and ${formatBytes(memoryBytes)}`,
  ];
}

/** What is profiled, where that is not everything. */
function choiceItem({ choice }: AgentStatus): StatusItem | undefined {
  if (isEverything(choice)) return undefined;
  return {
    key: 'choice',
    before: 'only',
    value: choiceWords(choice),
    after: '',
    title: 'Nothing else is profiled: “What is profiled…” in the menu of the target changes it.',
  };
}

function rateItem(status: AgentStatus, nowMs: number): StatusItem {
  const { sampleRateHz, budget, burst } = status;
  const item = { key: 'rate', before: '', value: `${sampleRateHz} Hz` };
  const returns = burst === undefined ? '' : ` for ${burstLeft(status, nowMs)} more`;
  const back = burst === undefined ? '' : `A burst: the rate returns to ${burst.returnsToHz} Hz by itself.`;
  if (budget === undefined || budget.wantedRateHz <= sampleRateHz) {
    return { ...item, after: returns, ...(back === '' ? {} : { title: back }) };
  }
  return {
    ...item,
    after: ` instead of ${budget.wantedRateHz}${returns}`,
    tone: 'warn',
    title:
      'The agent cost more than it may, so it samples less. On the server, `pyrometer-agent set --max-cpu 2` allows 2 % of the machine, `--max-memory 512` allows 512 MB.',
  };
}

/** What a recording by py-spy says of itself. */
function pySpyItems({ agent }: TargetState, engine: EngineState): readonly StatusItem[] {
  const { status } = agent;
  const title = `${engine.why} ${engine.missing}`;
  if (status === undefined || agent.state !== 'profiling') {
    return [{ key: 'engine', before: 'engine', value: 'py-spy', after: '', title }];
  }
  const count = (name: string): number => status.counters.find((each) => each.name === name)?.value ?? 0;
  const [lost, behind] = [lostOf(status.counters), count('slices.behind')];
  return [
    {
      key: 'engine',
      before: 'py-spy',
      value: engine.cores === undefined ? 'recording' : formatShare(engine.cores),
      after: engine.cores === undefined ? '' : ' of a core',
      title,
    },
    { key: 'rate', before: '', value: `${status.sampleRateHz} Hz`, after: '' },
    { key: 'window', before: 'windows', value: formatCount(status.windowsStored), after: '' },
    {
      key: 'lost',
      before: 'unreadable',
      value: formatCount(lost),
      after: '',
      ...(lost > 0 ? { tone: 'warn' as const } : {}),
      title: `${formatCount(lost)} stacks could not be read; ${formatCount(count('samples'))} were.`,
    },
    ...(agent.message === undefined
      ? []
      : [
          {
            key: 'left-out',
            before: '',
            value: 'not all is recorded',
            after: '',
            tone: 'warn' as const,
            title: agent.message,
          },
        ]),
    ...(behind === 0
      ? []
      : [
          {
            key: 'behind',
            before: 'slices behind',
            value: formatCount(behind),
            after: '',
            tone: 'warn' as const,
            title: 'py-spy could not keep up with its rate in these: lower it.',
          },
        ]),
  ];
}

/** What the status bar says about a target. */
export function statusItems(target: TargetState, nowMs: number): readonly StatusItem[] {
  const items: StatusItem[] = [linkItem(target)];
  const version = versionWords(target);
  const { agent } = target;
  const { status } = agent;
  if (agent.engine !== undefined) items.push(...pySpyItems(target, agent.engine));
  else if (status?.kept !== undefined && agent.state === 'kept') {
    items.push({
      key: 'agent',
      before: 'windows kept until',
      value: keptUntil(status, nowMs),
      after: '',
      tone: 'warn',
      title: keptWords(agent, nowMs),
    });
  } else if (status !== undefined && agent.state === 'profiling') {
    items.push({
      key: 'agent',
      before: 'agent',
      value: formatShare(agentShare(status)),
      after: ` of ${status.cpuCount} cores, ${formatBytes(status.residentBytes)}`,
      title: [
        `${formatShare(agentCores(status))} of one core, with the kernel's part. Version ${status.version}`,
        ...(version === undefined ? [] : [version.sentence]),
        ...costLines(status),
      ].join('\n'),
    });
    items.push(rateItem(status, nowMs));
    const choice = choiceItem(status);
    if (choice !== undefined) items.push(choice);
    const left = windowSecondsLeft(status.windowClosesAtMs, targetTimeMs(status, nowMs));
    items.push(
      left === undefined
        ? { key: 'window', before: 'window', value: 'late', after: '', tone: 'warn' }
        : { key: 'window', before: 'window', value: `${left} s`, after: ' left' },
    );
    const lost = lostOf(status.counters);
    items.push({
      key: 'lost',
      before: 'lost',
      value: formatCount(lost),
      after: '',
      ...(lost > 0 ? { tone: 'warn' as const } : {}),
      title: status.counters.map(({ name, value }) => `${name}: ${formatCount(value)}`).join('\n'),
    });
    if (status.ingestAddress !== '') {
      items.push({
        key: 'ingest',
        before: 'takes pushes at',
        value: status.ingestAddress,
        after: '',
        title: `SDKs on ${status.hostname} may push profiles there: whoever may run programs on it`,
      });
    }
    if (status.debuginfod.length > 0) {
      items.push({
        key: 'debuginfod',
        before: 'debug files from',
        value: status.debuginfod.join(', '),
        after: '',
        title: `The agent sends the build-ids there of what it profiles on ${status.hostname} and cannot name.`,
      });
    }
    items.push(...pushItems(status.pushes));
    if (!status.docker.reachable) {
      items.push({
        key: 'docker',
        before: 'Docker',
        value: 'not reachable',
        after: '',
        tone: 'warn',
        title: status.docker.message,
      });
    }
  }
  const pyroscope = pyroscopeItem(target);
  if (pyroscope !== undefined) items.push(pyroscope);
  return items;
}
