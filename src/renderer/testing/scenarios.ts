import type { SnapshotRow } from '../../contract/links.js';
import type { SshTargetConfig, TargetState } from '../../contract/target.js';
import { inventStatus, type Scenario } from './fake-links.js';

const local: TargetState = {
  config: { kind: 'local', id: 'local', name: 'This computer' },
  link: { state: 'connected' },
  agent: { state: 'unknown', recording: false },
  pyroscope: { state: 'none' },
};

function server(name: string, rest: Partial<TargetState>, config: Partial<SshTargetConfig> = {}): TargetState {
  return {
    config: {
      kind: 'ssh',
      id: name,
      name,
      host: `${name}.example.com`,
      port: 22,
      user: 'deploy',
      authentication: { method: 'agent' },
      ...config,
    },
    link: { state: 'connected', latencyMs: 12 },
    agent: { state: 'profiling', recording: false, status: inventStatus() },
    pyroscope: { state: 'none' },
    ...rest,
  };
}

const web1 = server('web-1', {}, { group: 'Shop', colour: 'red' });
const web1WithPyroscope: TargetState = {
  ...web1,
  config: { ...web1.config, pyroscope: { url: 'http://localhost:4040', reach: 'tunnel', push: true } },
  pyroscope: { state: 'ok' },
};

const several: readonly TargetState[] = [
  web1WithPyroscope,
  local,
  server('web-2', {}, { group: 'Shop', colour: 'red' }),
  server(
    'staging',
    {
      agent: { state: 'starting', recording: false, step: { number: 4, of: 7, text: 'Verifying what was uploaded' } },
    },
    { colour: 'green' },
  ),
  server('db-1', { agent: { state: 'not-installed', recording: false } }, { group: 'Data', colour: 'blue' }),
  server('modern', {
    agent: { state: 'not-installed', recording: false },
    link: {
      state: 'connected',
      latencyMs: 9,
      message:
        "Connected by the system's ssh: modern.example.com offers only ciphers that the built-in SSH does not have.",
    },
  }),
  server('old-1', {
    agent: {
      state: 'failed',
      recording: false,
      message: 'The kernel is 4.18 and the agent needs 5.4 or newer. Use py-spy there, or a newer kernel.',
    },
  }),
  server('gone', {
    link: {
      state: 'failed',
      message: 'gone.example.com refused the connection on port 22. Look whether sshd runs there.',
    },
  }),
  server('a-server-with-a-really-long-name.eu-central-1.internal', { link: { state: 'disconnected' } }),
];

const snapshots: readonly SnapshotRow[] = ['Checkout slow, 18 Nov', 'Before Django 5.2', 'Celery spike'].map(
  (title, index) => ({
    snapshotId: `s-${index}`,
    title,
    notes: 'Cart page serializes every price rule twice.\nSee price_rules.',
    createdAtMs: Date.now() - (index + 1) * 86_400_000,
    view: { kind: index === 1 ? 'diff' : 'flame', tab: 'flame', valueIndex: 0, zoomPath: [], search: '' },
    profiles: index === 1 ? 2 : 1,
  }),
);

const base: Scenario = { targets: several, snapshots, fetchMs: 40, fetchFails: false, hostile: false };

/** Situations of the development page, by name: ?scenario=NAME */
export const scenarios: Readonly<Record<string, Scenario>> = {
  normal: base,
  first: { ...base, targets: [local], snapshots: [] },
  slow: { ...base, fetchMs: 600_000 },
  failing: { ...base, fetchFails: true },
  hostile: { ...base, hostile: true },
  kept: {
    ...base,
    targets: [
      {
        ...web1,
        agent: {
          state: 'kept',
          recording: false,
          status: inventStatus({
            kept: { unrenewedSinceMs: Date.now() - 1_200_000, untilMs: Date.now() + 85_800_000 },
          }),
        },
      },
      ...several.slice(1),
    ],
  },
  waiting: {
    ...base,
    targets: [
      {
        ...web1,
        agent: {
          state: 'starting',
          recording: false,
          step: { number: 3, of: 7, text: 'Uploading the agent, 4.1 of 9.8 MB' },
        },
      },
      ...several.slice(1),
    ],
  },
};
for (const running of ['older', 'newer'] as const) {
  const agent = {
    ...web1.agent,
    replacement: { version: '0.2.0+6e90a2cb1d34', running },
    heldBy: ['a recording on ada'],
  };
  Object.assign(scenarios, { [running]: { ...base, targets: [{ ...web1, agent }, ...several.slice(1)] } });
}
for (const name of [
  'staging',
  'db-1',
  'modern',
  'old-1',
  'gone',
  'a-server-with-a-really-long-name.eu-central-1.internal',
]) {
  const target = several.find((each) => each.config.id === name);
  if (target !== undefined) {
    Object.assign(scenarios, {
      [name.slice(0, 8)]: { ...base, targets: [target, ...several.filter((each) => each !== target)] },
    });
  }
}
