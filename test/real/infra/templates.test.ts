import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { synth } from '../../../infra/synth.ts';
import { cfnGuard, cfnLint, checkov, type Finding } from '../judges/cloudformation.ts';
import { OTHER_PARTITIONS } from './configurations.ts';
import { SKIPPED } from './skipped.ts';

/** Which Region a stack is for, by what its name begins with. */
const REGIONS: Readonly<Record<string, string>> = {
  'streamkap-keyring.': 'eu-central-1',
  'streamkap-keyring-us.': 'us-east-1',
  china: 'cn-north-1',
  government: 'us-gov-west-1',
};

let folder: string;
let templates: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyring-templates-'));
  const other = join(folder, 'other-partitions.json');
  await writeFile(other, JSON.stringify(OTHER_PARTITIONS));
  for (const [outdir, configuration] of [
    ['example', 'examples/keyring.config.json'],
    ['other', other],
  ] as const) {
    const complaints: string[] = [];
    const environment = { CDK_OUTDIR: join(folder, outdir) };
    const code = await synth([configuration], { say() {}, complain: (line) => complaints.push(line), environment });
    expect({ code, complaints }).toEqual({ code: 0, complaints: [] });
  }
  await rm(other);
  const files = await readdir(folder, { recursive: true });
  templates = files.filter((file) => file.endsWith('.template.json')).map((file) => join(folder, file));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const of = (begins: string) => templates.filter((file) => file.split('/').at(-1)?.startsWith(begins));
/** CDK ends a logical id in a hash of its path. */
const withoutHash = ({ check, resource }: Finding) => ({ check, resource: resource.replace(/[0-9A-F]{8}$/, '') });

test('there are templates with every part, for each partition of AWS', () => {
  expect(Object.keys(REGIONS).map((begins) => of(begins).length)).toEqual([
    1,
    1,
    expect.any(Number),
    expect.any(Number),
  ]);
  expect(templates).toHaveLength(Object.keys(REGIONS).flatMap(of).length);
  expect(of('china').length).toBeGreaterThan(1);
});

test.each(Object.entries(REGIONS))('cfn-lint has no error and no warning for %s in %s', async (begins, region) => {
  expect(await cfnLint(region, of(begins))).toBe('');
});

describe('checkov and cfn-guard', () => {
  let findings: Finding[];
  beforeAll(async () => {
    const [asChecked, asGuarded] = [await checkov(folder), await cfnGuard(templates)];
    expect(asChecked.passed).toBeGreaterThan(200);
    expect(asGuarded.compliant).toEqual(
      expect.arrayContaining(['s3_bucket_object_lock_enabled_check', 'kms_key_rotation_enabled_check']),
    );
    findings = [...asChecked.findings, ...asGuarded.findings].map(withoutHash);
  });

  test('mind nothing but what is skipped', () => {
    const covered = ({ check, resource }: Finding) =>
      SKIPPED.some((skipped) => skipped.checks.includes(check) && skipped.resource.test(resource));
    expect(findings.filter((finding) => !covered(finding))).toEqual([]);
  });

  test('mind everything that is skipped, for each of which there is a reason', () => {
    for (const { checks, resource, reason } of SKIPPED) {
      for (const check of checks) {
        const minded = findings.filter((finding) => finding.check === check && resource.test(finding.resource));
        expect(minded.length, `${check}: ${resource}`).toBeGreaterThan(0);
      }
      expect(reason.split(' ').length).toBeGreaterThan(5);
    }
  });
});
