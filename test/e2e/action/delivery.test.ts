import { describe, expect, test } from 'vitest';
import { fileIn, KIND_NAMES, KINDS, worldOfTest } from './fixture.ts';

describe('export-env', () => {
  test.each(
    KIND_NAMES,
  )('sets the variables of a %s key for later steps, and none that would be empty', async (kind) => {
    const world = await worldOfTest();
    const run = await world.run({ ...KINDS[kind], 'export-env': 'true' });
    const { api, kafka } = fileIn(run);
    expect(run.env).toEqual({
      STREAMKAP_PROJECT_KEY: run.outputs.credentials,
      STREAMKAP_HOST: world.sandbox.streamkapHost,
      ...(api ? { STREAMKAP_CLIENT_ID: api.client_id, STREAMKAP_SECRET: api.client_secret } : {}),
      ...(kafka
        ? {
            STREAMKAP_KAFKA_BOOTSTRAP_SERVERS: world.sandbox.kafkaBootstrap,
            STREAMKAP_KAFKA_USERNAME: 'orders-ci',
            STREAMKAP_KAFKA_PASSWORD: kafka.password,
            STREAMKAP_KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
            STREAMKAP_KAFKA_SASL_MECHANISM: 'PLAIN',
          }
        : {}),
    });
  });

  test('uses the prefix that was asked for, and no other', async () => {
    const world = await worldOfTest();
    const run = await world.run({ ...KINDS['API + Kafka'], 'export-env': 'true', 'env-prefix': 'ORDERS_' });
    expect(Object.keys(run.env)).toHaveLength(9);
    expect(Object.keys(run.env).filter((name) => !name.startsWith('ORDERS_'))).toEqual([]);
    expect(run.env.ORDERS_KAFKA_PASSWORD).toBe(fileIn(run).kafka?.password);
  });

  test('is off by default', async () => {
    const world = await worldOfTest();
    expect((await world.run(KINDS['API + Kafka'])).env).toEqual({});
  });
});

describe('job outputs', () => {
  const READABLE = [
    'result',
    'created',
    'project-key-id',
    'status',
    'kafka-username',
    'kafka-bootstrap-servers',
    'kafka-security-protocol',
    'kafka-sasl-mechanism',
    'schema-registry-url',
    'api-client-id',
    'api-url',
    'secret-arn',
    'secret-version-id',
    'expires-at',
  ];

  test('another job gets everything that is no secret, and nothing that is', async () => {
    const world = await worldOfTest();
    for (const result of ['created', 'found']) {
      const run = await world.run(KINDS['API + Kafka']);
      expect(run.outputs.result).toBe(result);
      expect(Object.keys(run.jobOutputs).sort()).toEqual([...READABLE].sort());
      expect(run.jobOutputs['project-key-id']).toBe(world.sandbox.streamkap.projectKeys[0]?.id);
      expect(run.jobOutputs['secret-arn']).toMatch(/^arn:aws:secretsmanager:.*:secret:ci\/orders-/);
    }
  });

  test('mask-identifiers hides ids, usernames and URLs, for later steps they are still there', async () => {
    const world = await worldOfTest();
    const run = await world.run({ ...KINDS['API + Kafka'], 'mask-identifiers': 'true' });
    const { api, kafka, project_key_id: id } = fileIn(run);
    for (const identifier of [id, api?.client_id, kafka?.username, api?.token_endpoint]) {
      expect(run.masks).toContain(identifier);
    }
    expect(run.outputs['project-key-id']).toBe(id);
    expect(run.jobOutputs).not.toHaveProperty('project-key-id');
    expect(run.jobOutputs).not.toHaveProperty('kafka-username');
    expect(run.jobOutputs).not.toHaveProperty('api-client-id');
    expect(run.jobOutputs['secret-arn']).toBe(run.outputs['secret-arn']);
    const echoed = run.maskedTranscript.split('\n').filter((line) => line.startsWith('##[debug]'));
    for (const identifier of [id, api?.client_id]) expect(echoed.join('\n')).not.toContain(identifier);
  });
});

test('a later step that prints the outputs in common forms shows no secret', async () => {
  const world = await worldOfTest();
  const run = await world.run(KINDS['API + Kafka']);
  const { kafka, api } = fileIn(run);
  // What a later step would print is masked by what this step registered: exact substrings, nothing decoded.
  const hidden = [
    kafka?.password,
    api?.client_secret,
    run.outputs.credentials,
    Buffer.from(`${kafka?.username}:${kafka?.password}`).toString('base64'),
    Buffer.from(`${api?.client_id}:${api?.client_secret}`).toString('base64'),
    Buffer.from(`${kafka?.password}\n`).toString('base64'),
  ];
  for (const text of hidden) expect(run.masks).toContain(text);
  for (const word of ['true', 'PLAIN', 'SASL_SSL', '{', '}', '[', ']', 'null', ''])
    expect(run.masks).not.toContain(word);
});
