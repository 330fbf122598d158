import { format } from 'node:util';

export { expect } from 'vitest';

type Body = () => unknown;

/** One test as a file defined it. */
export interface LoadedTest {
  /** File, describe blocks, name, and which of its name it is: the same in every process. */
  readonly id: string;
  readonly file: string;
  readonly run: Body;
}

/** Everything that test files define when they are imported with this module in the place of `vitest`. */
export const loadedTests: LoadedTest[] = [];

let file = '';
const blocks: string[] = [];

/** @param path of the file whose tests are defined from here on */
export function loading(path: string): void {
  file = path;
}

/** As much of Vitest's `describe` as the judging tests use. */
export const describe = Object.assign(block, { each: eachOf(block) });

function block(name: string, define: Body): void {
  blocks.push(name);
  define();
  blocks.pop();
}

/** As much of Vitest's `test` as the judging tests use. A use of anything else fails on import. */
export const test = Object.assign(add, { each: eachOf(add) });
export const it = test;

function eachOf(define: (name: string, body: Body) => void) {
  return <Case>(cases: readonly Case[]) =>
    (name: string, body: (...values: readonly unknown[]) => unknown): void => {
      for (const each of cases) {
        const values: readonly unknown[] = Array.isArray(each) ? each : [each];
        define(format(name, ...values), () => body(...values));
      }
    };
}

function add(name: string, run: Body): void {
  const title = [file, ...blocks, name].join(' > ');
  const same = loadedTests.filter(({ id }) => id === title || id.startsWith(`${title} #`)).length;
  loadedTests.push({ id: same === 0 ? title : `${title} #${same + 1}`, file, run });
}
