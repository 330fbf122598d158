import { AwsError, constraint, invalidParameter, serialization } from './aws-error.ts';
import type { SecretValue } from './secret.ts';

/** Bytes a value may have (Secrets Manager quotas). */
export const MAX_VALUE_BYTES = 65_536;
const NAME = /^[A-Za-z0-9/_+=.@!-]+$/;
const ARN = /^arn:aws(?:-cn|-us-gov)?:secretsmanager:/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

interface Length {
  readonly min?: number;
  readonly max: number;
}

/**
 * One request's parameters, each read once with AWS's rule for it. A parameter that the operation does not have is refused
 * here although AWS ignores it: in this project it can only be a typing mistake. Null counts as absent.
 */
export class Input {
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @throws AwsError SerializationException for what is no object, ValidationException for an unknown parameter. */
  constructor(raw: unknown, known: readonly string[]) {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw serialization('Expected an object.');
    this.#fields = { ...raw };
    for (const name of Object.keys(this.#fields))
      if (!known.includes(name)) throw new AwsError('ValidationException', `Unknown parameter '${name}'`);
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  string(name: string, { min = 1, max }: Length): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#fields[name];
    if (typeof value !== 'string') throw serialization(`${name} is no string`);
    checkLength(name, value.length, { min, max });
    return value;
  }

  requiredString(name: string, length: Length): string {
    const value = this.string(name, length);
    if (value === undefined) throw constraint(camel(name), 'Member must not be null');
    return value;
  }

  boolean(name: string): boolean | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#fields[name];
    if (typeof value !== 'boolean') throw serialization(`${name} is no boolean`);
    return value;
  }

  integer(name: string): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#fields[name];
    if (typeof value !== 'number' || !Number.isInteger(value)) throw serialization(`${name} is no integer`);
    return value;
  }

  strings(name: string, count: Length, each: Length): string[] | undefined {
    return this.#list(name, count)?.map((entry) => {
      if (typeof entry !== 'string') throw serialization(`${name} holds something that is no string`);
      checkLength(name, entry.length, each);
      return entry;
    });
  }

  objects(name: string, count: Length, known: readonly string[]): Input[] | undefined {
    return this.#list(name, count)?.map((entry) => new Input(entry, known));
  }

  object(name: string, known: readonly string[]): Input | undefined {
    return this.has(name) ? new Input(this.#fields[name], known) : undefined;
  }

  /** SecretId: a name, an ARN, or an ARN without its six characters. */
  secretId(): string {
    const id = this.requiredString('SecretId', { max: 2048 });
    if (!ARN.test(id)) checkName(id);
    return id;
  }

  name(): string {
    const name = this.requiredString('Name', { max: 512 });
    checkName(name);
    return name;
  }

  /** ClientRequestToken: 32 to 64 characters, the future version id. */
  token(): string | undefined {
    const token = this.string('ClientRequestToken', { min: 0, max: Number.POSITIVE_INFINITY });
    if (token !== undefined && (token.length < 32 || token.length > 64))
      throw invalidParameter('ClientRequestToken must be 32-64 characters long.');
    return token;
  }

  versionId(name: string): string | undefined {
    return this.string(name, { min: 32, max: 64 });
  }

  /** SecretString or SecretBinary, not both; undefined when neither is given. */
  value(): SecretValue | undefined {
    if (this.has('SecretString') && this.has('SecretBinary'))
      throw invalidParameter(
        "You can't specify both a binary secret value and a string secret value in the same secret.",
      );
    const text = this.string('SecretString', { max: Number.POSITIVE_INFINITY });
    if (text !== undefined) {
      checkLength('SecretString', Buffer.byteLength(text), { min: 1, max: MAX_VALUE_BYTES });
      return { kind: 'string', text };
    }
    const base64 = this.string('SecretBinary', { max: Number.POSITIVE_INFINITY });
    if (base64 === undefined) return undefined;
    if (!BASE64.test(base64)) throw serialization('SecretBinary is no base64');
    checkLength('SecretBinary', Buffer.byteLength(base64, 'base64'), { min: 1, max: MAX_VALUE_BYTES });
    return { kind: 'binary', base64 };
  }

  #list(name: string, count: Length): unknown[] | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#fields[name];
    if (!Array.isArray(value)) throw serialization(`${name} is no list`);
    checkLength(name, value.length, count);
    return value;
  }
}

function checkLength(name: string, length: number, { min = 1, max }: Length): void {
  if (length < min) throw constraint(camel(name), `Member must have length greater than or equal to ${min}`);
  if (length > max) throw constraint(camel(name), `Member must have length less than or equal to ${max}`);
}

function checkName(name: string): void {
  if (!NAME.test(name))
    throw new AwsError(
      'ValidationException',
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    );
}

const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
