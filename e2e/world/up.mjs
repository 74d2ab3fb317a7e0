#!/usr/bin/env node
// Brings the test world up and prints where everything is, until Ctrl+C. See e2e/README.md.
import { load } from './support/load.mjs';

const { upInside, upOutside } = await load(import.meta.resolve('./up.ts'));
process.exitCode = await (process.argv.includes('--inside') ? upInside() : upOutside());
