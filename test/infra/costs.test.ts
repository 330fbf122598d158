import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configuration, resources, synthesise } from './fixture.ts';

const KEYS = 100;

/** The rows of the table in docs/deploy.md: what, arithmetic, US dollars. */
function rows(): Map<string, { arithmetic: string; dollars: number }> {
  const [, section = ''] = /## What it costs\n(.*?)\n## /s.exec(readFileSync('docs/deploy.md', 'utf8')) ?? [];
  const lines = section.matchAll(/^\| (?!what|--)([^|]+?) +\| ([^|]*?) *\| +([\d.]+) \|$/gm);
  return new Map([...lines].map(([, what = '', arithmetic = '', usd]) => [what, { arithmetic, dollars: Number(usd) }]));
}

describe('what docs/deploy.md says of costs', () => {
  const projectKeys = Array.from({ length: KEYS }, (_, index) => ({
    name: `key-${index}`,
    secretName: `team/keys/key_${index}`,
    schedule: { rate: '30 days' },
    provisioned: true,
  }));
  const template = synthesise(configuration({ projectKeys }));

  it.each([
    ['secrets', 'AWS::SecretsManager::Secret', 0.4],
    ['KMS keys', 'AWS::KMS::Key', 1],
    ['alarms', 'AWS::CloudWatch::Alarm', 0.1],
  ])('counts the %s that the template has', (what, type, price) => {
    const count = resources(template, type).length;
    const row = rows().get(what);
    expect(row?.arithmetic.startsWith(`${count} × ${price.toFixed(2)}`)).toBe(true);
    expect(row?.dollars).toBeCloseTo(count * price, 5);
  });

  it('adds up', () => {
    const { '**together**': together, ...parts } = Object.fromEntries(rows());
    expect(Object.keys(parts)).toHaveLength(6);
    const sum = Object.values(parts).reduce((total, { dollars }) => total + dollars, 0);
    expect(together?.dollars).toBeCloseTo(sum, 5);
  });

  it('multiplies right what is used by rotations', () => {
    const steps = 4 * KEYS;
    const calls = (KEYS * 12 * 0.05) / 10_000;
    const lambda = steps * 5 * 0.5 * 0.000_013_333_4 + (steps * 0.2) / 1e6;
    expect(rows().get('Secrets Manager calls')?.dollars).toBe(Number(calls.toFixed(2)));
    expect(rows().get('Lambda (arm64)')?.dollars).toBe(Number(lambda.toFixed(2)));
  });
});
