import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditRows } from '../../core/audit/audit.ts';
import type { AuditedKey, AuditedSecret } from '../../core/audit/inventory.ts';
import { DEFAULT_POLICY } from '../../core/audit/policy.ts';
import { writeReport } from '../../core/audit/report.ts';
import { htmlReport } from '../../core/audit/report-html.ts';
import { daysAgo, healthyFacts, healthyKey, healthySecret, NOW } from '../unit/audit/world.ts';
import { type Chromium, type Page, startChromium } from './judges/browser.ts';

const SECRETS = 5_000;
/** Names come from outside: these would run, or break the page, where they got into it as markup. */
const HOSTILE = [
  '<img src=x onerror="document.title=1">',
  '</script><script>document.title=1</script>',
  '"><b>&amp;',
  '<!--',
];

const nameOf = (index: number): string => HOSTILE[index] ?? `ci/team-${index % 40}/service-${index}`;

function* secrets(): Generator<AuditedSecret> {
  for (let index = 0; index < SECRETS; index++) {
    const tags = { ...healthySecret().tags, 'streamkap:project-key-id': `pk-${index}` };
    const [rotationEnabled, lastRotatedAt] = [index % 17 !== 0, daysAgo(index % 97)];
    yield healthySecret({ arn: `arn:${index}`, name: nameOf(index), tags, rotationEnabled, lastRotatedAt });
  }
}

function keys(): AuditedKey[] {
  return Array.from({ length: SECRETS }, (_, index) => healthyKey({ id: `pk-${index}`, name: nameOf(index) }));
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

let chromium: Chromium;
let folder: string;
let url: string;

beforeAll(async () => {
  [chromium, folder] = await Promise.all([startChromium(), mkdtemp(join(tmpdir(), 'keyring-report-'))]);
  const asset = (name: string) => readFile(new URL(`../../core/audit/html/${name}`, import.meta.url), 'utf8');
  const format = htmlReport({ style: await asset('report.css'), script: await asset('report.js') });
  const exceptions = new Map();
  const rows = auditRows({
    secrets: each(secrets()),
    keys: keys(),
    factsOf: () => healthyFacts(),
    policy: DEFAULT_POLICY,
    now: NOW,
    exceptions,
  });
  const pieces: string[] = [];
  const head = { region: 'eu-central-1', serviceId: 'service-1', at: NOW, policy: DEFAULT_POLICY };
  await writeReport(rows, { head, format, write: (text) => void pieces.push(text) });
  await writeFile(join(folder, 'report.html'), pieces.join(''));
  url = pathToFileURL(join(folder, 'report.html')).href;
});
afterAll(async () => {
  await chromium?.browser.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

describe.each([
  ['a phone', { width: 390, height: 844 }],
  ['a desktop', { width: 1280, height: 900 }],
] as const)('on %s', (_, viewport) => {
  describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
    let page: Page;
    const said: string[] = [];

    beforeAll(async () => {
      page = await chromium.browser.newPage({ viewport, colorScheme });
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => said.push(String(error)));
      page.on('request', (request) => {
        if (!request.url().startsWith('file:')) said.push(request.url());
      });
      await page.goto(url);
      await page.waitForSelector('tbody tr');
    });
    afterAll(() => page?.close());

    const count = async () => (await page.textContent('#count')) ?? '';
    const names = () =>
      page.evaluate<string[]>("[...document.querySelectorAll('tbody th')].map((cell) => cell.firstChild.textContent)");

    test('10,000 rows are there, the worst first', async () => {
      expect(await count()).toBe('10000 of 10000, the first 200 are shown');
      expect(await page.textContent('tbody .severity')).toBe('high: overdue');
    });

    test('axe finds nothing that keeps anybody from reading it', async () => {
      await page.evaluate(chromium.axe);
      const violations = await page.evaluate<{ id: string }[]>('axe.run().then(({ violations }) => violations)');
      expect(violations.map(({ id }) => id)).toEqual([]);
    });

    test('search, filter and sort find what is looked for', async () => {
      await page.fill('#search', 'SERVICE-4711');
      expect(await count()).toBe('2 of 10000');
      await page.fill('#search', '');
      await page.selectOption('#kind', 'rotation-off');
      expect(await count()).toBe(`${Math.ceil(SECRETS / 17)} of 10000, the first 200 are shown`);
      await page.selectOption('#only', 'project-key');
      expect(await count()).toBe('0 of 10000');
      await page.selectOption('#kind', '');
      await page.selectOption('#only', '');
      await page.click('th[data-order=name] button');
      expect((await names())[0]).toBe([...HOSTILE].sort()[0]);
      await page.click('th[data-order=name] button');
      expect((await names())[0]).toBe('ci/team-9/service-969');
    });

    test('a hostile name is text, and nothing is asked of a network or said on the console', async () => {
      for (const name of HOSTILE) {
        await page.fill('#search', name);
        expect(await names()).toEqual([name, name]);
      }
      expect(await page.evaluate<string>('document.title')).toMatch(/^Audit of project keys/);
      expect(said).toEqual([]);
    });
  });
});
