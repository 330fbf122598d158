import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nextFor } from '../../../core/doctor/next.ts';
import type { Picture, PicturedVersion } from '../../../core/doctor/picture.ts';
import { STATES, type State } from '../../../core/doctor/states.ts';

const RUNBOOK = readFileSync(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8');

const file = (id: string, label: string): PicturedVersion => ({
  ...{ id, labels: [label], ageMs: 0 },
  holds: { kind: 'file', keyId: 'pk_1', username: 'orders-ci' },
});

/** The names that the runbook is written with. */
const PICTURE: Picture = {
  ...{ secretId: 'ci/orders', strategy: 'alternating', at: 0, updateUnderWay: false },
  secret: {
    ...{ arn: 'arn', name: 'ci/orders', tags: {}, versions: {} },
    ...{
      rotationEnabled: false,
      rotationFunction: 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password',
    },
  },
  versions: [file('CURRENT', 'AWSCURRENT'), file('PREVIOUS', 'AWSPREVIOUS')],
  pair: { idle: { id: 'ID', missing: true } },
};

/** What stands under each heading of the third level. */
const sections = new Map(
  RUNBOOK.split(/^### /m)
    .slice(1)
    .map((text) => [text.split('\n')[0] ?? '', text.split(/^## /m)[0] ?? '']),
);

describe('the runbook', () => {
  test('has a section for each state, and none for anything else', () => {
    expect([...sections.keys()].toSorted()).toEqual(Object.keys(STATES).toSorted());
  });

  test.each(
    Object.keys(STATES) as State[],
  )('says of %s what to look at, what is safe, and what doctor prints', (state) => {
    const section = sections.get(state) ?? '';
    expect(section).toMatch(/^\*\*Look at\*\* .{20}/m);
    expect(section).toMatch(/^\*\*Safe:\*\* .{8}/m);
    const [, command] = /^```sh\n(.+)\n```$/m.exec(section) ?? [];
    const [, text] = /^> (.+)$/m.exec(section) ?? [];
    const next = nextFor(state, { secretId: 'ci/orders', picture: PICTURE, ourOptions: '', awsOptions: '' });
    expect(command ?? text).toBe(next && ('command' in next ? next.command : next.text));
    expect(command === undefined).toBe(next === undefined || 'text' in next);
  });
});
