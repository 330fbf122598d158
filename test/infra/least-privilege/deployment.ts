import type { Template } from 'aws-cdk-lib/assertions';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { ACCOUNT, type Resource } from '../fixture.ts';
import { References } from '../template-references.ts';
import { listOf, type PolicyStatement } from './policy.ts';
import type { Policies } from './recorder.ts';

interface Document {
  readonly Statement: readonly PolicyStatement[];
}

/** A function of the template, as Lambda would run it. */
export interface DeployedFunction {
  readonly arn: string;
  /** The template's variables, and the access key id by which calls are known to be its role's. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A template in the sandbox: its secrets are made, and every reference in it is replaced by the ARN of what stands for the resource.
 * Roles are known by their logical ids, which are their access key ids too.
 */
export class Deployment {
  readonly policies: Policies;
  /** The statements of the template's own KMS keys, by ARN. */
  readonly keyPolicies: ReadonlyMap<string, readonly PolicyStatement[]>;
  readonly #resources: Readonly<Record<string, Resource>>;
  readonly #references = new References();
  readonly #sandbox: Sandbox;

  /** @param existing ARNs in the template of secrets that are made elsewhere, and their names in the sandbox */
  constructor(template: Template, sandbox: Sandbox, existing: Readonly<Record<string, string>> = {}) {
    this.#sandbox = sandbox;
    this.#resources = template.toJSON().Resources as Record<string, Resource>;
    for (const [arn, name] of Object.entries(existing)) this.#references.set(arn, this.#arnOf(name));
    for (const [id, { Type }] of Object.entries(this.#resources)) this.#references.name(id, Type);
    for (const id of this.#idsOf('AWS::SecretsManager::Secret')) this.#makeSecret(id);
    this.policies = new Map(this.#idsOf('AWS::IAM::Role').map((id) => [id, this.#statementsOf(id)]));
    this.keyPolicies = new Map(
      this.#idsOf('AWS::KMS::Key').map((id) => {
        const { KeyPolicy } = this.#properties<{ KeyPolicy: Document }>(id);
        return [this.#references.get(`${id}.Arn`), KeyPolicy.Statement];
      }),
    );
  }

  /** @param begins what the logical id begins with */
  function(begins: string): DeployedFunction {
    const id = this.#only('AWS::Lambda::Function', begins);
    const properties = this.#properties<{ Environment: { Variables: Record<string, string> }; Role: string }>(id);
    const environment = {
      ...properties.Environment.Variables,
      AWS_LAMBDA_FUNCTION_NAME: id,
      AWS_ACCESS_KEY_ID: properties.Role.split('/').at(-1) ?? '',
      STREAMKAP_HOST: this.#sandbox.streamkapHost,
    };
    return { arn: this.#references.get(`${id}.Arn`), environment };
  }

  /** @returns the access key id of a role */
  role(begins: string): string {
    return this.#only('AWS::IAM::Role', begins);
  }

  keyArn(begins: string): string {
    return this.#references.get(`${this.#only('AWS::KMS::Key', begins)}.Arn`);
  }

  /** Attaches a schedule of the template as CloudFormation does: Secrets Manager then has the current value tested. */
  attachSchedule(begins: string): void {
    const id = this.#only('AWS::SecretsManager::RotationSchedule', begins);
    const { SecretId, RotationLambdaARN, RotateImmediatelyOnUpdate, RotationRules } =
      this.#properties<Record<string, unknown>>(id);
    this.#sandbox.secretsManager.call('RotateSecret', {
      ...{ SecretId, RotationLambdaARN, RotationRules, RotateImmediately: RotateImmediatelyOnUpdate },
      ClientRequestToken: this.#sandbox.secretsManager.randomId(),
    });
  }

  /** Whether a resource policy lets Secrets Manager call the function for the secret. */
  mayBeInvoked(functionArn: string, secretArn: string): boolean {
    return this.#idsOf('AWS::Lambda::Permission')
      .map((id) => this.#properties<Record<string, string>>(id))
      .some(
        ({ Action, FunctionName, Principal, SourceAccount, SourceArn = '' }) =>
          Action === 'lambda:InvokeFunction' &&
          FunctionName === functionArn &&
          Principal === 'secretsmanager.amazonaws.com' &&
          SourceAccount === ACCOUNT &&
          (SourceArn.endsWith('*') ? secretArn.startsWith(SourceArn.slice(0, -1)) : matches(SourceArn, secretArn)),
      );
  }

  #idsOf(type: string): string[] {
    return Object.keys(this.#resources).filter((id) => this.#resources[id]?.Type === type);
  }

  #only(type: string, begins: string): string {
    const [id, ...more] = this.#idsOf(type).filter((each) => each.startsWith(begins));
    if (!id || more.length > 0) throw new Error(`${more.length + (id ? 1 : 0)} of ${type} begin with ${begins}`);
    return id;
  }

  #properties<T>(id: string): T {
    return this.#references.resolve(this.#resources[id]?.Properties) as T;
  }

  #arnOf(name: string): string {
    return String(this.#sandbox.secretsManager.call('DescribeSecret', { SecretId: name }).ARN);
  }

  #makeSecret(id: string): void {
    const { ReplicaRegions: _, ...input } = this.#properties<Record<string, unknown>>(id);
    const { ARN } = this.#sandbox.secretsManager.call('CreateSecret', input);
    this.#references.set(id, String(ARN));
  }

  #statementsOf(roleId: string): PolicyStatement[] {
    const { Policies = [] } = this.#properties<{ Policies?: { PolicyDocument: Document }[] }>(roleId);
    const attached = this.#idsOf('AWS::IAM::Policy')
      .map((id) => this.#properties<{ Roles: string[]; PolicyDocument: Document }>(id))
      .filter(({ Roles }) => Roles.includes(roleId));
    return [...Policies, ...attached].flatMap(({ PolicyDocument }) => listOf(PolicyDocument.Statement));
  }
}

const matches = (pattern: string, arn: string) =>
  pattern.length === arn.length && arn.startsWith(pattern.replace(/\?+$/, ''));
