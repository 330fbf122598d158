import { createHash } from 'node:crypto';
import type { StackConfiguration } from './configuration.ts';
import type { Problem } from './configuration-problem.ts';

type ProjectKeyConfiguration = StackConfiguration['projectKeys'][number];

/** CloudFormation's limit is 500 resources a stack. Besides the keys a stack has about 80 of its own, and a role for GitHub has one. */
const MOST_KEY_RESOURCES = 400;
/** What `keyStacks` may be, besides 0. */
export const KEY_STACKS = [4, 8, 16, 32] as const;

/** @returns the keys of each part, `00` and so on: a key's part follows from its own name alone; empty parts are left out */
export function spread<Key extends { readonly name: string }>(
  keys: readonly Key[],
  parts: number,
): [part: string, keys: Key[]][] {
  const partOf = ({ name }: Key) => (createHash('sha256').update(name).digest()[0] ?? 0) % parts;
  return Array.from({ length: parts }, (_, part): [string, Key[]] => [
    String(part).padStart(2, '0'),
    keys.filter((key) => partOf(key) === part),
  ]).filter(([, members]) => members.length > 0);
}

/** @returns the rule that is broken when one stack would hold too many keys, with the number of stacks that they fit into */
export function sizeProblem({ projectKeys, keyStacks }: StackConfiguration): Problem[] {
  const largest = largestPart(projectKeys, keyStacks);
  if (largest <= MOST_KEY_RESOURCES) return [];
  const enough = KEY_STACKS.find((parts) => parts > keyStacks && largestPart(projectKeys, parts) <= MOST_KEY_RESOURCES);
  const remedy = enough === undefined ? 'put some keys into another entry of stacks' : `must be ${enough} or greater`;
  const rule = `${remedy}: one stack would hold ${largest} resources of project keys, and ${MOST_KEY_RESOURCES} fit`;
  return [{ path: [], rule }];
}

function largestPart(keys: readonly ProjectKeyConfiguration[], keyStacks: number): number {
  const parts = keyStacks === 0 ? [keys] : spread(keys, keyStacks).map(([, members]) => members);
  return Math.max(0, ...parts.map((members) => members.reduce((sum, key) => sum + resourcesOf(key), 0)));
}

/** Its secret, its schedule, and with two keys the standby. */
function resourcesOf({ secretName, strategy }: ProjectKeyConfiguration): number {
  return (secretName === undefined ? 1 : 2) + (strategy === 'alternating' ? 1 : 0);
}
