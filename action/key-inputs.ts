import { isIPv4 } from 'node:net';
import { InputError } from '../core/errors.ts';
import type { KafkaAcl } from '../core/streamkap/schemas.ts';
import { parseAcls } from './acls.ts';
import { flag, optionalChoice, type ReadInput, words } from './input-values.ts';
import { requireOneLine } from './runner.ts';

/** What a key that is made shall be like. */
export interface KeyInputs {
  readonly name: string;
  readonly description: string;
  /** Names or ids; exclusive with permissions. */
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  /** Null without Kafka. */
  readonly kafka: {
    readonly username: string;
    readonly acls: readonly KafkaAcl[];
    readonly whitelistIps: string;
    readonly schemaRegistry: boolean;
  } | null;
  readonly toolProfile: string;
  readonly allowedTools: readonly string[];
  readonly blockedTools: readonly string[];
}

const TOOL_PROFILES = ['full', 'read-only', 'agent-operator', 'infra-admin'] as const;

/** @returns whether Kafka access is asked for, by `kafka` itself or by an input that only makes sense with it */
export function wantsKafka(read: ReadInput): boolean {
  const implied = ['kafka-username', 'kafka-acls'].find((name) => read(name) !== '');
  const kafka = flag(read, 'kafka', implied !== undefined);
  if (!kafka && implied)
    throw new InputError('kafka', `is false, but ${implied} is given`, `Leave out ${implied}, or set kafka to true.`);
  const needing =
    read('whitelist-ips') !== '' ? 'whitelist-ips' : flag(read, 'schema-registry', false) ? 'schema-registry' : '';
  if (!kafka && needing)
    throw new InputError(needing, 'is given, but the key gets no Kafka access', 'Set kafka to true.');
  return kafka;
}

/** @throws InputError for the first input about the key that breaks a rule of Streamkap's */
export async function parseKey(read: ReadInput, kafka: boolean): Promise<KeyInputs> {
  const name = read('name');
  if (name === '') throw new InputError('name', 'is empty', "Give the project key's name, 1 to 100 characters.");
  if ([...name].length > 100)
    throw new InputError('name', `has ${[...name].length} characters`, 'A name has 1 to 100 characters.');
  requireOneLine(name, 'name');
  const { roles, permissions } = parseGrants(read);
  if (!kafka && roles.length === 0 && permissions.length === 0) {
    throw new InputError(
      'roles',
      'and permissions and kafka are all unset, so the key could do nothing',
      'Give roles or permissions for API access, set kafka to true for Kafka access, or both.',
    );
  }
  return {
    name,
    description: parseDescription(read('description')),
    roles,
    permissions,
    kafka: kafka ? await parseKafka(read, name) : null,
    toolProfile: optionalChoice(read, 'tool-profile', TOOL_PROFILES),
    allowedTools: words(read('allowed-tools')),
    blockedTools: words(read('blocked-tools')),
  };
}

/** What a credential may do at the API, in words or ids. @throws InputError for both at once */
export function parseGrants(read: ReadInput): { roles: string[]; permissions: string[] } {
  const grants = { roles: words(read('roles')), permissions: words(read('permissions')) };
  if (grants.roles.length === 0 || grants.permissions.length === 0) return grants;
  throw new InputError(
    'permissions',
    'are given together with roles',
    'Give roles or permissions: Streamkap takes one of the two.',
  );
}

/** Streamkap gives no bound; the marker behind it must stay whole. */
const MAX_DESCRIPTION_CHARACTERS = 500;

/** @throws InputError for one that is too long */
export function parseDescription(text: string): string {
  if (text.length <= MAX_DESCRIPTION_CHARACTERS) return text;
  const rule = `A description has ${MAX_DESCRIPTION_CHARACTERS} characters at most.`;
  throw new InputError('description', `has ${text.length} characters`, rule);
}

/** A secret holds 65,536 bytes, and beside the ACLs, which stand in it as Streamkap writes them, everything else of the file. */
const MAX_ACL_BYTES = 40_000;

async function parseFittingAcls(text: string): Promise<KafkaAcl[]> {
  const acls = await parseAcls(text);
  const bytes = Buffer.byteLength(JSON.stringify(acls));
  if (bytes <= MAX_ACL_BYTES) return acls;
  const rule = `The credential file must fit into a secret: use PREFIXED patterns, ${MAX_ACL_BYTES} bytes of ACLs at most.`;
  throw new InputError('kafka-acls', `has ${acls.length} ACLs of ${bytes} bytes`, rule);
}

async function parseKafka(read: ReadInput, name: string): Promise<NonNullable<KeyInputs['kafka']>> {
  return {
    username: parseUsername(read('kafka-username'), name),
    acls: await parseFittingAcls(read('kafka-acls')),
    whitelistIps: parseIps(read('whitelist-ips')),
    schemaRegistry: flag(read, 'schema-registry', false),
  };
}

const USERNAME = /^[a-z0-9](?:[a-z0-9-]{1,22}[a-z0-9])$/;
const USERNAME_RULE = 'A Kafka username has 3 to 24 lowercase letters, digits or hyphens, no hyphen at either end.';

/** @returns the username, derived from the key's name where none is given */
function parseUsername(given: string, name: string): string {
  if (given !== '') {
    if (USERNAME.test(given)) return given;
    throw new InputError('kafka-username', `"${given.slice(0, 60)}" is not a Kafka username`, USERNAME_RULE);
  }
  const derived = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 24)
    .replace(/-+$/, '');
  if (USERNAME.test(derived)) return derived;
  throw new InputError(
    'kafka-username',
    'is empty, and none can be made of the name',
    `Set kafka-username. ${USERNAME_RULE}`,
  );
}

function parseIps(text: string): string {
  const list = words(text);
  for (const entry of list) {
    const [address = '', bits, more] = entry.split('/');
    const fits =
      isIPv4(address) && more === undefined && (bits === undefined || (/^\d{1,2}$/.test(bits) && Number(bits) <= 32));
    if (!fits)
      throw new InputError(
        'whitelist-ips',
        `"${entry.slice(0, 60)}" is no IPv4 address or CIDR range`,
        'Give a list such as 203.0.113.7, 192.168.1.0/24.',
      );
  }
  const joined = list.join(',');
  if (joined.length > 1000)
    throw new InputError(
      'whitelist-ips',
      `has ${joined.length} characters`,
      'Streamkap takes 1000 at most: use CIDR ranges.',
    );
  return joined;
}
