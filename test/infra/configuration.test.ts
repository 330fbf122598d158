import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, describe, expect, it } from 'vitest';
import { configurationJsonSchema, SCHEMA_FILE } from '../../infra/configuration-schema.ts';
import { ConfigurationError, parseConfiguration, readConfiguration } from '../../infra/read-configuration.ts';
import { synth } from '../../infra/synth.ts';
import { ACCOUNT } from './fixture.ts';
import { SECRET, stack, WRONG } from './wrong-configurations.ts';

const EXAMPLE = 'examples/keyring.config.json';
const folder = mkdtempSync(join(tmpdir(), 'keyring-configuration-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function problemsOf(input: unknown): readonly string[] {
  try {
    parseConfiguration(typeof input === 'string' ? input : JSON.stringify(input), 'f.json');
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('a wrong configuration', () => {
  it.each(WRONG)('that %s gets one error, with path, kind and rule, and exit code 2', async (_, input, error) => {
    const file = join(folder, 'keyring.config.json');
    const outdir = join(folder, 'cdk.out');
    writeFileSync(file, typeof input === 'string' ? input : JSON.stringify(input));
    const said: string[] = [];
    const complaints: string[] = [];
    const code = await synth([file], {
      say: (line) => said.push(line),
      complain: (line) => complaints.push(line),
      environment: { CDK_OUTDIR: outdir },
    });
    expect({ code, said, complaints }).toEqual({ code: 2, said: [], complaints: [expect.any(String)] });
    expect(complaints[0]?.split('\n')).toHaveLength(1);
    const begins = `${file}: ${error}`;
    expect(complaints[0]?.slice(0, begins.length)).toBe(begins);
    expect(complaints[0]).not.toContain(SECRET);
    expect(existsSync(outdir)).toBe(false);
  });

  it('of forty sorts and more is told apart: no two get the same error for the same reason', () => {
    expect(WRONG.length).toBeGreaterThan(40);
    expect(new Set(WRONG.map(([does]) => does)).size).toBe(WRONG.length);
  });

  it('does not get its text shown where it is no JSON, or where a secret is a name', () => {
    expect(problemsOf(`{ "stacks": ${SECRET} }`).join()).not.toContain(SECRET);
    expect(problemsOf({ stacks: [], [`${SECRET}!`]: 1 }).join()).not.toContain(SECRET);
  });

  it('gets all its mistakes named at once', () => {
    expect(problemsOf(stack({ account: 'x', region: 'y' }))).toHaveLength(2);
  });

  it('cannot be a file that is not there', () => {
    expect(() => readConfiguration('/nowhere/keyring.config.json')).toThrow(ConfigurationError);
  });
});

describe('a right configuration', () => {
  it('is the example, also for an editor that follows its $schema', () => {
    const places = readConfiguration(EXAMPLE).stacks.map(({ account, region }) => `${account} ${region}`);
    expect(new Set(places).size).toBe(2);
    const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')));
    expect(validate(JSON.parse(readFileSync(EXAMPLE, 'utf8')))).toBe(true);
    expect(validate({ stacks: [{ name: 1 }] })).toBe(false);
  });

  it('is the example, which shows every field that there is', () => {
    const shown = new Set<string>();
    const visit = (value: unknown, path: string): void => {
      if (Array.isArray(value)) for (const item of value) visit(item, `${path}[]`);
      else if (typeof value === 'object' && value !== null) {
        for (const [name, inner] of Object.entries(value)) {
          shown.add(`${path}.${name}`);
          visit(inner, `${path}.${name}`);
        }
      }
    };
    visit(JSON.parse(readFileSync(EXAMPLE, 'utf8')), '');
    const fields = fieldsOf(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')));
    expect(fields.length).toBeGreaterThan(50);
    expect(fields.map(({ path }) => path).filter((path) => !shown.has(path))).toEqual([]);
  });

  it('is the one that docs/deploy.md begins with', () => {
    const [, json = ''] = /```json\n(.*?)```/s.exec(readFileSync('docs/deploy.md', 'utf8')) ?? [];
    expect(problemsOf(json)).toEqual([]);
  });

  it('gets safe defaults', () => {
    const [only] = parseConfiguration(JSON.stringify(stack({})), 'f.json').stacks;
    expect(only).toMatchObject({
      streamkapHost: 'https://api.streamkap.com',
      rotation: { onDrift: 'abandon', loginCheck: 'required', propagationTimeoutSeconds: 120, logRetentionDays: 365 },
      alarms: { emails: [] },
    });
    expect(only?.projectKeys[0]).toMatchObject({ strategy: 'single', provisioned: false, replicas: [] });
  });

  it.each([
    ['China', 'cn-north-1', 'aws-cn'],
    ['GovCloud', 'us-gov-west-1', 'aws-us-gov'],
  ])('may be for %s', (_, region, partition) => {
    const arn = `arn:${partition}:secretsmanager:${region}:${ACCOUNT}:secret:team/admin-a1B2c3`;
    expect(problemsOf(stack({ region, adminSecret: { arn }, projectKeys: [] }))).toEqual([]);
  });
});

describe('the JSON schema for editors', () => {
  const schema = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'));

  it('is what the configuration schema says (else run node infra/configuration-schema.ts)', () => {
    expect(schema).toEqual(JSON.parse(JSON.stringify(configurationJsonSchema())));
  });

  it('documents every field, and names the default of every field that may be left out', () => {
    const fields = fieldsOf(schema);
    expect(fields.filter(({ description }) => !description).map(({ path }) => path)).toEqual([]);
    const silent = fields.filter(
      ({ path, required, description }) =>
        !required &&
        !/Default: .+\.$|Or `\w+`\.$|^Instead of|^For editors:/.test(description) &&
        !ALTERNATIVES.test(path),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});

/** One of each group has to be there, so that none of them has a default. */
const ALTERNATIVES =
  /\.(?:secretName|secretArn|repository|environment|ref|subject|cron|rate)$|\.adminSecret\.(?:name|arn)$/;

interface Field {
  readonly path: string;
  readonly description: string;
  readonly required: boolean;
}

interface SchemaPart {
  readonly description?: string;
  readonly properties?: Record<string, SchemaPart>;
  readonly required?: string[];
  readonly items?: SchemaPart;
}

/** @returns every field that a schema describes, with its path */
function fieldsOf(part: SchemaPart, path = ''): Field[] {
  const { properties = {}, required = [], items } = part;
  const own = Object.entries(properties).flatMap(([name, field]) => [
    { path: `${path}.${name}`, description: field.description ?? '', required: required.includes(name) },
    ...fieldsOf(field, `${path}.${name}`),
  ]);
  return [...own, ...(items ? fieldsOf(items, `${path}[]`) : [])];
}
