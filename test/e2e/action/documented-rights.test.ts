import { expect, test } from 'vitest';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import { runSteps } from './documented-steps.ts';
import { actionsFor, allow, contextOf, DOCUMENT, rotatable, stepsOf, withKey } from './documented-world.ts';
import { errorOf, worldOfTest } from './fixture.ts';

/** What the table names, the YAML that does it, and a world to do it in. That it is enough, the tests of the uses show. */
const NEEDED = [
  ['look up', 'Look a key up', withKey],
  ['make', 'Make a key once, find it ever after', worldOfTest],
  ['see', 'See what a run would do', withKey],
  ['rotate', 'A new password now', rotatable],
] as const;

test.each(
  NEEDED.flatMap(([what, title, start]) =>
    actionsFor(what)
      .filter((action) => !action.startsWith('kms:'))
      .map((action) => [action, what, title, start] as const),
  ),
)('a role that lacks %s cannot %s, and is told so', async (action, what, title, start) => {
  const world = await start();
  allow(world, what, action);
  const { actions } = await runSteps(world, stepsOf(title), contextOf(world));
  expect(errorOf(actions[0] as ActionRun)).toMatch(new RegExp(`lacks ${action}\\. .*\\[AWS_ACCESS_DENIED\\]$`));
});

test('the policy that the page shows allows what its table says, and no more', () => {
  const [, json = ''] = /^```json\n([\s\S]*?)^```$/m.exec(DOCUMENT) ?? [];
  const [statement] = (JSON.parse(json) as { Statement: { Action: string[] }[] }).Statement;
  expect(statement?.Action).toEqual(actionsFor('change').filter((action) => !action.startsWith('kms:')));
});
