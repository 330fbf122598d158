import { StreamkapError } from '../../errors.ts';
import type { ClientCredentials } from '../../streamkap/client-credentials.ts';
import type { Whoami } from '../../streamkap/schemas.ts';
import type { Proof } from '../strategy.ts';
import type { TimeBudget } from '../time-budget.ts';

/** Whose a credential is, as far as Streamkap told. */
export type Identity = Proof & { readonly whoami?: Whoami };

/** Exchanges a credential for a token and asks whose it is; changes nothing and never throws for what Streamkap says. */
export async function identify(api: Pick<ClientCredentials, 'whoami'>, { clock }: TimeBudget): Promise<Identity> {
  const startedAt = clock.now();
  const since = () => ({ milliseconds: clock.now() - startedAt });
  try {
    const whoami = await api.whoami();
    return { outcome: 'accepted', whoami, ...since() };
  } catch (error) {
    if (!(error instanceof StreamkapError)) throw error;
    const outcome = error.status === 401 || error.status === 403 ? 'rejected' : 'unknown';
    return { outcome, code: error.code, ...since() };
  }
}

/** @returns the field in which two callers differ that decides what they may reach */
export function differenceOf(one: Whoami, other: Whoami): 'tenant_id' | 'service_id' | undefined {
  const differs = (field: 'tenant_id' | 'service_id') => (one[field] ?? '') !== (other[field] ?? '');
  return (['tenant_id', 'service_id'] as const).find(differs);
}

export function proofOf({ whoami: _, ...proof }: Identity): Proof {
  return proof;
}
