import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { CONFIGURATION } from './configuration.ts';

/** Where editors find the schema; `node infra/configuration-schema.ts` writes it after configuration.ts changed. */
export const SCHEMA_FILE = join(import.meta.dirname, 'keyring.config.schema.json');

/** @returns the JSON schema of keyring.config.json. Rules between fields are not in it; synth checks those. */
export function configurationJsonSchema(): unknown {
  return z.toJSONSchema(CONFIGURATION, { io: 'input', target: 'draft-7' });
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
