import { describe, expect, test } from 'vitest';
import { parseAcls } from '../../action/acls.ts';
import { InputError } from '../../core/errors.ts';

const READ_ORDERS = { topic_name: 'orders', operation: 'READ', resource_pattern_type: 'LITERAL', resource: 'TOPIC' };

async function refusalOf(text: string): Promise<string> {
  const refused = await parseAcls(text).catch((error: unknown) => error);
  if (!(refused instanceof InputError)) throw new Error('accepted');
  return `${refused.message} | ${refused.remedy}`;
}

describe('ACLs', () => {
  test.each([
    ['nothing', '', []],
    ['blanks', ' \n', []],
    ['an empty list', '[]', []],
    ['JSON', JSON.stringify([READ_ORDERS]), [READ_ORDERS]],
    ['JSON over several lines', JSON.stringify([READ_ORDERS], null, 2), [READ_ORDERS]],
    ['YAML with defaults', '- topic_name: orders\n  operation: read\n', [READ_ORDERS]],
    [
      'YAML in one line, in any case',
      '[{topic_name: orders-, operation: Describe, resource: group, resource_pattern_type: prefixed}]',
      [{ topic_name: 'orders-', operation: 'DESCRIBE', resource_pattern_type: 'PREFIXED', resource: 'GROUP' }],
    ],
  ])('may be given as %s', async (_how, text, acls) => {
    expect(await parseAcls(text)).toEqual(acls);
  });

  const topicOperations = [
    'ALL',
    'ALTER',
    'ALTER_CONFIGS',
    'CREATE',
    'DELETE',
    'DESCRIBE',
    'DESCRIBE_CONFIGS',
    'READ',
    'WRITE',
  ];
  test('may name every operation of their kind of resource, and no other', async () => {
    for (const operation of topicOperations) {
      expect(await parseAcls(JSON.stringify([{ ...READ_ORDERS, operation }]))).toEqual([{ ...READ_ORDERS, operation }]);
      const group = JSON.stringify([{ ...READ_ORDERS, operation, resource: 'GROUP' }]);
      if (['DELETE', 'DESCRIBE', 'READ'].includes(operation)) expect(await parseAcls(group)).toHaveLength(1);
      else
        expect(await refusalOf(group)).toContain(
          `unknown operation "${operation}" for a GROUP | operation is one of DELETE, DESCRIBE, READ.`,
        );
    }
  });

  test.each([
    ['no list', 'topic_name: orders', 'kafka-acls: is not a list | Pass a YAML or JSON list of ACLs.'],
    ['a word', 'orders', 'kafka-acls: is not a list'],
    [
      'broken YAML',
      '- {topic_name: a, operation: READ}\n- topic_name: "orders\n',
      'kafka-acls: is neither YAML nor JSON (line 3) |',
    ],
    [
      'broken JSON',
      '[{"topic_name": "orders",\n"operation" "READ"}]',
      'kafka-acls: is neither YAML nor JSON (line 2) |',
    ],
    ['a JSON mapping', '{"topic_name": "orders"}', 'kafka-acls: is not a list | Pass a YAML or JSON list of ACLs.'],
    ['an alias of nothing', '- &a x\n- *b', 'kafka-acls: is neither YAML nor JSON'],
    ['a number for a name', '- {topic_name: 2024, operation: READ}', 'kafka-acls[0]: has a topic_name that is no text'],
    [
      'a list of words',
      '- orders',
      'kafka-acls[0]: is not a mapping | Give each ACL the fields topic_name, operation,',
    ],
    ['no operation', '- topic_name: orders', 'kafka-acls[0]: has no operation | operation is one of ALL, ALTER,'],
    [
      'a bad operation',
      '- {topic_name: orders, operation: CONSUME}',
      'kafka-acls[0]: has an unknown operation "CONSUME" for a TOPIC',
    ],
    [
      'an operation that is no text',
      '- {topic_name: orders, operation: {READ: true}}',
      'kafka-acls[0]: has an unknown operation for a TOPIC',
    ],
    [
      'a list of operations',
      '- {topic_name: orders, operation: [READ, DESCRIBE]}',
      'kafka-acls[0]: has a list as its operation | Write one ACL for each operation, with the same topic_name.',
    ],
    [
      'a bad resource',
      '- {topic_name: o, operation: READ, resource: CLUSTER}',
      'unknown resource "CLUSTER" | resource is one of TOPIC, GROUP.',
    ],
    [
      'a bad pattern',
      '- {topic_name: o, operation: READ, resource_pattern_type: MATCH}',
      'is one of LITERAL, PREFIXED.',
    ],
    ['no name', '- {operation: READ}', 'kafka-acls[0]: has no topic_name'],
    [
      'a space before a name',
      '- {operation: READ, topic_name: " orders"}',
      'kafka-acls[0]: has a topic_name with spaces',
    ],
    [
      'a space after a name',
      '- {operation: READ, topic_name: "orders "}',
      'kafka-acls[0]: has a topic_name with spaces',
    ],
    ['a blank name', '- {operation: READ, topic_name: " "}', 'kafka-acls[0]: has no topic_name'],
    [
      'a field that Streamkap would ignore',
      '- {topic_name: o, operations: READ}',
      'kafka-acls[0]: has an unknown field "operations"',
    ],
  ])('with %s are refused, and the rule is named', async (_what, text, problem) => {
    expect(await refusalOf(text)).toContain(problem);
  });

  test('are told by their place in the list', async () => {
    expect(await refusalOf(JSON.stringify([READ_ORDERS, READ_ORDERS, { ...READ_ORDERS, operation: 'x' }]))).toContain(
      'kafka-acls[2]',
    );
  });

  test('are refused without the parser’s own words, which quote the text', async () => {
    for (const text of ['- "hunter2-hunter2', '- a: [hunter2-hunter2', '- hunter2-hunter2: b: c']) {
      expect(await refusalOf(text)).not.toContain('hunter2');
    }
  });
});
