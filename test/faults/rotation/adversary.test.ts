import { describe, expect, it } from 'vitest';
import { versionId } from '../../unit/rotation/world.ts';
import { Numbering } from '../exploration/numbering.ts';
import { Model, passwordIn, TOKEN } from './interleaving/model.ts';
import { STEPS } from './interleaving/process.ts';
import { alone, deployedAs, leakIn } from './interleaving/subject.ts';

const THIRD = versionId('third');
const TOKENS = { second: TOKEN, third: THIRD, first: versionId('first'), unknown: versionId('unknown') };
const OTHER_KEY = 'Other!Key00000000000';
const PLANTED = 'Planted!Password0000';

/** One thing that a caller can do, at any time and in any order. */
interface Deed {
  readonly name: string;
  /** The token that the function is called with; undefined when somebody writes to the secret. */
  readonly token?: string;
  act(model: Model): Promise<string | undefined>;
}

const calls: Deed[] = Object.entries(TOKENS).flatMap(([name, token]) =>
  STEPS.map((step) => ({
    name: `${step} ${name}`,
    token,
    act: async (model) => {
      // A retry makes another password than the attempt whose value is stored.
      const name = `${token.slice(0, 6)}-${model.valueIn(token) === undefined ? 'new' : 'again'}`;
      const deployed = deployedAs({ arn: model.world.arn, strategy: 'single' });
      const standing = await alone({ name, deed: step, token }, { deployed, services: model, at: model.world.now });
      expect(leakIn(deployed)).toBeUndefined();
      return standing.at === 'error' ? standing.code : undefined;
    },
  })),
);

const meddling: Deed[] = [
  plant('another key', { project_key_id: 'another' }, OTHER_KEY),
  plant('the same key', {}, PLANTED),
  {
    name: 'a second rotation is asked for',
    act: async (model) => void model.meddle('RotateSecret', { ClientRequestToken: THIRD }),
  },
  {
    name: 'the first rotation is cancelled',
    act: async (model) =>
      void model.meddle('UpdateSecretVersionStage', { VersionStage: 'AWSPENDING', RemoveFromVersionId: TOKEN }),
  },
];

function plant(what: string, change: object, password: string): Deed {
  return {
    name: `a value of ${what} is planted under AWSPENDING`,
    act: async (model) => {
      const value = JSON.parse(model.valueIn() ?? '') as { kafka: object };
      const SecretString = JSON.stringify({ ...value, ...change, kafka: { ...value.kafka, password } });
      model.meddle('PutSecretValue', { ClientRequestToken: THIRD, VersionStages: ['AWSPENDING'], SecretString });
      return undefined;
    },
  };
}

/** What the world looks like; passwords by value. */
const factsOf = (model: Model) => ({
  current: model.current,
  told: model.told,
  accepted: model.accepted,
  stored: model.stored,
  labels: model.labels,
});
type Facts = ReturnType<typeof factsOf>;

/** What a deed of the function's must not have done, whoever called it and when. */
function wrong(deed: Deed, before: Facts, model: Model): string | undefined {
  const after = factsOf(model);
  if (after.told === OTHER_KEY) return "another key's password was sent";
  // Who puts a value by hand takes the label off a password that is in force (F18): that is not the function's deed.
  if (deed.token === undefined) return undefined;
  const wasStored = before.stored.includes(before.accepted);
  if (wasStored && !after.stored.includes(after.accepted)) return 'Kafka accepts a password that is stored nowhere';
  if (deed.token === TOKENS.unknown && JSON.stringify(before) !== JSON.stringify(after)) return 'it changed something';
  const sent = passwordIn(model.valueIn(deed.token));
  if (after.told !== before.told && after.told !== sent) return 'a password was sent that is not of its token';
  const wasPending = before.labels[deed.token]?.includes('AWSPENDING');
  if (after.told !== before.told && !wasPending) return 'a password was sent that was not pending';
  if (after.current !== before.current && after.accepted !== after.current)
    return 'AWSCURRENT moved to a dead password';
  if (after.current !== before.current && !wasPending) return 'AWSCURRENT moved to what was not pending';
  return undefined;
}

describe('whatever order the function is called in, with whatever tokens and planted values', () => {
  it('every state that can be reached is a good one', { timeout: 300_000 }, async () => {
    const model = new Model();
    await model.open();
    const worlds = new Numbering();
    const paths: string[][] = [[]];
    worlds.of(model.snapshot());
    const codes = new Set<string>();
    for (let world = 0; world < worlds.size; world++) {
      for (const deed of [...calls, ...meddling]) {
        model.restore(worlds.at(world));
        const before = factsOf(model);
        const code = await deed.act(model);
        if (code) codes.add(code);
        const path = [...(paths[world] ?? []), deed.name];
        expect(wrong(deed, before, model), path.join(', ')).toBeUndefined();
        if (worlds.of(model.snapshot()) === paths.length) paths.push(path);
      }
    }
    process.stdout.write(`adversarial caller: ${worlds.size} states, ends in ${[...codes].sort().join(', ')}\n`);
    expect([...codes]).toEqual(expect.arrayContaining(['NEVER_SET', 'PENDING_MISMATCH', 'TOKEN_UNKNOWN']));
    expect(codes).not.toContain('INTERNAL');
  });
});
