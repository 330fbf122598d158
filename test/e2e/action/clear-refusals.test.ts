import { describe, expect, test } from 'vitest';
import { errorOf, fileIn, KINDS, SECRET_ID, worldOfTest } from './fixture.ts';

const OK = KINDS['Kafka-only'];
const FILE = {
  project_key_id: 'pk-1',
  project: {},
  api: null,
  kafka: { username: 'orders', password: 'Kafka!Password0123456789abcdefgh', bootstrap_servers: 'b:9092' },
};
const utf16 = Buffer.from(JSON.stringify(FILE), 'utf16le').toString('base64');
const withMark = Buffer.from(`\ufeff${JSON.stringify(FILE)}`).toString('base64');
const ARN = 'arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:ci/orders-AbCdEf';

describe('a mistake is told so that it can be found, and nothing is called', () => {
  test.each([
    [
      'YAML that breaks off in its second line',
      { ...OK, 'kafka-acls': '- {topic_name: orders, operation: READ}\n- {topic_name: [orders' },
      /kafka-acls: is neither YAML nor JSON \(line 2\)/,
    ],
    [
      'an alias that nothing in the YAML defines',
      { ...OK, 'kafka-acls': '- &a {topic_name: orders, operation: READ}\n- *a\n-\n  <<: *b\n' },
      /kafka-acls: is neither YAML nor JSON \(line 4\)\. /,
    ],
    [
      'the same in tags',
      { ...OK, tags: 'team: &team data\nowner: *team\npayer: *teem' },
      /tags: is not YAML \(line 3\)\. /,
    ],
    ['tags that are no YAML', { ...OK, tags: 'team: data\nowner: "me' }, /tags: is not YAML \(line 2\)/],
    [
      'two operations in one ACL',
      { ...OK, 'kafka-acls': '- {topic_name: orders, operation: [READ, DESCRIBE]}' },
      /kafka-acls\[0\]: has a list as its operation\. Write one ACL for each operation/,
    ],
    [
      'a topic with a space behind it',
      { ...OK, 'kafka-acls': '- {topic_name: "orders ", operation: READ}' },
      /kafka-acls\[0\]: has a topic_name with spaces around it/,
    ],
    ['UTF-16', { mode: 'lookup', 'project-key': utf16 }, /project-key: is base64 of UTF-16 text\. .*UTF-8/],
    [
      'a byte order mark',
      { mode: 'lookup', 'project-key': withMark },
      /project-key: is base64 of text with a byte order mark\. .*UTF-8/,
    ],
    [
      'an ARN of another Region',
      { ...OK, 'secret-id': ARN },
      /secret-id: is the ARN of a secret in ap-southeast-2, but AWS_REGION is \S+\. Set AWS_REGION/,
    ],
  ])('%s', async (_what, inputs, says) => {
    const world = await worldOfTest();
    const run = await world.run(inputs, { secrets: [FILE.kafka.password], masked: [utf16, withMark] });
    expect(errorOf(run)).toMatch(says);
    expect(errorOf(run)).toMatch(/Nothing was changed\. \[INVALID_INPUT\]$/);
    expect(world.sandbox.log.calls).toEqual([]);
    expect(run.outputs).toEqual({});
  });
});

test('a new key with Kafka access and no ACL is made, and the step warns that it can do nothing there', async () => {
  const world = await worldOfTest();
  const run = await world.run({ name: 'Orders CI', 'secret-id': SECRET_ID, kafka: 'true' });
  expect(run.outputs.result).toBe('created');
  expect(fileIn(run).kafka).not.toBeNull();
  expect(run.annotations.warnings).toEqual([
    'kafka-acls is empty: the new key can log in to Kafka, but may neither read nor write any topic',
  ]);
  const again = await world.run({ name: 'Orders CI', 'secret-id': SECRET_ID, kafka: 'true' });
  expect(again.outputs.result).toBe('found');
  expect(again.annotations.warnings).toEqual([]);
});
