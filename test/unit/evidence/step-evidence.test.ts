import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { CredentialEvent } from '../../../core/evidence/credential-events.ts';
import { credentialDrift, credentialRotated } from '../../../core/evidence/credential-events.ts';
import { type StepEvidence, stepEvidence } from '../../../core/evidence/step-evidence.ts';
import { EvidenceRecorder } from '../../../functions/rotation/evidence-recorder.ts';
import { SCHEMAS, schemaFile } from '../../../scripts/write-schemas.ts';
import { FIRST, rotating, versionId, type World } from '../rotation/world.ts';

/** Keeps what it is given, in the order of the world's calls. */
function keeping(fail?: 'fragments' | 'events') {
  const kept: { readonly fragments: Map<string, StepEvidence>; readonly events: CredentialEvent[] } = {
    fragments: new Map(),
    events: [],
  };
  const afterCall: string[] = [];
  let world: World | undefined;
  const note = (what: string) => afterCall.push(`${what} after ${world?.calls.at(-1)?.operation}`);
  const store = {
    put: async (key: string, json: string) => {
      note('fragment');
      if (fail === 'fragments') throw Object.assign(new Error(FIRST), { name: 'AccessDenied' });
      expect(kept.fragments.has(key)).toBe(false);
      kept.fragments.set(key, JSON.parse(json) as StepEvidence);
    },
  };
  const bus = {
    send: async (event: CredentialEvent) => {
      note('event');
      if (fail === 'events') throw Object.assign(new Error(FIRST), { name: 'AccessDenied' });
      kept.events.push(event);
    },
  };
  world = rotating({ warm: true, evidence: { store, bus } });
  return { world, kept, afterCall };
}

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

describe('evidence of a rotation', () => {
  it('is one fragment a step, under the secret, the token, the step and the request, in its schema', async () => {
    const { world, kept } = keeping();
    await world.driver.runToEnd();
    const folder = `${world.arn.split(':secret:')[1]}/${versionId('second')}`;
    expect([...kept.fragments.keys()]).toEqual(STEPS.map((step) => `${folder}/${step}/req-1.json`));
    for (const fragment of kept.fragments.values()) expect(stepEvidence.parse(fragment)).toEqual(fragment);
    expect([...kept.fragments.values()]).toMatchObject([
      { outcome: 'made' },
      { outcome: 'applied', login: { outcome: 'accepted' }, sentAt: expect.any(String) },
      { outcome: 'proven' },
      { outcome: 'moved', outgoingLogin: { outcome: 'rejected' }, consumerGapMs: 0, movedAt: expect.any(String) },
    ]);
  });

  it('is announced once AWSCURRENT has moved, and again by a replay', async () => {
    const { world, kept } = keeping();
    await world.steps(...STEPS, 'finishSecret');
    expect(kept.events).toMatchObject([
      { detailType: 'credential rotated', detail: { token: versionId('second'), movedNow: true } },
      { detailType: 'credential rotated', detail: { movedNow: false } },
    ]);
    for (const { detail } of kept.events) expect(credentialRotated.parse(detail)).toEqual(detail);
  });

  it('tells of drift, and of the step that failed', async () => {
    const { world, kept } = keeping();
    world.changeBehindOurBack('Behind!Our0Back0000');
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'DRIFT']);
    expect(kept.events.map(({ detail }) => credentialDrift.parse(detail).kind)).toEqual(['drift']);
    const error = { code: 'DRIFT', changed: 'no', retryable: false };
    expect([...kept.fragments.values()].at(-1)).toMatchObject({ step: 'setSecret', outcome: 'failed', error });
  });

  it('holds no secret', async () => {
    const { world, kept } = keeping();
    await world.driver.runToEnd();
    const text = JSON.stringify([[...kept.fragments], kept.events]);
    for (const secret of [FIRST, world.accepted ?? '', 'admin-client-secret']) expect(text).not.toContain(secret);
  });

  it.each(['fragments', 'events'] as const)('is done without %s that cannot be written', async (fail) => {
    const { world } = keeping(fail);
    expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'succeeded', sequences: 1 }]);
    const warnings = world.lines.filter(({ level }) => level === 'warn');
    expect(warnings.length).toBe(fail === 'fragments' ? 4 : 1);
    expect(warnings[0]?.fields).toMatchObject({ failure: 'AccessDenied' });
    expect(JSON.stringify(world.lines)).not.toContain(FIRST);
  });

  it('adds no call between the change and the move of the label', async () => {
    const { world, afterCall } = keeping();
    await world.driver.runToEnd();
    const operations = world.calls.map(({ operation }) => operation);
    const sent = operations.findIndex((operation) => operation.startsWith('PATCH'));
    expect(operations.lastIndexOf('UpdateSecretVersionStage') - sent).toBe(5);
    expect(afterCall.filter((line) => line.startsWith('event'))).toEqual(['event after login']);
  });

  it('is not waited for after setSecret and testSecret, and is after the others', async () => {
    const never = { put: () => new Promise<void>(() => {}) };
    const waits: number[] = [];
    class Patient extends EvidenceRecorder {
      override async settle(milliseconds: number): Promise<void> {
        waits.push(milliseconds);
      }
    }
    const world = rotating({ evidence: { store: never }, recorder: (ports) => new Patient(ports) });
    await world.driver.runToEnd();
    expect(waits).toEqual([3_000, 3_000]);
  });

  it('is waited for so long and no longer', async () => {
    const recorder = new EvidenceRecorder({ bus: { send: () => new Promise<void>(() => {}) } });
    const facts = { secretArn: 'a', token: 't', strategy: 'single', at: '2026-01-01T00:00:00Z' } as const;
    const detail = { ...facts, schema: 'streamkap-keyring/credential-rotated/1', movedNow: true } as const;
    recorder.event({ detailType: 'credential rotated', detail }, () => {});
    await recorder.settle(1);
    await recorder.settle(0);
  });
});

