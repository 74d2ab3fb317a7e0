/** What is looked at before an agent is put on a target, in the order in which it is shown. Nothing of it changes anything. */
export const checkIds = [
  'architecture',
  'kernel',
  'btf',
  'lockdown',
  'tracefs',
  'pid-namespace',
  'privileges',
  'docker',
  'space',
  'noexec',
  'tools',
  'agents',
  'clock',
] as const;
export type CheckId = (typeof checkIds)[number];

/** What a check is called. */
export const checkLabels: Readonly<Record<CheckId, string>> = {
  architecture: 'Architecture',
  kernel: 'Kernel',
  btf: 'Kernel types (BTF)',
  lockdown: 'Lockdown',
  tracefs: 'Tracepoints',
  'pid-namespace': 'PID namespace',
  privileges: 'Privileges',
  docker: 'Docker',
  space: 'Free space',
  noexec: 'Places to run from',
  tools: 'Programs',
  agents: 'Other profilers',
  clock: 'Clock',
};

/** One thing that was looked at. */
export interface Check {
  readonly id: CheckId;
  /** "warning" forbids nothing; with "refused" no agent can run there. */
  readonly state: 'ok' | 'warning' | 'refused';
  /** What was found; hostile text. */
  readonly found: string;
  /** What it means and what to do; not where all is well. */
  readonly advice?: string;
}
