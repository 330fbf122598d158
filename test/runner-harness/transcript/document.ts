/** What one test did, run by run. */
export interface Transcript {
  /** The test's sentence. */
  readonly title: string;
  readonly runs: readonly string[];
}

/** @returns the transcripts of one test file in Markdown; a run that went exactly like one before it is told by where that stands */
export function writeTranscripts(testFile: string, transcripts: readonly Transcript[]): string {
  const told = new Map<string, string>();
  const sections = transcripts.flatMap(({ title, runs }) => {
    const blocks = runs.map((run, index) => {
      const known = told.get(run);
      told.set(run, known ?? `"${title}", run ${index + 1}`);
      return known === undefined ? `\`\`\`text\n${run}\n\`\`\`\n` : `As in ${known}.\n`;
    });
    return blocks.length === 0 ? [] : [`## ${title}\n`, ...blocks];
  });
  return [`# ${testFile}\n`, 'How to read this: [README.md](README.md)\n', ...sections].join('\n');
}

const SECTION = /^## (.*)\n((?:(?!^## )[\s\S])*)/gm;
const BLOCK = /^```text\n([\s\S]*?)\n```$|^As in "(.*)", run (\d+)\.$/gm;

/** @returns the runs by title, each in full */
export function readTranscripts(document: string): Map<string, string[]> {
  const transcripts = new Map<string, string[]>();
  for (const [, title = '', body = ''] of document.matchAll(SECTION)) {
    const runs: string[] = [];
    for (const [, text, where = '', number = '1'] of body.matchAll(BLOCK)) {
      const earlier = where === title ? runs : transcripts.get(where);
      runs.push(text ?? earlier?.[Number(number) - 1] ?? '');
    }
    transcripts.set(title, runs);
  }
  return transcripts;
}
