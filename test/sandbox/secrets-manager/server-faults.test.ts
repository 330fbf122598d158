import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { id, NAME } from './fixture.ts';
import { create, fault, get, put, start, VALUE } from './server-fixture.ts';

test.each([
  ['before', undefined, false],
  ['after', VALUE, true],
] as const)('a connection dropped %s the call: the client sees no answer, the secret is as the word says', async (when, stored, tookEffect) => {
  const { client, log, state } = await start();
  log.script(fault('CreateSecret', { kind: 'drop', when }));
  await expect(client.send(create())).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(state.nameOf(NAME) === undefined ? undefined : state.valueOf(NAME)).toBe(stored);
  expect(log.calls).toMatchObject([{ operation: 'CreateSecret', target: NAME, outcome: 'drop', tookEffect }]);
  expect(await client.send(create())).toMatchObject({ VersionId: id('v0') });
});

test('a hung call takes effect without an answer, and closing the server ends it at once', async () => {
  const { client, log, server, state } = await start();
  log.script(fault('CreateSecret', { kind: 'hang', when: 'after' }));
  const recorded = new Promise<void>((resolve) => {
    const record = log.record.bind(log);
    log.record = (call) => {
      record(call);
      resolve();
    };
  });
  const hung = expect(client.send(create())).rejects.toThrow();
  await recorded;
  expect(state.valueOf(NAME)).toBe(VALUE);
  await server.close();
  await hung;
  expect(log.calls).toMatchObject([{ outcome: 'hang', tookEffect: true }]);
});

test.each([
  ['ThrottlingException', 400, 'before', false],
  ['InternalServiceError', 500, 'after', true],
] as const)('a scripted %s reaches the SDK under its name', async (code, status, when, tookEffect) => {
  const { client, log } = await start();
  log.script(fault('CreateSecret', { kind: 'status', when, status, code }));
  await expect(client.send(create())).rejects.toMatchObject({ name: code, $metadata: { httpStatusCode: status } });
  expect(log.calls).toMatchObject([{ outcome: 'status', tookEffect }]);
});

test('IAM refuses what the hook names, with its message, and nothing happens', async () => {
  const message =
    'User: arn:aws:sts::123456789012:assumed-role/ci is not authorized to perform: secretsmanager:CreateSecret';
  const { client, state } = await start({
    deny: ({ action }) => (action === 'secretsmanager:CreateSecret' ? message : undefined),
  });
  await expect(client.send(create())).rejects.toMatchObject({ name: 'AccessDeniedException', message });
  expect(state.nameOf(NAME)).toBeUndefined();
});

test.each([
  ['denied', 'AccessDeniedException', 'AccessDeniedException'],
  ['disabled', 'DecryptionFailure', 'EncryptionFailure'],
] as const)('with the key %s no value is read or written, but the secret can be described', async (mode, read, write) => {
  const { client, server, state } = await start();
  await client.send(create());
  server.setKms(mode);
  const before = state.snapshot({ dates: false });
  await expect(client.send(get())).rejects.toMatchObject({ name: read });
  await expect(client.send(put())).rejects.toMatchObject({ name: write });
  await client.send(new DescribeSecretCommand({ SecretId: NAME }));
  expect(state.snapshot({ dates: false })).toBe(before);
  server.setKms('ok');
  await client.send(get());
});
