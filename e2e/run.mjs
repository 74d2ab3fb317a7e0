#!/usr/bin/env node
// node e2e/run.mjs [FILE...] [vitest's options]: end-to-end tests in a world of their own. See e2e/README.md.
import { load } from './world/support/load.mjs';

const { runInWorld } = await load(import.meta.resolve('./run.ts'));
process.exitCode = await runInWorld(process.argv.slice(2));
