import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeError } from '../../action/hints.ts';
import { type AwsCall, awsError } from '../../core/aws-error.ts';
import type { KeyringError } from '../../core/errors.ts';
import * as making from '../../core/provisioning/errors.ts';
import * as changing from '../../core/provisioning/update/errors.ts';
import * as rotating from '../../core/rotation-order/errors.ts';
import { errorOfAnswer, errorOfShape, errorOfSilence } from '../../core/streamkap/answer.ts';
import { shared } from '../../scripts/bundling.ts';
import { errorRows, says, undocumented, warningRows } from './documented-errors.ts';

const ROOT = join(import.meta.dirname, '../..');
const { byCode, inputs } = errorRows();

/** Text of the sources that the shipped bundle is made of, by path; what a login showed is part of a message, not a code. */
let sources: ReadonlyMap<string, string>;

beforeAll(async () => {
  const entryPoints = ['action/main.ts', 'action/post.ts'];
  const { metafile } = await build({
    ...shared,
    entryPoints,
    outdir: 'out',
    splitting: true,
    write: false,
    metafile: true,
  });
  const used = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const paths = used.filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && /^(core|action)\//.test(path));
  sources = new Map(paths.map(([path]) => [path, readFileSync(join(ROOT, path), 'utf8')]));
});

/** Words in capitals in the Action's code that are no error's code. */
const NO_ERROR =
  /^(AWS(CURRENT|PENDING|PREVIOUS)|KEYRING_\w+|GITHUB_\w+|HTTPS?_PROXY|GET|POST|PATCH|DELETE|PLAIN|SASL_SSL|TOPIC|GROUP|LITERAL|PREFIXED|ALL|ALTER|ALTER_CONFIGS|CREATE|DESCRIBE|DESCRIBE_CONFIGS|READ|WRITE|API|SIGINT|SIGTERM|ABORT_ERR|Z)$/;
/** Told within other errors: of a login that was not tried, of a function that is asked again, and of one that is gone. */
const INSIDE = ['NO_KAFKA_ACCESS', 'ROTATION_UNDER_WAY', 'FUNCTION_NOT_FOUND'];

function codesThrown(): Set<string> {
  const code = /'([A-Z]+(?:_[A-Z]+)*)'/g;
  const texts = [...sources].filter(([path]) => !path.startsWith('core/login-probe/')).map(([, text]) => text);
  const words = texts.flatMap((text) => [...text.matchAll(code)].map(([, word = '']) => word));
  return new Set([...words.filter((word) => !NO_ERROR.test(word) && !INSIDE.includes(word)), 'UNEXPECTED']);
}

/** What differs from error to error without being written as `…`: HTTP statuses, outcomes, kinds of access, what follows a colon. */
const VARIABLE = /…|: |A (?=client credential|project key)|\b[45]\d\d\b|\b5(?=…)|\b(?:rejected|unknown|Kafka|API)\b/;

