import * as z from 'zod';

/** The kinds of fields that a configuration is made of. No rule quotes a value: people paste secrets into the wrong field. */

export const text = (pattern: RegExp, rule: string) => z.string({ error: rule }).regex(pattern, { error: rule });
export const flag = () => z.boolean({ error: 'must be true or false' });
export const integer = (min: number, max: number, what: string) => {
  const error = `must be a whole number of ${what} from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};
export const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) });
export const list = <Item extends z.ZodType>(item: Item, max: number, what: string) =>
  z
    .array(item, { error: `must be a list of ${what.replace(/ \(.*/, '')}` })
    .max(max, { error: `must have ${max} ${what} at most` });
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: `must be one of: ${words.join(', ')}` });

export const ACCOUNT = text(/^\d{12}$/, 'must be the 12 digits of an AWS account, as text');
export const REGION = text(/^[a-z]{2}(?:-[a-z]+){1,3}-\d$/, 'must be an AWS Region, such as eu-central-1');
export const KEY_NAME = text(
  /^[A-Za-z][A-Za-z0-9-]{0,59}$/,
  'must begin with a letter and have 1 to 60 letters, digits and hyphens',
);
export const SECRET_NAME = text(
  /^[A-Za-z0-9/_+=.@-]{1,512}$/,
  'must be the name of a secret: 1 to 512 letters, digits and / _ + = . @ -',
);
export const SECRET_ARN = text(
  /^arn:aws(?:-[a-z]+)*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$/,
  'must be the full ARN of a secret, with the six characters that AWS adds',
);
export const KMS_KEY_ARN = text(
  /^arn:aws(?:-[a-z]+)*:kms:[a-z0-9-]+:\d{12}:key\/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/,
  'must be the full ARN of a KMS key, no alias',
);

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
export const PRIVATE_NETWORK = text(
  new RegExp(`^(?:10\\.${OCTET}|172\\.(?:1[6-9]|2\\d|3[01])|192\\.168)\\.${OCTET}\\.0/24$`),
  'must be a private network of 256 addresses, such as 10.244.0.0/24',
);
