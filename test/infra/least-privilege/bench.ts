import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Template } from 'aws-cdk-lib/assertions';
import { type Inputs, openWorld, type World } from '../../e2e/action/fixture.ts';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import { BundleHandler } from '../../sandbox/bundle-handler.ts';
import { EVENT_BUS_ARN, type EventBus, startEventBus } from '../../sandbox/event-bus.ts';
import { type EvidenceBucket, startEvidenceBucket } from '../../sandbox/evidence-bucket.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { configuration, kmsKeyArn, secretArn, synthesise, VPC } from '../fixture.ts';
import { type DeployedFunction, Deployment } from './deployment.ts';
import type { AccessRecorder } from './recorder.ts';

const ADOPTED = secretArn('team/keys/adopted-a1B2c3');
const schedule = { rate: '30 days' };
const key = (name: string, rest: object = {}) => ({
  ...{ name, secretName: `team/keys/${name}`, schedule, provisioned: true },
  ...rest,
});
const role = (name: string, rest: object) => ({ name, repository: 'acme/app', environment: name, ...rest });

/** Every grant that a configuration can ask for. */
export const everyGrant = (): Template =>
  synthesise(
    configuration({
      adminSecret: { name: 'streamkap/admin', kmsKeyArn: kmsKeyArn('admin') },
      adminRotation: { schedule },
      evidence: {},
      eventBusArn: EVENT_BUS_ARN,
      // Short: a password that is not accepted is waited for.
      rotation: { retirePreviousAfterHours: 1, propagationTimeoutSeconds: 3, vpc: VPC },
      projectKeys: [
        key('orders'),
        key('pair', { strategy: 'alternating' }),
        key('adopted', { secretName: undefined, secretArn: ADOPTED, kmsKeyArn: kmsKeyArn('adopt') }),
        key('empty', { provisioned: false }),
      ],
      githubAccess: {
        roles: [
          role('reading', { read: ['orders', 'adopted'] }),
          role('filling', { readWrite: ['empty'], adminSecret: true }),
          role('rotating', { rotate: ['orders', 'pair'] }),
          role('making', { create: { secrets: ['ci/', 'nightly'], kmsKeyArn: kmsKeyArn('ci'), tagKeys: ['team'] } }),
        ],
      },
    }),
  );

export type FunctionId = 'PasswordRotation' | 'AlternatingRotation' | 'AdminRotation';
export type RoleName = 'reading' | 'filling' | 'rotating' | 'making';

const BUNDLES: Readonly<Record<FunctionId, string>> = {
  PasswordRotation: 'rotate-password',
  AlternatingRotation: 'rotate-password',
  AdminRotation: 'rotate-admin',
};

/** The template in a sandbox of its own: functions and the Action run there as they ship, under the roles of the template. */
export class PrivilegeBench {
  readonly world: World;
  readonly deployment: Deployment;
  readonly #bus: EventBus;
  readonly #bucket: EvidenceBucket;

  private constructor(
    world: World,
    deployment: Deployment,
    { bus, bucket }: { bus: EventBus; bucket: EvidenceBucket },
  ) {
    this.world = world;
    this.deployment = deployment;
    this.#bus = bus;
    this.#bucket = bucket;
  }

  static async open(template: Template, recorder: AccessRecorder): Promise<PrivilegeBench> {
    let deployment: Deployment | undefined;
    const canInvoke = (functionArn: string, arn: string) => deployment?.mayBeInvoked(functionArn, arn) ?? false;
    const { deny } = recorder;
    const world = await openWorld({ deny, secretsManager: { canInvoke }, rotation: { maxSequences: 2 } });
    const aws = (operation: string, input: object) => world.sandbox.secretsManager.call(operation, input);
    aws('UpdateSecret', { SecretId: 'streamkap/admin', KmsKeyId: kmsKeyArn('admin') });
    aws('CreateSecret', { Name: 'team/keys/adopted', KmsKeyId: kmsKeyArn('adopt') });
    deployment = new Deployment(template, world.sandbox, { [ADOPTED]: 'team/keys/adopted' });
    recorder.use(deployment);
    const [bus, bucket] = await Promise.all([
      startEventBus({ deny }),
      startEvidenceBucket({ deny, kmsKeyArn: deployment.keyArn('Evidence') }),
    ]);
    return new PrivilegeBench(world, deployment, { bus, bucket });
  }

