import { join } from 'node:path';
import { BundleHandler } from '../../sandbox/bundle-handler.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { Invoke } from '../../sandbox/secrets-manager/rotation-events.ts';
import { listOf, type Resource } from '../fixture.ts';
import { References } from '../template-references.ts';

export type Resources = Readonly<Record<string, Resource & { readonly Metadata?: Readonly<Record<string, unknown>> }>>;

interface Permission {
  readonly FunctionName: string;
  readonly Principal: string;
  readonly SourceAccount: string;
  readonly SourceArn: string;
}

/** What came of a resource at a deployment, as CloudFormation's events tell it. */
export interface StackEvent {
  readonly status: 'CREATE' | 'UPDATE' | 'DELETE' | 'DELETE_SKIPPED';
  readonly id: string;
}

/**
 * A stack that is deployed into the sandbox as CloudFormation would do it: in the order of references, only what differs, deletions
 * last and backwards, and with respect for DeletionPolicy. Secrets, schedules, functions and permissions take effect; of everything
 * else there is the event alone.
 */
export class DeployedStack {
  readonly #sandbox: Sandbox;
  readonly #assembly: string;
  readonly #references = new References();
  readonly #permissions = new Map<string, Permission>();
  readonly #functions = new Map<string, BundleHandler>();
  #resources: Resources = {};

  /** @param assembly folder that synth wrote to, where the functions' code lies */
  constructor(sandbox: Sandbox, assembly: string) {
    this.#sandbox = sandbox;
    this.#assembly = assembly;
    sandbox.setHandler(this.#invoke);
  }

  /** Whether Secrets Manager may call the function for the secret, by the permissions that are deployed. */
  mayBeInvoked(functionArn: string, secretArn: string): boolean {
    return [...this.#permissions.values()].some(
      ({ FunctionName, Principal, SourceAccount, SourceArn }) =>
        Principal === 'secretsmanager.amazonaws.com' &&
        FunctionName === functionArn &&
        SourceAccount === secretArn.split(':')[4] &&
        (SourceArn.endsWith('*') ? secretArn.startsWith(SourceArn.slice(0, -1)) : SourceArn === secretArn),
    );
  }

  /** @returns what was done, in order. @throws when the test of a schedule at deploy time fails */
  async deploy(resources: Resources): Promise<StackEvent[]> {
    const events: StackEvent[] = [];
    const before = this.#resources;
    for (const id of inOrder(resources)) {
      const [old, now] = [before[id], resources[id]];
      if (!now || same(old, now)) continue;
      if (!old) this.#references.name(id, now.Type);
      await this.#put(id, { old, now });
      events.push({ status: old ? 'UPDATE' : 'CREATE', id });
    }
    const gone = Object.keys(before).filter((id) => !(id in resources));
    for (const id of inOrder(before).reverse()) if (gone.includes(id)) events.push(this.#remove(id));
    this.#resources = resources;
    return events;
  }

  delete(): Promise<StackEvent[]> {
    return this.deploy({});
  }

  /** Code that is being run, and would otherwise outlive the test. */
  async stop(): Promise<void> {
    await Promise.all([...this.#functions.values()].map((one) => one.stop()));
  }

  async #put(id: string, { old, now }: { old: Resource | undefined; now: Resource }): Promise<void> {
    const properties = this.#references.resolve(now.Properties ?? {}) as Record<string, unknown>;
    switch (now.Type) {
      case 'AWS::SecretsManager::Secret':
        if (old) return;
        return this.#makeSecret(id, properties);
      case 'AWS::SecretsManager::RotationSchedule':
        return await this.#schedule(properties);
      case 'AWS::Lambda::Permission':
        this.#permissions.set(id, properties as unknown as Permission);
        return;
      case 'AWS::Lambda::Function':
        this.#functions.set(this.#references.get(`${id}.Arn`), this.#load(properties));
        return;
      default:
    }
  }

  /** A name that is taken fails the deployment, as it does in AWS. */
  #makeSecret(id: string, { ReplicaRegions: _, ...input }: Record<string, unknown>): void {
    const { ARN } = this.#sandbox.secretsManager.call('CreateSecret', input);
    this.#references.set(id, String(ARN));
  }

  async #schedule(properties: Record<string, unknown>): Promise<void> {
    const { SecretId, RotationLambdaARN, RotateImmediatelyOnUpdate, RotationRules } = properties;
    this.#sandbox.secretsManager.call('RotateSecret', {
      ...{ SecretId, RotationLambdaARN, RotationRules, RotateImmediately: RotateImmediatelyOnUpdate },
      ClientRequestToken: this.#sandbox.secretsManager.randomId(),
    });
    await this.#sandbox.secretsManagerServer.idle();
  }

  /** The code is the asset that the template names, and the environment the template's. */
  #load(properties: Record<string, unknown>): BundleHandler {
    const { Code, Environment } = properties as {
      Code: { S3Key: string };
      Environment: { Variables: Record<string, string> };
    };
    const asset = `asset.${Code.S3Key.replace(/\.zip$/, '')}`;
    const { STREAMKAP_HOST: _, ...variables } = Environment.Variables;
    return new BundleHandler({
      bundle: join(this.#assembly, asset, 'index.mjs'),
      environment: { ...this.#sandbox.environment, ...variables },
    });
  }

  #remove(id: string): StackEvent {
    const { Type, Properties, DeletionPolicy } = this.#resources[id] ?? {};
    if (DeletionPolicy === 'Retain') return { status: 'DELETE_SKIPPED', id };
    const properties = this.#references.resolve(Properties ?? {}) as Record<string, unknown>;
    if (Type === 'AWS::SecretsManager::Secret')
      this.#sandbox.secretsManager.call('DeleteSecret', { SecretId: this.#references.get(id) });
    if (Type === 'AWS::SecretsManager::RotationSchedule')
      this.#sandbox.secretsManager.call('CancelRotateSecret', { SecretId: properties.SecretId });
    if (Type === 'AWS::Lambda::Function') this.#functions.delete(this.#references.get(`${id}.Arn`));
    this.#permissions.delete(id);
    return { status: 'DELETE', id };
  }

  readonly #invoke: Invoke = async (event, target) => {
    const code = this.#functions.get(target.functionArn);
    if (!code) throw new Error(`there is no function ${target.functionArn}`);
    await code.invoke(event, target);
  };
}

const same = (one: Resource | undefined, other: Resource) =>
  one !== undefined &&
  JSON.stringify([one.Properties, one.DependsOn]) === JSON.stringify([other.Properties, other.DependsOn]);

/** @returns logical ids, each after those that it refers to or depends on */
function inOrder(resources: Resources): string[] {
  const order = new Set<string>();
  const visit = (id: string, way: readonly string[]): void => {
    if (way.includes(id)) throw new Error(`${id} waits for itself`);
    if (order.has(id)) return;
    for (const next of referencesIn(resources[id])) if (next in resources) visit(next, [...way, id]);
    order.add(id);
  };
  for (const id of Object.keys(resources)) visit(id, []);
  return [...order];
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref') return [String(inner)];
    if (key === 'DependsOn') return listOf(inner as string | string[]);
    if (key === 'Fn::GetAtt' && Array.isArray(inner)) return [String(inner[0])];
    return referencesIn(inner);
  });
}
