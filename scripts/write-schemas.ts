import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { credentialDrift, credentialRotated } from '../core/evidence/credential-events.ts';
import { stepEvidence } from '../core/evidence/step-evidence.ts';

/** JSON schemas of what the functions write for others to read, by file name beside their sources. */
export const SCHEMAS = {
  'step-evidence.schema.json': stepEvidence,
  'credential-rotated.schema.json': credentialRotated,
  'credential-drift.schema.json': credentialDrift,
};

/** @returns a schema file's text */
export const schemaFile = (schema: z.ZodMiniType): string => `${JSON.stringify(z.toJSONSchema(schema), null, 2)}\n`;

if (import.meta.main) {
  for (const [name, schema] of Object.entries(SCHEMAS))
    writeFileSync(join(import.meta.dirname, '../core/evidence', name), schemaFile(schema));
}
