import { isEverything, type Choice, type Naming, type Running, type RunningProcess } from '../../contract/profiled.js';

const containers = ['revel_web', 'revel_celery_default', 'revel_beat', 'postgres', 'redis'];
const programs = ['/usr/sbin/nginx', '/usr/bin/dockerd', '/usr/sbin/sshd', '/usr/bin/python3'];

/** What runs on an invented server; a rule with the word "drop" drops redis, one with "explode" is a bad one. */
export function inventRunning(choice: Choice, proposed: Naming | undefined): Running {
  const idOf = (index: number): string => `${index + 1}c`.repeat(32);
  const bad = proposed?.relabelConfigs.includes('explode') === true;
  const called = (service: string, inContainer: boolean): Pick<RunningProcess, 'proposed'> => {
    if (proposed === undefined || bad) return {};
    if (service === 'redis' && proposed.relabelConfigs.includes('drop')) return {};
    const labels = Object.fromEntries(proposed.labels.map(({ name, value }) => [name, value]));
    return { proposed: { ...labels, service_name: proposed.leadingSlash && inContainer ? `/${service}` : service } };
  };
  const profiled = (pid: number, containerId: string, service: string): boolean =>
    isEverything(choice) ||
    choice.containerIds.includes(containerId) ||
    choice.pids.includes(pid) ||
    choice.services.includes(service);
  const processes = [
    ...containers.flatMap((container, index) =>
      [0, 1].map((number): RunningProcess => {
        const [pid, containerId] = [2000 + index * 10 + number, idOf(index)];
        const python = container.startsWith('revel');
        return {
          pid,
          executable: python ? '/usr/local/bin/python3.11' : `/usr/bin/${container}`,
          comm: python ? 'gunicorn' : container,
          containerId,
          container,
          service: container,
          profiled: profiled(pid, containerId, container),
          ...called(container, true),
        };
      }),
    ),
    ...programs.map((executable, index): RunningProcess => {
      const service = executable.slice(executable.lastIndexOf('/') + 1);
      const pid = 700 + index;
      return {
        pid,
        executable,
        comm: service,
        containerId: '',
        container: '',
        service,
        profiled: profiled(pid, '', service),
        ...called(service, false),
      };
    }),
  ];
  return {
    processes,
    ...(bad
      ? {
          namingError: { message: 'relabel rule 2 cannot be read: unknown relabel action "explode"', rule: 2, line: 4 },
        }
      : {}),
  };
}
