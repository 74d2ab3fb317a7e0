import { mkdirSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { resultsFolder } from './support/places';
import { startWorld, type World, type WorldAddresses } from './world';

declare module 'vitest' {
  // Merged by name into vitest's own interface: `inject('world')` in a test file.
  interface ProvidedContext {
    world: WorldAddresses;
  }
}

let world: World | undefined;

/** Brings the world up before the first test file. */
export async function setup(project: TestProject): Promise<void> {
  mkdirSync(resultsFolder, { recursive: true });
  // The load ends with this process. Tests that are slow still need it behind their first half hour.
  world = await startWorld({
    say: (line) => void process.stderr.write(`${line}\n`),
    load: 12,
    loadForMs: 24 * 60 * 60_000,
  });
  project.provide('world', world.addresses);
}

/** Takes it down after the last one. */
export async function teardown(): Promise<void> {
  await world?.dispose();
}
