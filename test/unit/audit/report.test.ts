import { expect, test } from 'vitest';
import { auditRows } from '../../../core/audit/audit.ts';
import { DEFAULT_POLICY } from '../../../core/audit/policy.ts';
import { type ReportFormat, type ReportTotals, writeReport } from '../../../core/audit/report.ts';
import { csvReport } from '../../../core/audit/report-csv.ts';
import { jsonReport } from '../../../core/audit/report-json.ts';
import { type Account, healthyKey, healthySecret, NOW, rowsOf } from './world.ts';

const head = { region: 'eu-central-1', serviceId: 'service-1', at: NOW, policy: DEFAULT_POLICY };

async function written(format: ReportFormat, account: Account): Promise<{ text: string; totals: ReportTotals }> {
  let text = '';
  const write = (piece: string) => {
    text += piece;
  };
  const rows = await rowsOf(account);
  const totals = await writeReport(each(rows), { head, format, write });
  return { text, totals };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** As a spreadsheet reads it (RFC 4180). */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.filter((row) => row.length > 1);
}

const HOSTILE = [
  '=HYPERLINK("https://evil.example","x")',
  '+1+1',
  '-2+3',
  '@SUM(A1)',
  ' =1+1',
  '\t=1+1',
  'with "quotes", commas\r\nand lines',
];

test.each(HOSTILE)('a key named %j is one cell of text in CSV, and no formula', async (name) => {
  const { text } = await written(csvReport, { secrets: [], keys: [healthyKey({ name, description: '' })] });
  const [titles, row] = cellsOf(text);
  expect(row).toHaveLength(titles?.length ?? 0);
  const cell = row?.[2] ?? '';
  expect(cell.replace(/^'/, '')).toBe(name);
  expect(cell).not.toMatch(/^\s*[=+\-@]/);
});

test('CSV has a line for each finding, and one for what has none', async () => {
  const account = {
    secrets: [healthySecret({ rotationEnabled: false })],
    keys: [healthyKey()],
  };
  const { text, totals } = await written(csvReport, account);
  const rows = cellsOf(text).slice(1);
  expect(rows.map((cells) => [cells[0], cells[9]])).toEqual([
    ['secret', 'rotation-off'],
    ['project-key', ''],
  ]);
  expect(totals).toMatchObject({ secrets: 1, keys: 1 });
});

test('JSON is one document, with times that people can read, and one line for each row', async () => {
  const { text, totals } = await written(jsonReport, {
    keys: [healthyKey(), healthyKey({ id: 'pk-2', name: '</script>\u2028' })],
  });
  const report = JSON.parse(text);
  expect(report.head.at).toBe('2026-11-21T12:00:00.000Z');
  expect(report.rows.map(({ lastRotatedAt, createdAt }: Record<string, string>) => lastRotatedAt ?? createdAt)).toEqual(
    ['2026-11-11T12:00:00.000Z', '2025-10-17T12:00:00.000Z', '2025-10-17T12:00:00.000Z'],
  );
  expect(report.totals).toEqual(totals);
  expect(text.split('\n')).toHaveLength(3 + 3 + 3);
});

test('totals leave out what somebody has accepted, and count it apart', async () => {
  const account: Account = { secrets: [healthySecret({ rotationEnabled: false })] };
  const [finding] = (await rowsOf(account)).flatMap(({ findings }) => findings);
  const accepted = { findingId: finding?.id ?? '', reason: 'r', owner: 'o', expiresAt: NOW + 1 };
  const { totals } = await written(jsonReport, { ...account, exceptions: new Map([[accepted.findingId, accepted]]) });
  expect(totals).toMatchObject({ findings: 0, accepted: 1, byKind: {}, bySeverity: { medium: 0 } });
});

test('an audit that fails on the way throws, and does not end in totals', async () => {
  const failing = async function* () {
    yield healthySecret();
    throw new Error('throttled');
  };
  const input = {
    secrets: failing(),
    keys: [],
    factsOf: () => ({}),
    policy: DEFAULT_POLICY,
    now: NOW,
    exceptions: new Map(),
  };
  await expect(writeReport(auditRows(input), { head, format: jsonReport, write: () => {} })).rejects.toThrow(
    'throttled',
  );
});
