import * as z from 'zod/mini';
import { InputError } from '../core/errors.ts';
import { NOT_JSON, parseJson } from '../core/json.ts';
import type { KafkaAcl } from '../core/streamkap/schemas.ts';
import { requireOneLine } from './runner.ts';

const INPUT = 'kafka-acls';

// Allowed values: Streamkap's user guide, "Project Keys", step 4, and the enumeration behind its ACL form.
const OPERATIONS = {
  TOPIC: ['ALL', 'ALTER', 'ALTER_CONFIGS', 'CREATE', 'DELETE', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'READ', 'WRITE'],
  GROUP: ['DELETE', 'DESCRIBE', 'READ'],
} as const;
const PATTERN_TYPES = ['LITERAL', 'PREFIXED'] as const;
const FIELDS = ['topic_name', 'operation', 'resource_pattern_type', 'resource'] as const;

const item = z.record(z.string(), z.unknown());

/**
 * @param text a YAML or JSON list of ACLs; `resource` may be left out (TOPIC), `resource_pattern_type` too (LITERAL)
 * @throws InputError naming the item by its index, the field and the allowed values. Unknown fields are refused: Streamkap would
 * ignore them silently
 */
export async function parseAcls(text: string): Promise<KafkaAcl[]> {
  if (text.trim() === '') return [];
  const list = await parseList(text);
  return list.map((value, index) => {
    const parsed = item.safeParse(value);
    if (!parsed.success) throw problem(index, 'is not a mapping', `Give each ACL the fields ${FIELDS.join(', ')}.`);
    return parseAcl(parsed.data, index);
  });
}

/** YAML is loaded only for those who use it. */
async function parseList(text: string): Promise<unknown[]> {
  const json = parseJson(text);
  if (Array.isArray(json)) return json;
  const { NotYaml, parseYaml, placeIn } = await import('./yaml.ts');
  const value = json === NOT_JSON ? parseYaml(text) : json;
  if (Array.isArray(value)) return value;
  const what = value instanceof NotYaml ? `is neither YAML nor JSON${placeIn(value)}` : 'is not a list';
  throw new InputError(INPUT, what, 'Pass a YAML or JSON list of ACLs.');
}

function parseAcl(fields: Record<string, unknown>, index: number): KafkaAcl {
  for (const field of Object.keys(fields)) {
    if (!(FIELDS as readonly string[]).includes(field)) {
      throw problem(index, `has an unknown field "${field}"`, `Its fields are ${FIELDS.join(', ')}.`);
    }
  }
  const resource = oneOf(fields.resource ?? 'TOPIC', ['TOPIC', 'GROUP'] as const, { index, field: 'resource' });
  return {
    topic_name: nameOf(fields.topic_name, index),
    operation: oneOf(oneOperation(fields.operation, index), OPERATIONS[resource], {
      index,
      field: 'operation',
      of: ` for a ${resource}`,
    }),
    resource_pattern_type: oneOf(fields.resource_pattern_type ?? 'LITERAL', PATTERN_TYPES, {
      index,
      field: 'resource_pattern_type',
    }),
    resource,
  };
}

/** The usual slip: several operations in one item. */
function oneOperation(value: unknown, index: number): unknown {
  if (!Array.isArray(value)) return value;
  throw problem(index, 'has a list as its operation', 'Write one ACL for each operation, with the same topic_name.');
}

function nameOf(value: unknown, index: number): string {
  if (typeof value === 'string' && value.trim() !== '') {
    const name = requireOneLine(value, `${INPUT}[${index}]`);
    if (name === name.trim()) return name;
    throw problem(index, 'has a topic_name with spaces around it', 'No such topic or group exists: leave them out.');
  }
  const isNoText = typeof value === 'number' || typeof value === 'boolean' || typeof value === 'object';
  const what = isNoText && value !== null ? 'has a topic_name that is no text' : 'has no topic_name';
  throw problem(
    index,
    what,
    "topic_name is the topic's or group's name, or its prefix; quote one that looks like a number.",
  );
}

function oneOf<T extends string>(
  value: unknown,
  allowed: readonly T[],
  { index, field, of = '' }: { index: number; field: string; of?: string },
): T {
  const found = typeof value === 'string' ? allowed.find((each) => each === value.toUpperCase()) : undefined;
  if (found) return found;
  const shown = typeof value === 'string' ? ` "${value.slice(0, 40)}"` : '';
  const what = value === undefined ? `has no ${field}` : `has an unknown ${field}${shown}${of}`;
  throw problem(index, what, `${field} is one of ${allowed.join(', ')}.`);
}

function problem(index: number, what: string, rule: string): InputError {
  return new InputError(`${INPUT}[${index}]`, what, rule);
}
