import type { Template } from 'aws-cdk-lib/assertions';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { ACCOUNT, type Resource } from '../fixture.ts';
import { References } from '../template-references.ts';
import type { PolicyStatement } from './policy.ts';
import type { Policies } from './recorder.ts';
import { ResolvedTemplate } from './resolved-template.ts';

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
  readonly #references = new References();
  readonly #template: ResolvedTemplate;
  readonly #sandbox: Sandbox;

  /** @param existing ARNs in the template of secrets that are made elsewhere, and their names in the sandbox */
  constructor(template: Template, sandbox: Sandbox, existing: Readonly<Record<string, string>> = {}) {
    this.#sandbox = sandbox;
    const resources = template.toJSON().Resources as Record<string, Resource>;
    this.#template = new ResolvedTemplate(resources, this.#references);
    for (const [arn, name] of Object.entries(existing)) this.#references.set(arn, this.#arnOf(name));
    for (const [id, { Type }] of Object.entries(resources)) this.#references.name(id, Type);
    for (const id of this.#template.idsOf('AWS::SecretsManager::Secret')) this.#makeSecret(id);
    this.policies = new Map(this.#template.idsOf('AWS::IAM::Role').map((id) => [id, this.#template.statementsOf(id)]));
    this.keyPolicies = new Map(
      this.#template.idsOf('AWS::KMS::Key').map((id) => {
        const { KeyPolicy } = this.#template.properties<{ KeyPolicy: { Statement: PolicyStatement[] } }>(id);
        return [this.#references.get(`${id}.Arn`), KeyPolicy.Statement];
      }),
    );
  }

  /** @param begins what the logical id begins with */
  function(begins: string): DeployedFunction {
    const id = this.#template.only('AWS::Lambda::Function', begins);
    const properties = this.#template.properties<{ Environment: { Variables: Record<string, string> }; Role: string }>(
      id,
    );
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
    return this.#template.only('AWS::IAM::Role', begins);
  }

  keyArn(begins: string): string {
    return this.#references.get(`${this.#template.only('AWS::KMS::Key', begins)}.Arn`);
  }

  /** Attaches a schedule of the template as CloudFormation does: Secrets Manager then has the current value tested. */
  attachSchedule(begins: string): void {
    const id = this.#template.only('AWS::SecretsManager::RotationSchedule', begins);
    const { SecretId, RotationLambdaARN, RotateImmediatelyOnUpdate, RotationRules } =
      this.#template.properties<Record<string, unknown>>(id);
    this.#sandbox.secretsManager.call('RotateSecret', {
      ...{ SecretId, RotationLambdaARN, RotationRules, RotateImmediately: RotateImmediatelyOnUpdate },
      ClientRequestToken: this.#sandbox.secretsManager.randomId(),
    });
  }

  /** Whether a resource policy lets Secrets Manager call the function for the secret. */
  mayBeInvoked(functionArn: string, secretArn: string): boolean {
    return this.#template
      .idsOf('AWS::Lambda::Permission')
      .map((id) => this.#template.properties<Record<string, string>>(id))
      .some(
        ({ Action, FunctionName, Principal, SourceAccount, SourceArn = '' }) =>
          Action === 'lambda:InvokeFunction' &&
          FunctionName === functionArn &&
          Principal === 'secretsmanager.amazonaws.com' &&
          SourceAccount === ACCOUNT &&
          (SourceArn.endsWith('*') ? secretArn.startsWith(SourceArn.slice(0, -1)) : matches(SourceArn, secretArn)),
      );
  }

  #arnOf(name: string): string {
    return String(this.#sandbox.secretsManager.call('DescribeSecret', { SecretId: name }).ARN);
  }

  #makeSecret(id: string): void {
    const { ReplicaRegions: _, ...input } = this.#template.properties<Record<string, unknown>>(id);
    const { ARN } = this.#sandbox.secretsManager.call('CreateSecret', input);
    this.#references.set(id, String(ARN));
  }
}

const matches = (pattern: string, arn: string) =>
  pattern.length === arn.length && arn.startsWith(pattern.replace(/\?+$/, ''));