describe('metrics', () => {
  it('are counted from the one line of a step, by strategy and step, with the consumer gap where it is known', async () => {
    const world = rotating({ warm: true });
    await world.driver.runToEnd();
    const names = world.lines.map(({ fields }) => metricsOf(fields).map(({ Name }) => Name));
    const counts = ['attempts', 'failures'];
    expect(names).toEqual([counts, counts, counts, [...counts, 'consumer_gap_ms']]);
    for (const { fields } of world.lines) {
      for (const { Name } of metricsOf(fields)) expect(fields[Name]).toEqual(expect.any(Number));
      expect(fields).toMatchObject({ strategy: 'single', step: expect.any(String), attempts: 1, failures: 0 });
    }
  });

  it('count a failure', async () => {
    const world = rotating();
    await world.steps('createSecret', 'finishSecret');
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'failed', failures: 1, attempts: 1 });
  });
});

function metricsOf(fields: object): { readonly Name: string }[] {
  const { _aws } = fields as { _aws: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] } };
  return _aws.CloudWatchMetrics[0]?.Metrics ?? [];
}

describe('the schema files', () => {
  const fileOf = (name: string) => readFileSync(`core/evidence/${name}`, 'utf8');

  it.each(Object.entries(SCHEMAS))('%s is what the code checks (else run scripts/write-schemas.ts)', (name, schema) => {
    expect(JSON.parse(fileOf(name))).toEqual(JSON.parse(schemaFile(schema)));
  });

  it('describe what is written', async () => {
    const { world, kept } = keeping();
    await world.driver.runToEnd();
    const ajv = addFormats.default(new Ajv2020());
    const isEvidence = ajv.compile(JSON.parse(fileOf('step-evidence.schema.json')) as object);
    const isRotated = ajv.compile(JSON.parse(fileOf('credential-rotated.schema.json')) as object);
    for (const fragment of kept.fragments.values()) expect(isEvidence(fragment), ajv.errorsText()).toBe(true);
    for (const { detail } of kept.events) expect(isRotated(detail), ajv.errorsText()).toBe(true);
  });
});
