import { expect } from 'vitest';
import type { Report } from './explorer.ts';

/** Prints how much was visited. @returns the report, of an exploration that came to an end at least once */
export async function reported<R extends Report>(what: string, exploring: Promise<R>): Promise<R> {
  const report = await exploring;
  process.stdout.write(`${what}: ${JSON.stringify(report)}\n`);
  expect(report.ends).toBeGreaterThan(0);
  return report;
}