const fixedParts = (text: string) =>
  text
    .split(VARIABLE)
    .map((part) => part.replace(/^[\s:.;,()"']+|[\s:.;,()"']+$/g, ''))
    .filter((part) => /[a-z]{2}/i.test(part));

/** Every message that the sources give an error, `…` for what is put into it. */
function messages(): string[] {
  const message = /\bmessage:\s*(?:\w[\w. =']*\?\s*)?([`'])((?:\\.|(?!\1)[^\\])*)\1/g;
  const found = [...sources].flatMap(([, text]) => [...text.matchAll(message)].map(([, , words = '']) => words));
  return found.map((words) => words.replace(/\$\{[^{}]*\}/g, '…').replace(/\$\{.*$/, ''));
}

describe('the table of errors in docs/action.md', () => {
  test('has a row for every code that the Action can end in, and none for a code that it cannot', () => {
    const told = new Set(byCode.flatMap(({ codes }) => codes));
    const thrown = codesThrown();
    expect(thrown.size).toBeGreaterThan(50);
    expect([...thrown].filter((code) => !told.has(code))).toEqual([]);
    expect([...told].filter((code) => !thrown.has(code))).toEqual([]);
  });

  test('says no text twice', () => {
    const texts = [...byCode, ...inputs].flatMap((row) => row.texts);
    expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
  });

  test.each(
    [...byCode, ...inputs].map((row) => [row.texts.join(' or '), row] as const),
  )('quotes the code: %s', (_text, row) => {
    expect(row.texts.length).toBeGreaterThan(0);
    const all = [...sources.values()].join('\n').replaceAll("\\'", "'");
    for (const part of row.texts.flatMap(fixedParts)) expect(all).toContain(part);
    for (const cell of row.cells) expect(cell.trim().length).toBeGreaterThan(1);
    expect(row.changed.length).toBeGreaterThan(0);
  });

  test.each(
    warningRows().map((row) => [row.texts.join(' or '), row] as const),
  )('quotes the warning: %s', (_text, row) => {
    const all = [...sources.values()].join('\n');
    for (const part of row.texts.flatMap(fixedParts)) expect(all).toContain(part);
    expect(row.cells).toHaveLength(3);
    for (const cell of row.cells) expect(cell.trim().length).toBeGreaterThan(1);
  });

  test('has every message that the code gives an error', () => {
    const told = [...byCode.flatMap((row) => row.texts), 'The rotation function … does not exist'];
    const untold = messages().filter((message) => {
      const parts = fixedParts(message).filter((part) => part.length > 6);
      const isTold = byCode.some((row) => says(row, `streamkap-keyring: ${message}.`));
      return parts.length > 0 && !isTold && !told.some((text) => parts.every((part) => text.includes(part)));
    });
    expect(messages().length).toBeGreaterThan(30);
    expect(untold).toEqual([]);
  });
});

const CALL: AwsCall = { action: 'GetSecretValue', secretId: 'ci/orders' };
const thrown = (name: string, message = '') => Object.assign(new Error(message), { name });
const NATURE = { operation: 'POST /project-keys', changes: true };
const answer = (status: number) =>
  errorOfAnswer(NATURE, { status, headers: {}, body: '{"detail":"no"}' }, (text) => text);
const STANDING = {
  ...{ secretId: 'ci/orders', token: 't', functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:f' },
  ...{ labels: 'AWSCURRENT on v0', tell: undefined },
};
const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:ci/orders-AbCdEf';
const DENIED = `is not authorized to perform: secretsmanager:GetSecretValue on resource: ${ARN}`;

/** Credentials and Region were there when the intent was stored. */
const canComeLate = ({ code }: KeyringError) => !/^AWS_(NO|WRONG)_/.test(code);

/** Errors as the code makes them, each of which the page must explain. */
const MADE = [
  ...[
    ...[thrown('CredentialsProviderError'), thrown('ExpiredTokenException'), thrown('AccessDenied', 'sts:AssumeRole')],
    ...[thrown('Error', 'Region is missing'), thrown('InvalidSignatureException', 'not a valid region')],
    ...[thrown('AccessDeniedException', DENIED), thrown('DecryptionFailure'), thrown('ThrottlingException')],
    ...[thrown('AccessDeniedException', `${DENIED} with an explicit deny in a session policy`)],
    ...[thrown('AccessDeniedException', 'Access to KMS is not allowed'), thrown('ResourceNotFoundException')],
    ...[thrown('InvalidRequestException', 'marked for deletion'), thrown('LimitExceededException'), thrown('Error')],
  ]
    .map((error) => awsError(error, CALL))
    .flatMap((error) => [error, ...(canComeLate(error) ? [making.unstorable(error, 'project key pk-1')] : [])]),
  ...[400, 401, 403, 404, 409, 422, 429, 500, 503].map(answer),
  ...[400, 401, 403, 404, 409, 422, 429, 500, 503].map((status) => making.afterWriting(answer(status))),
  errorOfSilence(NATURE, new Error('no')),
  errorOfShape(NATURE, { status: 200, headers: {}, body: '' }, 'no id'),
  making.noSuchArn(ARN),
  ...[changing.rotationPending('ci/orders'), changing.takesTurns('ci/orders'), changing.keyDeleted('pk-1')],
  ...[changing.keyNotActive('pk-1', 'creating'), changing.apiSecretLost('pk-1', 'no')],
  ...[changing.apiSecretUnstored('pk-1', answer(500)), changing.kafkaAddedElsewhere('pk-1', 'orders-ci')],
  ...[changing.notApplied('pk-1', ['whitelist_ips']), changing.updateUnanswered('pk-1')],
  ...[changing.updateUnfinished('ci/orders'), changing.afterChanging(changing.keyNotActive('pk-1', 'deleting'))],
  ...[rotating.secretMissing('ci/orders'), rotating.notProvisioned('ci/orders'), rotating.notConfigured('ci/orders')],
  ...[rotating.disabled('ci/orders'), rotating.pending(STANDING), rotating.unfinished(STANDING, 120, 'created')],
  ...[rotating.stopped(STANDING, true), rotating.stopped(STANDING, false), rotating.unreadable('ci/orders', 't')],
  new TypeError('not ours'),
].map((error) => describeError(error, { AWS_REGION: 'eu-central-1' }));

test.each(MADE)('an error as a user sees it is on the page: %s', (line) => {
  expect(undocumented(line)).toBeUndefined();
});

test('an error that is not on the page, or that says otherwise what was changed, is noticed', () => {
  const missing = 'streamkap-keyring: The moon is full. Wait. Nothing was changed. [MOON]';
  expect(undocumented(missing)).toMatch(/has no row for what this error says/);
  const otherText = 'streamkap-keyring: The moon is full. Wait. Nothing was changed. [KEY_DELETED]';
  expect(undocumented(otherText)).toMatch(/has no row for what this error says/);
  const otherwise =
    'streamkap-keyring: No rotation is set up for ci/orders. Deploy. Something was changed. [ROTATION_NOT_CONFIGURED]';
  expect(undocumented(otherwise)).toMatch(/says of ROTATION_NOT_CONFIGURED that "no" was changed, not "yes"/);
});
