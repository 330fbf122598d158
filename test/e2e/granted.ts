import { readFileSync } from 'node:fs';
import type { Resource } from '../infra/fixture.ts';
import { matchOf, type PolicyStatement } from '../infra/least-privilege/policy.ts';
import { ResolvedTemplate } from '../infra/least-privilege/resolved-template.ts';
import { References } from '../infra/template-references.ts';
import type { AccessRequest, Deny } from '../sandbox/access.ts';

/** The template with every part, as it was reviewed. */
const TEMPLATE = new URL('../infra/snapshots/everything.keyring.template', import.meta.url);
const REGIONAL = 'eu-central-1:123456789012';
/** The template is that of one Region; what is granted in others differs by their names only. */
const ANYWHERE = /^arn:aws[a-z-]*:(secretsmanager):[a-z0-9-]+:123456789012:/;

/** Whose processes a test runs; it is their access key id too. */
export type Grantee = 'PasswordRotation' | 'AlternatingRotation' | 'AdminRotation' | 'GitHubAccess';

/**
 * Watches that processes of a test ask AWS for nothing that the stack does not grant to what they are. It refuses nothing: what a
 * test brings about stays as it was. Secrets may have any name here; test/infra/least-privilege holds the names to the policies too.
 */
export class GrantWatch {
  readonly #statements: ReadonlyMap<string, readonly PolicyStatement[]>;
  readonly #missing = new Set<string>();

  /** @param functionArn what a test calls the function that rotates its secrets */
  constructor(functionArn: string) {
    this.#statements = statementsFor(functionArn);
  }

  readonly deny: Deny = (request) => {
    const statements = this.#statements.get(request.accessKeyId);
    // KMS keys are for tests that deploy some; what is asked with another access key id is asked by the test itself.
    if (!statements || request.action.startsWith('kms:')) return undefined;
    const there = { ...request, resource: request.resource.replace(ANYWHERE, `arn:aws:$1:${REGIONAL}:`) };
    if (!statements.some((statement) => matchOf(statement, there))) this.#missing.add(describe(request));
    return undefined;
  };

  /** @throws Error naming what was asked for and is not granted */
  assertGranted(): void {
    if (this.#missing.size === 0) return;
    throw new Error(`not granted by the stack: ${[...this.#missing].join('; ')}`);
  }
}

const describe = ({ accessKeyId, action, resource, context }: AccessRequest) =>
  `${accessKeyId} ${action} on ${resource} with ${JSON.stringify(context)}`;

function statementsFor(functionArn: string): Map<string, readonly PolicyStatement[]> {
  const text = readFileSync(TEMPLATE, 'utf8').replaceAll('team/keys/', '').replaceAll('team/admin', 'streamkap/admin');
  const { Resources } = JSON.parse(text) as { Resources: Record<string, Resource> };
  const template = new ResolvedTemplate(Resources, referencesIn(Resources, functionArn));
  const of = (begins: string) =>
    template
      .idsOf('AWS::IAM::Role')
      .filter((id) => id.startsWith(begins))
      .flatMap((id) => template.statementsOf(id));
  const grantees: readonly Grantee[] = ['PasswordRotation', 'AlternatingRotation', 'AdminRotation', 'GitHubAccess'];
  return new Map(grantees.map((grantee) => [grantee, of(grantee)]));
}

function referencesIn(resources: Record<string, Resource>, functionArn: string): References {
  const references = new References();
  for (const [id, { Type }] of Object.entries(resources)) {
    references.name(id, Type);
    if (Type === 'AWS::SecretsManager::Secret') references.set(id, `arn:aws:secretsmanager:${REGIONAL}:secret:*`);
    if (Type === 'AWS::Lambda::Function') references.set(`${id}.Arn`, functionArn);
  }
  return references;
}
