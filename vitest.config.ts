import { configDefaults, defineConfig } from 'vitest/config';

const shared = {
  // Nobody asserts a time: a busy machine takes several times as long.
  testTimeout: 30_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 10_000 } },
  // Much of the engine's tests is waiting for servers and processes. By default one core is left to nobody.
  maxWorkers: '100%',
} as const;

// `pure`: what touches neither processes nor files nor globals, so that its files need no process each, which takes longer than most of
// them do. `process`: all the rest.
const pure = ['src/core/**/*.test.{ts,tsx}', 'src/contract/**/*.test.{ts,tsx}', 'src/renderer/**/*.test.{ts,tsx}'];

export default defineConfig({
  test: {
    passWithNoTests: false,
    projects: [
      { test: { ...shared, name: 'pure', include: pure, isolate: false } },
      {
        test: {
          ...shared,
          name: 'process',
          include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.mjs', 'bench/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...pure],
        },
      },
    ],
  },
});
