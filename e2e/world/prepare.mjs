#!/usr/bin/env node
// Makes what worlds are made of and keeps it in the cache: the demo image's base and the Pyroscope binary.
import { load } from './support/load.mjs';

const { prepareWorld } = await load(import.meta.resolve('./world.ts'));
await prepareWorld((line) => console.log(line));
