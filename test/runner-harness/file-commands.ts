/** The files a stage gets, by the variable that names them. */
export const FILE_COMMANDS = [
  'GITHUB_OUTPUT',
  'GITHUB_ENV',
  'GITHUB_STATE',
  'GITHUB_PATH',
  'GITHUB_STEP_SUMMARY',
] as const;
export type FileCommand = (typeof FILE_COMMANDS)[number];

/**
 * Reads GITHUB_OUTPUT, GITHUB_ENV or GITHUB_STATE as the runner does: blank lines skipped, `name=value` when `=` comes before `<<`,
 * else `name<<DELIMITER`, the value's lines, `DELIMITER`. Lines end with LF alone.
 * @param accept gets each pair as it is read: what stands before a broken line takes effect
 * @throws Error on a missing delimiter or a line of neither form; the step fails then. The message holds no value.
 */
export function readPairs(text: string, accept: (name: string, value: string) => void): void {
  const lines = text.split('\n');
  // The last element is what follows the last LF: a line only when it is not empty.
  if (lines.at(-1) === '') lines.pop();
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line === '') continue;
    const equals = line.indexOf('=');
    const heredoc = line.indexOf('<<');
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      if (equals === 0) throw new Error(`Invalid format in line ${index + 1}. Name must not be empty`);
      accept(line.slice(0, equals), line.slice(equals + 1));
    } else if (heredoc >= 0) {
      const delimiter = line.slice(heredoc + 2);
      if (heredoc === 0 || delimiter === '') {
        throw new Error(`Invalid format in line ${index + 1}. Name and delimiter must not be empty`);
      }
      const end = lines.indexOf(delimiter, index + 1);
      if (end < 0) throw new Error(`Invalid value. Matching delimiter not found for '${line.slice(0, heredoc)}'`);
      accept(line.slice(0, heredoc), lines.slice(index + 1, end).join('\n'));
      index = end;
    } else {
      throw new Error(`Invalid format in line ${index + 1}`);
    }
  }
}
