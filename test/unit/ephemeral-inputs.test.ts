import { describe, expect, test } from 'vitest';
import { parseInputs } from '../../action/inputs.ts';
import { InputError } from '../../core/errors.ts';

const EPHEMERAL = { mode: 'create', name: 'Nightly', kafka: 'true', ephemeral: 'true' };

function parse(inputs: Record<string, string>) {
  return parseInputs((name) => inputs[name] ?? '', {});
}

async function refusalOf(inputs: Record<string, string>): Promise<string> {
  const refused = await parse(inputs).catch((error: unknown) => error);
  if (refused instanceof InputError) return `${refused.message}. ${refused.remedy}`;
  throw refused instanceof Error ? refused : new Error('accepted');
}

describe('an ephemeral key', () => {
  test('lives an hour, and expired ones are swept, where nothing else is said', async () => {
    const ephemeral = { ttlMinutes: 60, sweepExpired: true, usernameDerived: true };
    expect(await parse(EPHEMERAL)).toMatchObject({ mode: 'create', secretId: null, ephemeral });
  });

  test('is what the inputs say', async () => {
    const given = { 'ttl-minutes': '7200', 'sweep-expired': 'false', 'kafka-username': 'nightly' };
    const ephemeral = { ttlMinutes: 7200, sweepExpired: false, usernameDerived: false };
    expect(await parse({ ...EPHEMERAL, ...given })).toMatchObject({ ephemeral });
  });

  test('is none where ephemeral is not true, whatever action.yml’s defaults are', async () => {
    const defaults = { ephemeral: 'false', 'ttl-minutes': '60', 'sweep-expired': 'true' };
    expect(await parse({ ...EPHEMERAL, ...defaults })).toMatchObject({ ephemeral: null });
  });

  test.each([
    ['in mode ensure', { mode: 'ensure', 'secret-id': 'ci/x' }, /^ephemeral: is true, but mode "ensure" .* "create"/],
    ['in mode lookup', { mode: 'lookup', 'secret-id': 'ci/x' }, /^ephemeral: is true, but mode "lookup"/],
    ['by default, which is ensure', { mode: '', 'secret-id': 'ci/x' }, /^ephemeral: is true, but mode "ensure"/],
    ['that a secret would keep', { 'secret-id': 'ci/x' }, /^ephemeral: is true, but secret-id .* Leave secret-id out/],
    ['for no time', { 'ttl-minutes': '0' }, /^ttl-minutes: "0" is no number of minutes\. .* from 1 to 7200\.$/],
    ['for longer than any job', { 'ttl-minutes': '7201' }, /^ttl-minutes: "7201"/],
    ['for half a minute', { 'ttl-minutes': '0.5' }, /^ttl-minutes: "0.5"/],
    ['for minus one minute', { 'ttl-minutes': '-1' }, /^ttl-minutes: "-1"/],
    ['perhaps', { ephemeral: 'perhaps' }, /^ephemeral: "perhaps" is neither true nor false/],
    ['with half a sweep', { 'sweep-expired': 'half' }, /^sweep-expired: "half" is neither true nor false/],
  ])('cannot be had %s', async (_what, inputs, says) => {
    expect(await refusalOf({ ...EPHEMERAL, ...inputs })).toMatch(says);
  });

  describe('with API access whose variables are exported', () => {
    const exporting = { ...EPHEMERAL, roles: 'Admin', 'export-env': 'true' };

    test.each([
      ['admin variables alone', {}],
      ['the default prefix, written out', { 'env-prefix': 'STREAMKAP_' }],
    ])('is refused with %s: they would be replaced before the post stage needs them', async (_what, inputs) => {
      expect(await refusalOf({ ...exporting, ...inputs })).toMatch(/^export-env: would replace STREAMKAP_CLIENT_ID/);
    });

    test.each([
      ['the credential by input', { 'client-id': 'a', 'client-secret': 'b' }],
      ['the credential in a secret', { 'admin-secret-id': 'streamkap/admin' }],
      ['another prefix', { 'env-prefix': 'ORDERS_' }],
      ['no API access', { roles: '' }],
    ])('is made with %s', async (_what, inputs) => {
      expect(await parse({ ...exporting, ...inputs })).toMatchObject({ ephemeral: { ttlMinutes: 60 } });
    });
  });
});
