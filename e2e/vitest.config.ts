import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = resolve(import.meta.dirname, '..');

// `world`: in a world, which comes up once for all files; `night`: the same, of what takes minutes a file; `soak`: for as long as one likes. `guard`: on the machine
// itself, that worlds leave nothing there. `kernels`: in virtual machines. One file at a time: they share a window system,
// containers and two cores.
const shared = {
  fileParallelism: false,
  maxWorkers: 1,
  // What a test waits for has limits of its own; together they may come to more than two minutes where all is slow.
  testTimeout: 240_000,
  hookTimeout: 300_000,
  teardownTimeout: 60_000,
  // A window on two shared cores may take its time; the second that vitest waits by itself is for what computes.
  expect: { poll: { timeout: 30_000 } },
} as const;

export default defineConfig({
  root,
  test: {
    ...shared,
    passWithNoTests: false,
    projects: [
      { root, test: { ...shared, name: 'guard', include: ['e2e/**/*.guard.test.ts'] } },
      { root, test: { ...shared, name: 'kernels', include: ['e2e/**/*.kernel.test.ts'], testTimeout: 600_000 } },
      {
        root,
        test: {
          ...shared,
          name: 'world',
          include: ['e2e/**/*.e2e.test.ts'],
          globalSetup: ['e2e/world/vitest-setup.ts'],
        },
      },
      {
        root,
        test: {
          ...shared,
          name: 'night',
          include: ['e2e/**/*.night.test.ts'],
          globalSetup: ['e2e/world/vitest-setup.ts'],
        },
      },
      {
        root,
        test: {
          ...shared,
          name: 'soak',
          include: ['e2e/**/*.soak.test.ts'],
          globalSetup: ['e2e/world/vitest-setup.ts'],
        },
      },
    ],
  },
});
