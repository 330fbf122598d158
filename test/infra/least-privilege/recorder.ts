import type { AccessRequest, Deny } from '../../sandbox/access.ts';
import { listOf, matchOf, type PolicyStatement } from './policy.ts';

/** One action on one resource or pattern that a statement allows a role. */
export interface Grant {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

/** The statements of each role, by the access key id that its processes sign with. */
export type Policies = ReadonlyMap<string, readonly PolicyStatement[]>;

/** The statements of KMS keys, by ARN; a key that is not here is somebody else's, who lets the account use it. */
export type KeyPolicies = ReadonlyMap<string, readonly PolicyStatement[]>;

/**
 * IAM for the sandbox: lets pass what the policies allow, and writes down what was asked and by which grant it passed. One recorder
 * lives through many deployments of one template, whose statements are the same but for the ARNs.
 */
export class AccessRecorder {
  /** Asked for and not allowed, as `role action resource`. */
  readonly missing = new Set<string>();
  readonly #used = new Set<string>();
  readonly #grants = new Map<string, Grant>();
  #policies: Policies = new Map();
  #keyPolicies: KeyPolicies = new Map();

  /** Whose policies count from now on. */
  use({ policies, keyPolicies }: { readonly policies: Policies; readonly keyPolicies: KeyPolicies }): void {
    this.#policies = policies;
    this.#keyPolicies = keyPolicies;
    for (const [role, statements] of policies) {
      for (const { id, grant } of grantsOf(role, statements)) if (!this.#grants.has(id)) this.#grants.set(id, grant);
    }
  }

  readonly deny: Deny = (request) => {
    const role = request.accessKeyId;
    const statements = this.#policies.get(role);
    if (!statements) throw new Error(`nobody has the access key id ${role}`);
    const matches = statements.map((statement) => matchOf(statement, request));
    const denied = statements.some(({ Effect }, index) => Effect === 'Deny' && matches[index]);
    let allowed = false;
    for (const [index, statement] of statements.entries()) {
      const match = matches[index];
      if (statement.Effect !== 'Allow' || !match) continue;
      allowed = true;
      this.#used.add(idOf(role, { index, statement, ...match }));
    }
    if (allowed && !denied && this.#keyAllows(request)) return undefined;
    this.missing.add(describe(request));
    return `User: ${role} is not authorized to perform: ${request.action} on resource: ${request.resource}`;
  };

  /** A key's own policy has to let the account's policies decide; those are about the whole key. */
  #keyAllows(request: AccessRequest): boolean {
    const statements = this.#keyPolicies.get(request.resource);
    return statements?.some((statement) => matchOf(statement, request)) ?? true;
  }

  /** @returns what is granted and was never needed */
  unused(): Grant[] {
    return [...this.#grants].filter(([id]) => !this.#used.has(id)).map(([, grant]) => grant);
  }

  /** @returns how many grants there are, all roles together */
  count(): number {
    return this.#grants.size;
  }
}

const describe = ({ accessKeyId, action, resource }: AccessRequest) => `${accessKeyId} ${action} ${resource}`;

function grantsOf(role: string, statements: readonly PolicyStatement[]): { id: string; grant: Grant }[] {
  return statements.flatMap((statement, index) =>
    statement.Effect === 'Deny'
      ? []
      : listOf(statement.Action).flatMap((action) =>
          listOf(statement.Resource).map((resource) => ({
            id: idOf(role, { index, statement, action, resource }),
            grant: { role, action, resource },
          })),
        ),
  );
}

/** By position: ARNs differ between deployments. */
function idOf(
  role: string,
  at: { index: number; statement: PolicyStatement; action: string; resource: string },
): string {
  return `${role} ${at.index} ${at.action} ${listOf(at.statement.Resource).indexOf(at.resource)}`;
}
