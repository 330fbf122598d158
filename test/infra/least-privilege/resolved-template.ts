import type { Resource } from '../fixture.ts';
import type { References } from '../template-references.ts';
import { listOf, type PolicyStatement } from './policy.ts';

interface Document {
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

/** A template's resources with every reference replaced by what it stands for. */
export class ResolvedTemplate {
  readonly #resources: Readonly<Record<string, Resource>>;
  readonly #references: References;

  constructor(resources: Readonly<Record<string, Resource>>, references: References) {
    this.#resources = resources;
    this.#references = references;
  }

  idsOf(type: string): string[] {
    return Object.keys(this.#resources).filter((id) => this.#resources[id]?.Type === type);
  }

  /** @throws Error unless exactly one resource of the type begins so */
  only(type: string, begins: string): string {
    const [id, ...more] = this.idsOf(type).filter((each) => each.startsWith(begins));
    if (!id || more.length > 0) throw new Error(`${more.length + (id ? 1 : 0)} of ${type} begin with ${begins}`);
    return id;
  }

  properties<T>(id: string): T {
    return this.#references.resolve(this.#resources[id]?.Properties) as T;
  }

  /** @returns the statements of all policies of a role */
  statementsOf(roleId: string): PolicyStatement[] {
    const { Policies = [] } = this.properties<{ Policies?: { PolicyDocument: Document }[] }>(roleId);
    const attached = this.idsOf('AWS::IAM::Policy')
      .map((id) => this.properties<{ Roles: string[]; PolicyDocument: Document }>(id))
      .filter(({ Roles }) => Roles.includes(roleId));
    return [...Policies, ...attached].flatMap(({ PolicyDocument }) => listOf(PolicyDocument.Statement));
  }
}
