import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { describeIssues, NOT_JSON, parseJson } from '../../core/json.ts';

fc.configureGlobal({ seed: 20261001 });

test('JSON is parsed, anything else is told apart and never thrown', () => {
  expect(parseJson('{"a":[1,null]}')).toEqual({ a: [1, null] });
  expect(parseJson('null')).toBeNull();
  for (const text of ['', '{', "{'a':1}", 'undefined', '{"a":1} trailing']) expect(parseJson(text)).toBe(NOT_JSON);
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseJson(text);
    }),
  );
});

test('the mark for "not JSON" is not something JSON can say', () => {
  expect(typeof NOT_JSON).toBe('symbol');
  expect(JSON.stringify({ value: NOT_JSON })).toBe('{}');
});

test('an issue is a path and an expected kind, with no value and no foreign key in it', () => {
  const schema = z.strictObject({ a: z.array(z.object({ b: z.literal('one') })), n: z.number() });
  const told = (value: unknown): string => {
    const result = schema.safeParse(value);
    return result.success ? 'fits' : describeIssues(result.error.issues);
  };
  expect(told({ a: [{ b: 'one' }], n: 1 })).toBe('fits');
  expect(told({ a: [{ b: 'hunter2-hunter2' }], n: 1 })).toBe('a.0.b: is not as it should be');
  expect(told({ a: [], n: 'hunter2-hunter2' })).toBe('n: expected number');
  expect(told({ a: [], n: 1, 'hunter2-hunter2': 1 })).toBe('the value: is not as it should be');
  expect(told('hunter2-hunter2')).toBe('the value: expected object');
  expect(describeIssues([])).toBe('does not fit');
});
