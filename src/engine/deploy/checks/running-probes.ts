import * as v from 'valibot';
import { fine, warning, type Probe, type Said, type Verdict } from './probe.js';

/** Names of programs as the kernel cuts them, to 15 characters. */
const profilers = [
  'alloy',
  'grafana-agent*',
  'parca-agent',
  'pyroscope',
  'beyla',
  'obi',
  'ebpf-profiler',
  'coroot-node-ag*',
  'perf',
  'bpftrace',
  'pyrometer-agent',
];

const Record = v.object({
  version: v.string(),
  pid: v.number(),
  uids: v.optional(v.nullable(v.array(v.number())), []),
  continuous: v.optional(v.boolean(), false),
});

export const agents: Probe = {
  script: `
say uid "$(id -u)"
for d in /proc/[0-9]*; do
  { IFS= read -r name < "$d/comm"; } 2>/dev/null || continue
  case $name in ${profilers.join('|')}) ;; *) continue;; esac
  say process "\${d#/proc/} $name $({ tr '\\0' ' ' < "$d/cmdline"; } 2>/dev/null | cut -d ' ' -f 2)"
done
[ -r /run/pyrometer/agent.json ] && say record "$(cat /run/pyrometer/agent.json)"
:`,
  judge: (said) => {
    const processes = said.all('process').flatMap((line) => {
      const [pid = '', name = '', argument = ''] = line.split(' ');
      // An agent's keeper and bridges are no agents.
      return name === 'pyrometer-agent' && argument !== 'run' ? [] : [{ pid: Number(pid), name }];
    });
    const ours = recordOf(said);
    const running = processes.some(({ pid }) => pid === ours?.pid);
    const strangers = processes.filter(({ pid, name }) => name === 'pyrometer-agent' && pid !== ours?.pid);
    const others = [...new Set(processes.map(({ name }) => name).filter((name) => name !== 'pyrometer-agent'))];
    if (strangers.length > 0) {
      const pids = strangers.map(({ pid }) => pid).join(', ');
      return warning(
        `another Pyrometer agent (process ${pids})`,
        'It was not started by this app and keeps its profiles elsewhere: each of two agents costs as much as one.',
      );
    }
    const own = running && ours !== undefined ? ofRecord(ours, Number(said.one('uid'))) : undefined;
    if (others.length === 0) return own ?? fine('none');
    const found = [...others, ...(own === undefined ? [] : [own.found])].join(', ');
    return warning(found, 'They profile too, or could: what both measure costs twice.');
  },
};

function recordOf(said: Said): v.InferOutput<typeof Record> | undefined {
  try {
    const parsed = v.safeParse(Record, JSON.parse(said.one('record')));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined; // none, or one that is being written
  }
}

function ofRecord({ version, uids, continuous }: v.InferOutput<typeof Record>, uid: number): Verdict {
  const how = continuous ? 'until it is stopped' : 'for recordings';
  const found = `Pyrometer ${version}, ${how}`;
  const others = (uids ?? []).filter((other) => other !== uid);
  if (others.length === 0) return fine(found);
  return warning(
    `${found}, used by user ${others.join(', ')}`,
    'It is shared: it is asked for only once, and stopping it asks while others record with it.',
  );
}

/** Beyond this, ranges of a Pyroscope that the target pushes to do not fit those of others. */
const toleratedMs = 2000;

export const clock: Probe = {
  script: `say time "$(date '+%s %N')"`,
  judge: (said) => {
    const [seconds = '', nanoseconds = ''] = said.one('time').split(' ');
    if (!/^\d+$/.test(seconds)) return warning('not told by date', 'Look at the clock of the target by hand.');
    const exact = /^\d{1,9}$/.test(nanoseconds);
    const earliest = Number(seconds) * 1000 + (exact ? Number(nanoseconds) / 1e6 : 0);
    const latest = earliest + (exact ? 0 : 1000);
    // It was read between sending and hearing: only what lies outside is certain.
    const aheadMs = Math.max(0, earliest - said.heardAtMs);
    const behindMs = Math.max(0, said.sentAtMs - latest);
    const offMs = Math.max(aheadMs, behindMs);
    if (offMs <= toleratedMs) return fine(`agrees within ${(toleratedMs / 1000).toFixed(0)} s`);
    return warning(
      `${inWords(offMs)} ${aheadMs > 0 ? 'ahead' : 'behind'}`,
      'The window reckons with it; profiles at a Pyroscope will stand at the wrong times: set the clock there by NTP (timedatectl set-ntp true), or the one here.',
    );
  },
};

function inWords(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
