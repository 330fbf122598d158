import { readFileSync } from 'node:fs';
import { PERMISSION } from '../../sandbox/streamkap/roles.ts';
import { type Context, type DocumentedJob, documentedUses, STEPS_KEY, type Step } from './documented-steps.ts';
import { errorOf, KINDS, type World, worldOfTest } from './fixture.ts';
import { rotatableWorld } from './rotate-fixture.ts';

export const DOCUMENT = readFileSync(new URL('../../../docs/action.md', import.meta.url), 'utf8');
export const USES = documentedUses();

/** What the page's own table allows to who does one thing, but one of it; IAM denies the steps of this Action everything else. */
export function allow({ sandbox }: World, what: string, but = ''): void {
  const actions = actionsFor(what).filter((action) => action !== but);
  sandbox.secretsManagerServer.setDeny(({ accessKeyId, action }) =>
    accessKeyId !== STEPS_KEY || actions.includes(action)
      ? undefined
      : `User: someone is not authorized to perform: ${action} on resource: x`,
  );
}

/** As the table says, and of KMS what the sentence below it says. */
export function actionsFor(what: string): string[] {
  const rowOf = (begin: string) => DOCUMENT.split('\n').find((line) => line.startsWith(`| ${begin}`)) ?? '';
  const row = rowOf(what).replace('the same', rowOf('make'));
  const named = [...row.matchAll(/`([A-Z]\w+|\w+:\w+)`/g)].map(([, action = '']) => action);
  if (named.length === 0) throw new Error(`the page does not say what is needed to ${what}`);
  const whole = named.map((action) => (action.includes(':') ? action : `secretsmanager:${action}`));
  return [...whole, 'kms:Decrypt', 'kms:GenerateDataKey'];
}

export function contextOf({ sandbox }: World): Context {
  return {
    'vars.STREAMKAP_CLIENT_ID': sandbox.admin.clientId,
    'secrets.STREAMKAP_SECRET': sandbox.admin.clientSecret,
    'vars.ORDERS_PERMISSIONS': PERMISSION.projectKeysRead,
    "github.event_name == 'pull_request'": 'true',
  };
}

export const jobsOf = (title: string): Readonly<Record<string, DocumentedJob>> => {
  const { yaml } = USES.find((use) => use.title === title) ?? {};
  if (!yaml || !('jobs' in yaml)) throw new Error(`${title} has no jobs`);
  return yaml.jobs;
};
export const stepsOf = (title: string): readonly Step[] => {
  const { yaml } = USES.find((use) => use.title === title) ?? {};
  if (!yaml || 'jobs' in yaml) throw new Error(`${title} has no steps`);
  return yaml;
};

/** A world in which `ci/orders` holds a key. */
export async function withKey(): Promise<World> {
  const world = await worldOfTest();
  const made = await world.run(KINDS['Kafka-only']);
  if (made.outputs.result !== 'created') throw new Error(errorOf(made));
  return world;
}

export const rotatable = async () => (await rotatableWorld()).world;
