import { describe, expect, it } from 'vitest';
import type { Distortion, Kind } from './process.ts';
import { exploreProvisioning } from './subject.ts';

/** The exploration must fail on protocols that are known to be wrong, or its silence would mean nothing. */
describe('the exploration finds what a broken protocol would do', () => {
  const explore = (kind: Kind, distort: Distortion, late = 0) =>
    exploreProvisioning({ kind, maxAttempts: 3, distort }, { late });

  it.each<Kind>([
    'api',
    'client-credential',
  ])('a marker without the attempt lets an overtaken run delete the %s key that its taker stores', async (kind) => {
    const withoutAttempts = explore(kind, (call, result) => {
      if (call.to !== 'streamkap' || result.kind !== 'http') return result;
      return { ...result, body: result.body.replace(/(\[keyring:[^.\]]+\.)\d+\]/g, '$11]') };
    });
    await expect(withoutAttempts).rejects.toThrow(/does not work|two different/);
  });

  it('a run that takes a lost race for a stored file exports a key that nobody keeps', async () => {
    const neverTaken = explore('api', (call, result) =>
      call.to === 'aws' && call.operation === 'PutSecretValue' && result.kind === 'aws-error'
        ? { kind: 'aws', response: {}, date: 0 }
        : result,
    );
    await expect(neverTaken).rejects.toThrow();
  });

  it('a run that sees an empty list after a create without an answer leaves two keys', async () => {
    const emptyLists = explore(
      'api',
      (call, result) =>
        call.to === 'streamkap' && call.path === '/project-keys' && call.method === 'GET' && result.kind === 'http'
          ? { ...result, body: '[]' }
          : result,
      1,
    );
    await expect(emptyLists).rejects.toThrow(/keys/);
  });
});
