import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryFolder } from '../world/support/places';
import { tryRun } from '../world/support/run';

// The processor is emulated and the kernel is this machine's, which answers for what is emulated: no BPF, no perf events.
test('the agent for arm64 runs up to check, which says why it cannot go on there', async () => {
  const agent = join(repositoryFolder, 'resources/agent/linux-arm64/pyrometer-agent');
  const checked = await tryRun('qemu-aarch64-static', [agent, 'check', '--json']);
  expect(checked, checked.stderr).toMatchObject({ code: 1 });
  const { facts } = JSON.parse(checked.stdout) as { facts: readonly object[] };
  expect(facts).toContainEqual(expect.objectContaining({ name: 'architecture', value: 'arm64' }));
  expect(facts).toContainEqual(expect.objectContaining({ name: 'bpf', state: 'refused' }));
});
