import type { AuditRow } from './audit.ts';
import type { Finding } from './finding.ts';
import type { ReportFormat } from './report.ts';
import { dateOf } from './secret-rules.ts';

const COLUMNS = [
  'subject',
  'id',
  'name',
  'strategy_or_status',
  'rotation',
  'last_rotated',
  'next_rotation',
  'last_proven',
  'held_by',
  'finding',
  'finding_id',
  'severity',
  'since',
  'evidence',
  'remedy',
  'controls',
  'exception_reason',
  'exception_owner',
  'exception_expires',
] as const;

/** RFC 4180: one line for each finding, and one for a secret or key without any, so that the population is whole. */
export const csvReport: ReportFormat = {
  head: () => line(COLUMNS),
  row: (row) => (row.findings.length > 0 ? row.findings : [undefined]).map((finding) => lineOf(row, finding)).join(''),
  end: () => '',
};

function lineOf(row: AuditRow, finding: Finding | undefined): string {
  const subject =
    row.subject === 'secret'
      ? [row.strategy, row.rotation, date(row.lastRotatedAt), date(row.nextRotationAt), date(row.lastProvenAt), '']
      : [row.status, '', '', '', '', row.heldBy];
  return line([row.subject, row.id, row.name, ...subject, ...(finding ? cellsOf(finding) : Array(10).fill(''))]);
}

function cellsOf({
  kind,
  id,
  severity,
  since,
  evidence,
  remedy,
  controls,
  exception,
}: Finding): (string | undefined)[] {
  const what = 'command' in remedy ? remedy.command : remedy.text;
  const accepted = exception ? [exception.reason, exception.owner, date(exception.expiresAt)] : ['', '', ''];
  return [kind, id, severity, date(since), evidence, what, controls.join('; '), ...accepted];
}

function date(at: number | undefined): string {
  return at === undefined ? '' : dateOf(at);
}

function line(cells: readonly (string | undefined)[]): string {
  return `${cells.map((text = '') => cell(text)).join(',')}\r\n`;
}

/** Spreadsheets run what begins like a formula, also behind white space; an apostrophe keeps it text. */
function cell(text: string): string {
  const neutral = /^[\s\u00a0]*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(neutral) ? `"${neutral.replaceAll('"', '""')}"` : neutral;
}
