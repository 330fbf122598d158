import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCertificates } from '../../sandbox/certificates.ts';
import { assertWorks, errorOf, fileIn, KINDS, type World, worldOfTest } from './fixture.ts';
import { serveOverTls, startProxy } from './tls-front.ts';

/** A name that no resolver knows: it is reached through the proxy or not at all. */
const BEHIND_PROXY = 'streamkap.invalid';

/** A world whose Streamkap speaks TLS, and a proxy beside it. */
async function worldBehindTls(
  hostname: string,
): Promise<{ world: World; host: string; asked: string[]; env: Record<string, string> }> {
  const certificates = await makeCertificates({ hosts: [BEHIND_PROXY, 'localhost'] });
  let target = '';
  const port = await serveOverTls(certificates, () => target);
  const host = `https://${hostname}:${port}`;
  const world = await worldOfTest({ streamkap: { apiBaseUrl: host } });
  target = world.sandbox.streamkapHost;
  const proxy = await startProxy();
  const { caFile } = world.sandbox;
  const authorities = join(caFile, '..', 'authorities.pem');
  await writeFile(authorities, `${await readFile(caFile, 'utf8')}\n${certificates.caPem}`);
  return { world, host, asked: proxy.asked, env: { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: authorities } };
}

test('calls to Streamkap go through HTTPS_PROXY, and the proxy sees nothing but names', async () => {
  const { world, host, asked, env } = await worldBehindTls(BEHIND_PROXY);
  const run = await world.run({ ...KINDS['API + Kafka'], 'streamkap-host': host }, { env });
  expect(run.annotations.errors).toEqual([]);
  expect(run.outputs.result).toBe('created');
  expect(new Set(asked)).toEqual(new Set([`CONNECT ${new URL(host).host}`]));
  expect(fileIn(run).api?.token_endpoint).toBe(`${host}/auth/access-token`);
  expect(world.sandbox.log.of('kafka', 'login')).toHaveLength(1);
});

test('what NO_PROXY names is called directly', async () => {
  const { world, host, asked, env } = await worldBehindTls('localhost');
  const run = await world.run(
    { ...KINDS['Kafka-only'], 'streamkap-host': host },
    { env: { ...env, NO_PROXY: 'example.com,localhost' } },
  );
  expect(run.annotations.errors).toEqual([]);
  expect(run.outputs.result).toBe('created');
  expect(asked).toEqual([]);
  await assertWorks(world, fileIn(run));
});

test('a proxy that is down is an error that changes nothing, not a reason to go around it', async () => {
  const { world, host, asked, env } = await worldBehindTls('localhost');
  const run = await world.run(
    { ...KINDS['Kafka-only'], 'streamkap-host': host },
    { env: { ...env, HTTPS_PROXY: 'http://127.0.0.1:1' } },
  );
  expect(run.annotations.errors).toEqual([
    expect.stringMatching(/No answer from Streamkap to POST \/auth\/access-token.*\[STREAMKAP_UNREACHABLE\]$/),
  ]);
  expect(asked).toEqual([]);
  expect(world.sandbox.log.calls.filter((call) => call.service === 'streamkap')).toEqual([]);
  expect(world.sandbox.streamkap.projectKeys).toEqual([]);
});

test.each([
  ['that is down', 'http://jenkins:{}@127.0.0.1:1', /\[STREAMKAP_UNREACHABLE\]$/],
  ['that is no URL', 'jenkins:{}@127.0.0.1:1', /^streamkap-keyring: HTTPS_PROXY: is not a proxy that can be used\./],
])('the password of a proxy %s is in no line', async (_what, proxy, says) => {
  const password = 'Pr0xy-pass-4711-0815';
  const { world, host, env } = await worldBehindTls('localhost');
  const run = await world.run(
    { ...KINDS['Kafka-only'], 'streamkap-host': host },
    { env: { ...env, HTTPS_PROXY: proxy.replace('{}', password) }, secrets: [password] },
  );
  expect(errorOf(run)).toMatch(says);
  expect(world.sandbox.streamkap.projectKeys).toEqual([]);
});

test('AWS is called through HTTP_PROXY too, unless NO_PROXY names it', async () => {
  const world = await worldOfTest();
  await world.run(KINDS['Kafka-only']);
  world.forget();
  const proxy = await startProxy();
  const lookup = { mode: 'lookup', 'secret-id': KINDS['Kafka-only']['secret-id'] };
  const direct = await world.run(lookup, { env: { HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' } });
  expect(direct.outputs.result).toBe('found');
  expect(proxy.asked).toEqual([]);
  world.forget();
  const proxied = await world.run(lookup, { env: { HTTP_PROXY: proxy.url } });
  expect(proxied.outcome).toBe('failure');
  expect(proxy.asked.length).toBeGreaterThan(0);
  expect(world.calls()).toEqual([]);
});
