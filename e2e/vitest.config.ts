import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = resolve(import.meta.dirname, '..');

// `world`: in a world, which comes up once for all files; `soak`: the same, for as long as one likes. `guard`: on the machine
// itself, that worlds leave nothing there. `kernels`: in virtual machines. One file at a time: they share a window system,
// containers and two cores.
const shared = {
  fileParallelism: false,
  maxWorkers: 1,
  testTimeout: 120_000,
  hookTimeout: 180_000,
  teardownTimeout: 60_000,
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
          name: 'soak',
          include: ['e2e/**/*.soak.test.ts'],
          globalSetup: ['e2e/world/vitest-setup.ts'],
        },
      },
    ],
  },
});
