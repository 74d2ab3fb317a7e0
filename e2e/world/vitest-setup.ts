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
  world = await startWorld({ say: (line) => void process.stderr.write(`${line}\n`), load: 12, loadForMs: 30 * 60_000 });
  project.provide('world', world.addresses);
}

/** Takes it down after the last one. */
export async function teardown(): Promise<void> {
  await world?.dispose();
}
