import { readFileSync } from 'node:fs';

const PAGE = new URL('../../docs/action.md', import.meta.url);

/** A row of the tables under "When it fails" in docs/action.md. */
export interface ErrorRow {
  /** What the error says, `…` for what differs each time. */
  readonly texts: readonly string[];
  readonly codes: readonly string[];
  /** Of `no`, `yes`, `unknown`. */
  readonly changed: readonly string[];
  readonly cells: readonly string[];
}

/** @returns the rows that have a code, and those of bad inputs, which all have the same */
export function errorRows(): { readonly byCode: ErrorRow[]; readonly inputs: ErrorRow[] } {
  const rows = rowsOf('the error says');
  const isInput = ({ cells }: ErrorRow) => cells.length === 3;
  return { byCode: rows.filter((row) => !isInput(row)), inputs: rows.filter(isInput) };
}

/** @returns the rows of what does not fail the step; they have no code */
export function warningRows(): ErrorRow[] {
  return rowsOf('the warning says');
}

function rowsOf(title: string): ErrorRow[] {
  const [, section = ''] = readFileSync(PAGE, 'utf8').split('\n## When it fails\n');
  const tables = [...section.matchAll(new RegExp(`^\\| ${title} \\|(.*)\\n\\| -.*\\n((?:\\|.*\\n)+)`, 'gm'))];
  return tables.flatMap(([, head = '', body = '']) =>
    body
      .trim()
      .split('\n')
      .map((line) => rowOf(line, head.includes('| changed |'))),
  );
}

function rowOf(line: string, hasCode: boolean): ErrorRow {
  const cells = line.split(/ \| |^\| | \|$/).slice(1, -1);
  const inBackticks = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
  return {
    texts: inBackticks(cells[0]),
    codes: hasCode ? inBackticks(cells[1]) : ['INVALID_INPUT'],
    changed: hasCode ? ((cells[3] ?? '').match(/\b(no|yes|unknown)\b/g) ?? []) : ['no', 'yes'],
    cells,
  };
}

const CHANGED: Readonly<Record<string, string>> = {
  'Nothing was changed.': 'no',
  'Something was changed.': 'yes',
  'It is not known whether something was changed.': 'unknown',
};

/** @returns whether an error begins with what a row says */
export function says(row: ErrorRow, error: string): boolean {
  return row.texts.some((text) => patternOf(text).test(error));
}

function patternOf(text: string): RegExp {
  const pattern = text
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.+');
  return new RegExp(`^streamkap-keyring: ${pattern}(?=[.:; ]|$)`);
}

const { byCode } = errorRows();

/** @returns why the page does not help a user who sees this error; undefined where it does */
export function undocumented(error: string): string | undefined {
  const [, code = ''] = /\[([A-Z_]+)\]$/.exec(error) ?? [];
  const [sentence = ''] = Object.keys(CHANGED).filter((each) => error.includes(` ${each} `));
  const rows = byCode.filter((row) => row.codes.includes(code) && says(row, error));
  if (rows.length === 0) return `docs/action.md has no row for what this error says: ${error}`;
  const changed = CHANGED[sentence];
  if (changed === undefined || rows.some((row) => row.changed.includes(changed))) return undefined;
  return `docs/action.md says of ${code} that "${rows[0]?.changed}" was changed, not "${changed}": ${error}`;
}
