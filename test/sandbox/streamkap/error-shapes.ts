import type { FaultAction } from '../call-log.ts';

const JSON_BODY = { 'content-type': 'application/json' };

/**
 * The ways an error body has been seen or must be expected, for a `status` fault. `secret` stands for what the caller sent: the
 * shapes that echo it do so on purpose.
 */
export function errorShape(
  shape: 'string' | 'list' | 'object' | 'null' | 'missing' | 'html' | 'empty' | 'not json',
  { status, secret = '', when = 'before' }: { status: number; secret?: string; when?: 'before' | 'after' },
): FaultAction {
  const issue = { loc: ['body', 'kafka_password'], msg: 'Value error', type: 'value_error', input: secret };
  const bodies: Record<typeof shape, { body: string; headers?: Readonly<Record<string, string>> }> = {
    string: { body: JSON.stringify({ detail: 'Something is not right' }) },
    list: { body: JSON.stringify({ detail: [{ ...issue, ctx: { value: secret } }] }) },
    object: { body: JSON.stringify({ detail: { reason: 'Something is not right', submitted: secret } }) },
    null: { body: JSON.stringify({ detail: null }) },
    missing: { body: JSON.stringify({ message: 'Something is not right' }) },
    html: {
      body: '<html><body><h1>Bad Gateway</h1></body></html>',
      headers: { 'content-type': 'text/html', 'x-request-id': '' },
    },
    empty: { body: '' },
    'not json': { body: `{"detail": "${secret}` },
  };
  return { kind: 'status', when, status, headers: JSON_BODY, ...bodies[shape] };
}