  get sandbox(): Sandbox {
    return this.world.sandbox;
  }

  /** What was written beside the log. */
  get told(): { readonly events: number; readonly fragments: number } {
    return { events: this.#bus.events.length, fragments: this.#bucket.fragments.size };
  }

  async close(): Promise<void> {
    await this.sandbox.secretsManagerServer.idle();
    await Promise.all([this.world.close(), this.#bus.stop(), this.#bucket.stop()]);
  }

  aws(operation: string, input: object): Readonly<Record<string, unknown>> {
    return this.sandbox.secretsManager.call(operation, input);
  }

  /** Fills a secret with the file of a key that Streamkap has; then, as its schedule is attached, its current value is tested. */
  async seed(id: FunctionId, name: 'orders' | 'pair' | 'adopted'): Promise<void> {
    const kafka = { username: name, password: `First-Password!00000000${name}`, kafka_acls: [] };
    const kafka_config = { ...kafka, is_create_schema_registry: false };
    const file = this.sandbox.streamkap.seedProjectKey({ name, kafka_config } as never);
    const SecretString = JSON.stringify(file);
    this.aws('PutSecretValue', { SecretId: `team/keys/${name}`, ClientRequestToken: randomUUID(), SecretString });
    await this.attach(id, `ProjectKeys${name}`);
  }

  /** @param schedule what its logical id begins with */
  async attach(id: FunctionId, schedule: string): Promise<void> {
    this.#deployBundle(id);
    this.deployment.attachSchedule(schedule);
    await this.sandbox.secretsManagerServer.idle();
    const failed = this.failures();
    if (failed.length > 0) throw new Error(`the test at deploy time failed: ${failed.join()}`);
  }

  /** Secrets Manager's own scheduler: nobody's role is asked. @returns the names of the errors that steps ended in */
  async rotate(id: FunctionId, secretId: string): Promise<string[]> {
    this.#deployBundle(id);
    this.aws('RotateSecret', { SecretId: secretId, ClientRequestToken: randomUUID() });
    await this.sandbox.secretsManagerServer.idle();
    return this.failures();
  }

  failures(): string[] {
    const driver = this.sandbox.secretsManagerServer.driver();
    return (driver?.invocations ?? [])
      .filter(({ failed }) => failed)
      .map(({ step, error }) => `${step}: ${String(error)}`);
  }

  /** A direct call, as an operator or the hourly rule makes it. */
  async call(id: FunctionId, event: object): Promise<unknown> {
    const { arn } = this.#function(id);
    return (await new BundleHandler(this.#bundleOf(id)).call(event, arn)).value;
  }

  /** Runs the shipped Action under a role of GitHubAccess. */
  async run(name: RoleName, inputs: Inputs): Promise<ActionRun> {
    const env = { AWS_ACCESS_KEY_ID: this.deployment.role(`GitHubAccessRoles${name}`) };
    const run = await this.world.run(inputs, { env });
    await this.sandbox.secretsManagerServer.idle();
    return run;
  }

  /** For rotations that the Action orders. */
  deploy(id: FunctionId): void {
    this.#deployBundle(id);
  }

  #function(id: FunctionId): DeployedFunction {
    return this.deployment.function(id);
  }

  #bundleOf(id: FunctionId) {
    const targets = { ...this.#bus.environment, ...this.#bucket.environment };
    const environment = { ...this.sandbox.environment, ...targets, ...this.#function(id).environment };
    return { bundle: resolve(`functions/dist/${BUNDLES[id]}/index.mjs`), environment };
  }

  #deployBundle(id: FunctionId): void {
    this.sandbox.setBundle(this.#bundleOf(id));
  }
}
