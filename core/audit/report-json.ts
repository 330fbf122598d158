import type { AuditRow } from './audit.ts';
import type { ReportFormat } from './report.ts';

/** Times as ISO 8601 in UTC; one row a line, so that two reports can be compared line by line. */
export const jsonReport: ReportFormat = {
  head: (head) => `{"schema":"streamkap-keyring/audit/1",\n"head":${json(head)},\n"rows":[`,
  row: (row, index) => `${index === 0 ? '\n' : ',\n'}${json(row)}`,
  end: (totals) => `\n],\n"totals":${json(totals)}}\n`,
};

const TIMES = new Set(['at', 'since', 'expiresAt', 'createdAt', 'lastRotatedAt', 'nextRotationAt', 'lastProvenAt']);

function json(value: AuditRow | object): string {
  return JSON.stringify(value, (key, inner: unknown) =>
    TIMES.has(key) && typeof inner === 'number' ? new Date(inner).toISOString() : inner,
  );
}
