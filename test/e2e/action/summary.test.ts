import { expect, test } from 'vitest';
import { summaryOf } from '../../../action/summary.ts';
import { fileIn, KINDS, type Kind, SECRET_ID, worldOfTest } from './fixture.ts';

/** The table's rows, character references read as people see them. */
function rowsOf(summary: string): string[][] {
  const text = summary.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
  return text.split('\n').flatMap((line) => (line.startsWith('| ') ? [line.slice(2, -2).split(' | ')] : []));
}

test.each<Kind>([
  'Kafka-only',
  'API-only',
  'API + Kafka',
])('a job summary says of a %s key what was made, where it is and what may be done with it, and no secret', async (kind) => {
  const world = await worldOfTest();
  const run = await world.run({ ...KINDS[kind], 'export-env': 'true' });
  const { outputs, summary } = run;
  expect(summary.startsWith('### Streamkap credential: created\n')).toBe(true);
  const rows = new Map(rowsOf(summary).map(([name, value]) => [name, value]));
  expect(rows.get('Project key')).toBe(outputs['project-key-id']);
  expect(rows.get('Status')).toBe('active');
  expect(rows.get('Secret')).toBe(outputs['secret-arn']);
  expect(rows.get('Version of the secret')).toBe(outputs['secret-version-id']);
  expect(rows.get('Handed out as')).toBe('outputs, variables STREAMKAP_*');
  const { api, kafka } = fileIn(run);
  expect(rows.get('API client')).toBe(api?.client_id);
  expect(rows.get('Kafka username')).toBe(kafka ? 'orders-ci' : undefined);
  if (!kafka) return expect(rows.has('Kafka login')).toBe(false);
  expect(rows.get('Kafka login')).toMatch(/^accepted by (127\.0\.0\.1|localhost):\d+ in \d+ ms$/);
  expect(rowsOf(summary)).toContainEqual(['TOPIC', 'orders', 'LITERAL', 'READ']);
});

test('a credential that was only looked up says so, and that its login was not tried', async () => {
  const world = await worldOfTest();
  await world.run(KINDS['Kafka-only']);
  const { summary } = await world.run({ mode: 'lookup', 'secret-id': SECRET_ID });
  expect(summary).toContain('### Streamkap credential: found');
  expect(rowsOf(summary)).toContainEqual(['Kafka login', 'not tried']);
});

test('a failed step leaves no summary', async () => {
  const world = await worldOfTest();
  const run = await world.run({ mode: 'lookup', 'secret-id': SECRET_ID });
  expect(run).toMatchObject({ outcome: 'failure', summary: '' });
});

test('a runner without summaries, or with a summary that cannot be written, still hands out', async () => {
  const world = await worldOfTest();
  const without = await world.run(KINDS['Kafka-only'], { omitFiles: ['GITHUB_STEP_SUMMARY'] });
  expect(without.outcome).toBe('success');
  const broken = await world.run(KINDS['Kafka-only'], {
    omitFiles: ['GITHUB_STEP_SUMMARY'],
    env: { GITHUB_STEP_SUMMARY: '/' },
  });
  expect(broken.outcome).toBe('success');
  expect(broken.annotations.warnings).toContain('The job summary could not be written.');
});

test('a name from elsewhere is text in the summary: no row, link, image, mention or HTML of its own', () => {
  const hostile = 'a|b\n| x | ![i](http://e) <script>&lt; @admins `c` [l](http://e) *b* _i_';
  const summary = summaryOf(
    {
      result: 'found',
      status: hostile,
      secretArn: '',
      secretVersionId: '',
      file: {
        project_key_id: hostile,
        project: {},
        kafka: { username: hostile, password: 'Wq7afghIjk2mnop1', bootstrap_servers: hostile },
        kafka_acls: Array.from({ length: 60 }, () => ({ topic_name: hostile, operation: hostile })),
      },
    },
    { outcome: 'unknown', code: 'ECONNREFUSED' },
    ['outputs'],
  );
  expect(summary).not.toMatch(/[<>`*_[\]@!]/);
  expect(summary.replace(/&#\d+;/g, '')).not.toContain('&');
  expect(summary.split('\n').filter((line) => !/^(\||### |and 10 more ACLs$|$)/.test(line))).toEqual([]);
  const cells = summary.split('\n').map((line) => line.split('|').length);
  expect(new Set(cells)).toEqual(new Set([1, 4, 6]));
  expect(summary).not.toContain('Wq7afghIjk2mnop1');
});
