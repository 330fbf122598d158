import { InputError } from '../core/errors.ts';
import type { ReadInput } from './input-values.ts';

const SECRET_NAME = /^[A-Za-z0-9/_+=.@-]{1,512}$/;
const SECRET_ARN = /^arn:(aws[a-z-]*):secretsmanager:([a-z0-9-]+):\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,519}$/;
/** Those whose Regions are told by their names (AWS General Reference, "Amazon Resource Names"). */
const PARTITIONS = [
  ['aws-cn', 'cn-'],
  ['aws-us-gov', 'us-gov-'],
] as const;

/**
 * @returns the name or ARN in an input that names a secret; null when it is empty
 * @throws InputError for what is neither, and for an ARN of another Region than the one that is asked: AWS would only say that there
 * is no such secret
 */
export function parseSecretId(read: ReadInput, input: string, { AWS_REGION }: NodeJS.ProcessEnv): string | null {
  const text = read(input);
  if (text === '') return null;
  const [, partition, region] = SECRET_ARN.exec(text) ?? [];
  if (region && PARTITIONS.some(([name, prefix]) => (partition === name) !== region.startsWith(prefix))) {
    const problem = `is an ARN of the partition ${partition}, in which there is no Region ${region}`;
    throw new InputError(input, problem, "Copy the secret's ARN as AWS shows it.");
  }
  if (region && AWS_REGION && region !== AWS_REGION) {
    throw new InputError(
      input,
      `is the ARN of a secret in ${region}, but AWS_REGION is ${AWS_REGION}`,
      `Set AWS_REGION (aws-region of configure-aws-credentials) to ${region}, or name a secret in ${AWS_REGION}.`,
    );
  }
  if (region || SECRET_NAME.test(text)) return text;
  throw new InputError(
    input,
    `"${text.slice(0, 60)}" is no name or ARN of a Secrets Manager secret`,
    'Names have 1 to 512 characters of A-Z a-z 0-9 / _ + = . @ -',
  );
}
