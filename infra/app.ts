#!/usr/bin/env node
import { synth } from './synth.ts';

process.exitCode = await synth(process.argv.slice(2), {
  say: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  environment: process.env,
});
