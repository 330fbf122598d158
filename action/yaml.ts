import { type Document, LineCounter, parseDocument, visit } from 'yaml';

/** Text that the YAML parser does not take; its own message quotes the text and is dropped. */
export class NotYaml {
  /** Where the text breaks a rule, from 1; undefined where the parser does not say. */
  readonly line: number | undefined;

  constructor(line?: number) {
    this.line = line;
  }
}

/** @returns the parsed value, or {@link NotYaml}. A module of its own, loaded only by those who write YAML. */
export function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  // Warnings, too, quote the text, on stderr.
  const document = parseDocument(text, { logLevel: 'error', lineCounter: lines });
  const [error] = document.errors;
  if (error) return new NotYaml(error.linePos?.[0].line);
  try {
    return document.toJS();
  } catch (thrown) {
    // The parser throws ReferenceError for an alias without an anchor, and for one that unfolds without end.
    if (thrown instanceof ReferenceError) return new NotYaml(lineOfLooseAlias(document, lines));
    throw thrown;
  }
}

function lineOfLooseAlias(document: Document, lines: LineCounter): number | undefined {
  let line: number | undefined;
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      line = lines.linePos(alias.range?.[0] ?? 0).line;
      return visit.BREAK;
    },
  });
  return line;
}

/** @returns ` (line 3)`, to follow what is said of the text */
export function placeIn({ line }: NotYaml): string {
  return line === undefined ? '' : ` (line ${line})`;
}
