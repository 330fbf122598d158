import type { ReportFormat } from './report.ts';

/** Times as ISO 8601 in UTC; one row a line, so that two reports can be compared line by line. */
export const jsonReport: ReportFormat = {
  head: (head) => `{"schema":"streamkap-keyring/audit/1",\n"head":${reportJson(head)},\n"rows":[`,
  row: (row, index) => `${index === 0 ? '\n' : ',\n'}${reportJson(row)}`,
  end: (totals) => `\n],\n"totals":${reportJson(totals)}}\n`,
};

const TIMES = new Set(['at', 'since', 'expiresAt', 'createdAt', 'lastRotatedAt', 'nextRotationAt', 'lastProvenAt']);

/** @returns one line of JSON, times as ISO 8601 in UTC */
export function reportJson(value: object): string {
  return JSON.stringify(value, (key, inner: unknown) =>
    TIMES.has(key) && typeof inner === 'number' ? new Date(inner).toISOString() : inner,
  );
}
