import { InputError } from '../core/errors.ts';
import type { ReadInput } from './input-values.ts';

// The forms that CreateSecret takes (its API reference, KmsKeyId): an id, an alias, the ARN of either.
const ID = /^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const ALIAS = /^alias\/[A-Za-z0-9/_-]{1,250}$/;
const ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(?:key\/([0-9a-z-]+)|(alias\/.+))$/i;

/**
 * @returns `kms-key-id` as it was given; empty: the account's own key
 * @throws InputError for what names no key, or one of another Region: AWS would say it only when the secret is made
 */
export function parseKmsKeyId(read: ReadInput, { AWS_REGION }: NodeJS.ProcessEnv): string {
  const text = read('kms-key-id');
  if (text === '' || ID.test(text) || ALIAS.test(text)) return text;
  const [, region, id, alias] = ARN.exec(text) ?? [];
  const rule = 'Give the id, the alias (alias/...) or the ARN of a KMS key in the Region of the secret.';
  if (!region || !(ID.test(id ?? '') || ALIAS.test(alias ?? ''))) {
    throw new InputError('kms-key-id', `"${text.slice(0, 60)}" is no id, alias or ARN of a KMS key`, rule);
  }
  if (!AWS_REGION || region === AWS_REGION) return text;
  throw new InputError('kms-key-id', `is the ARN of a key in ${region}, but AWS_REGION is ${AWS_REGION}`, rule);
}
