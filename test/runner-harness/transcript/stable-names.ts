import { tmpdir } from 'node:os';

/** Texts that are different in each world, by the name that stands for them. */
export type Names = ReadonlyMap<string, string>;

const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
const SHA256 = /\b[0-9a-f]{64}\b/g;

/**
 * Puts names in place of all that is different each time: ids are numbered in the order of the text, the rest loses its value.
 * @param names what else is known to differ, such as addresses; longer ones are replaced first
 */
export function withStableNames(text: string, names: Names): string {
  let stable = text;
  for (const [value, name] of [...names].sort(([a], [b]) => b.length - a.length))
    stable = stable.replaceAll(value, name);
  stable = stable.replaceAll(tmpdir(), '<tmp>');
  return numbered(numbered(stable, UUID, 'id'), SHA256, 'version')
    .replace(/<tmp>\/([a-z-]+)-[A-Za-z0-9]{6}\b/g, '<$1>')
    .replace(/(:secret:[\w/+=.@-]+)-[A-Za-z0-9]{6}\b/g, '$1-<suffix>')
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
    .replace(/( for )[0-9a-f]{12}(?=\])/g, '$1<seal>')
    .replace(/([a-z0-9]-)[0-9a-f]{8}(?![\w-])/g, '$1<random>')
    .replace(/(127\.0\.0\.1|localhost|\.invalid):\d+/g, '$1:<port>')
    .replace(/\bsandbox-\d+\b/g, '<request>')
    .replace(/\b\d+ ms\b/g, '<n> ms')
    .replace(/\b(begun|after|in) \d+ s\b/g, '$1 <n> s');
}

/** The same id gets the same number throughout a text. */
function numbered(text: string, pattern: RegExp, name: string): string {
  const numbers = new Map<string, number>();
  return text.replace(pattern, (id) => {
    const number = numbers.get(id) ?? numbers.size + 1;
    numbers.set(id, number);
    return `<${name} ${number}>`;
  });
}
