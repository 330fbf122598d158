/** One call of a process to the outside, as data. */
export type Call =
  | { readonly to: 'aws'; readonly operation: string; readonly input: Record<string, unknown> }
  | {
      readonly to: 'streamkap';
      readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
      readonly path: string;
      readonly body: string | undefined;
    }
  | { readonly to: 'kafka'; readonly username: string; readonly password: string }
  | { readonly to: 'clock'; readonly milliseconds: number };

/** What the process gets. `lost`: the connection broke, or it gave up waiting. */
export type Result =
  /** `date` is what AWS's clock says, milliseconds since the epoch. */
  | { readonly kind: 'aws'; readonly response: Record<string, unknown>; readonly date: number }
  | { readonly kind: 'aws-error'; readonly name: string; readonly message: string }
  | { readonly kind: 'http'; readonly status: number; readonly body: string }
  | { readonly kind: 'login'; readonly outcome: 'accepted' | 'rejected' }
  | { readonly kind: 'woken' }
  | { readonly kind: 'lost' };

export const LOST: Result = { kind: 'lost' };

/** What somebody who reads a path wants to know of a call. */
export function inWords(call: Call): string {
  if (call.to === 'streamkap') return `${call.method} ${call.path}`;
  if (call.to !== 'aws') return call.to;
  const { VersionId, ClientRequestToken, VersionStage } = call.input;
  return `${call.operation} ${String(VersionId ?? ClientRequestToken ?? VersionStage ?? '').slice(0, 12)}`.trim();
}
