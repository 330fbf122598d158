import type { AuditRow } from './audit.ts';
import { FINDING_KINDS, type FindingKind, SEVERITIES, type Severity } from './finding.ts';
import type { AuditPolicy } from './policy.ts';

/** What stands at the head of every report. */
export interface ReportHead {
  readonly region: string;
  /** Streamkap's id of the project. */
  readonly serviceId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly policy: AuditPolicy;
}

/** The same in every format. */
export interface ReportTotals {
  readonly secrets: number;
  readonly keys: number;
  /** Without those that an exception covers. */
  readonly findings: number;
  readonly accepted: number;
  readonly bySeverity: Readonly<Record<Severity, number>>;
  readonly byKind: Readonly<Partial<Record<FindingKind, number>>>;
}

/** A format. Pieces of text, written as the rows come, so that no report has to fit into memory. */
export interface ReportFormat {
  head(head: ReportHead): string;
  row(row: AuditRow, index: number): string;
  end(totals: ReportTotals, head: ReportHead): string;
}

/** Writes a report. @returns its totals */
export async function writeReport(
  rows: AsyncIterable<AuditRow>,
  { head, format, write }: { head: ReportHead; format: ReportFormat; write: (text: string) => Promise<void> | void },
): Promise<ReportTotals> {
  const count = new TotalsCount();
  await write(format.head(head));
  let index = 0;
  for await (const row of rows) {
    count.add(row);
    await write(format.row(row, index++));
  }
  const totals = count.totals();
  await write(format.end(totals, head));
  return totals;
}

class TotalsCount {
  #secrets = 0;
  #keys = 0;
  #accepted = 0;
  readonly #byKind = new Map<FindingKind, number>();

  add({ subject, findings }: AuditRow): void {
    if (subject === 'secret') this.#secrets++;
    else this.#keys++;
    for (const { kind, exception } of findings) {
      if (exception) this.#accepted++;
      else this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + 1);
    }
  }

  totals(): ReportTotals {
    const kinds = Object.keys(FINDING_KINDS) as FindingKind[];
    const of = (kind: FindingKind) => this.#byKind.get(kind) ?? 0;
    const sum = (some: readonly FindingKind[]) => some.reduce((all, kind) => all + of(kind), 0);
    return {
      secrets: this.#secrets,
      keys: this.#keys,
      findings: sum(kinds),
      accepted: this.#accepted,
      bySeverity: Object.fromEntries(
        SEVERITIES.map((word) => [word, sum(kinds.filter((kind) => FINDING_KINDS[kind].severity === word))]),
      ) as Record<Severity, number>,
      byKind: Object.fromEntries(kinds.filter(of).map((kind) => [kind, of(kind)])),
    };
  }
}
