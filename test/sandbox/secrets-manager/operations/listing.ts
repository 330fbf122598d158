import { AwsError, invalidParameter } from '../aws-error.ts';
import { Input } from '../input.ts';
import { CURRENT, type Secret, type Version } from '../secret.ts';
import { type AwsResponse, compact, findSecret, present, seconds, type World } from '../world.ts';
import { description } from './metadata.ts';

const PAGE = 100;

export function listSecretVersionIds(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, ['SecretId', 'MaxResults', 'NextToken', 'IncludeDeprecated']);
  const secret = findSecret(world, input.secretId());
  const deprecated = input.boolean('IncludeDeprecated') ?? false;
  const versions = [...secret.versions.values()]
    .filter((version) => deprecated || version.stages.length > 0)
    .sort(currentThenNewest);
  const { page, NextToken } = paged(input, versions);
  return compact({ ARN: secret.arn, Name: secret.name, Versions: page.map(versionEntry), NextToken });
}

function versionEntry(version: Version): AwsResponse {
  return compact({
    VersionId: version.id,
    VersionStages: version.stages.length === 0 ? undefined : [...version.stages],
    LastAccessedDate: version.accessedAt === undefined ? undefined : seconds(version.accessedAt),
    CreatedDate: seconds(version.createdAt),
    KmsKeyIds: version.value === undefined ? undefined : ['DefaultEncryptionKey'],
  });
}

/** An order of values alone, so that a restored state lists as the original did. */
function currentThenNewest(a: Version, b: Version): number {
  const current = Number(b.stages.includes(CURRENT)) - Number(a.stages.includes(CURRENT));
  return current || b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
}

export function listSecrets(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, ['MaxResults', 'NextToken', 'Filters', 'SortOrder', 'SortBy', 'IncludePlannedDeletion']);
  const planned = input.boolean('IncludePlannedDeletion') ?? false;
  const filters = readFilters(input);
  const compare = readOrder(input);
  const found = [...world.secrets.keys()]
    .flatMap((name) => present(world, name) ?? [])
    .filter((secret) => (planned || secret.deletion === undefined) && filters.every((filter) => filter(secret)))
    .sort(compare);
  const { page, NextToken } = paged(input, found);
  return compact({ SecretList: page.map(listEntry), NextToken });
}

function listEntry(secret: Secret): AwsResponse {
  const labelled = [...secret.versions.values()].filter((version) => version.stages.length > 0);
  const stages = Object.fromEntries(labelled.map((version) => [version.id, [...version.stages]]));
  return compact({ ...description(secret), SecretVersionsToStages: labelled.length === 0 ? undefined : stages });
}

function readOrder(input: Input): (a: Secret, b: Secret) => number {
  const sign = choice(input, 'SortOrder', ['desc', 'asc']) === 'asc' ? 1 : -1;
  const by = choice(input, 'SortBy', ['created-date', 'last-accessed-date', 'last-changed-date', 'name']);
  const byName = (a: Secret, b: Secret): number => (a.name < b.name ? -1 : 1);
  const key = (secret: Secret): number => {
    if (by === 'last-changed-date') return secret.changedAt;
    return by === 'last-accessed-date' ? (secret.accessedAt ?? 0) : secret.createdAt;
  };
  return (a, b) => sign * ((by === 'name' ? 0 : key(a) - key(b)) || byName(a, b));
}

function choice(input: Input, name: string, values: readonly string[]): string | undefined {
  const value = input.string(name, { max: 256 }) ?? values[0];
  if (value !== undefined && !values.includes(value))
    throw new AwsError('ValidationException', `${name} must be one of: ${values.join(', ')}`);
  return value;
}

/** A filter's field: prefixes of which strings it looks at, and whether case counts. */
const FIELDS: Readonly<Record<string, { readonly texts: (secret: Secret) => string[]; readonly ignoreCase: boolean }>> =
  {
    name: { texts: (secret) => [secret.name], ignoreCase: false },
    description: { texts: (secret) => words(secret.description ?? ''), ignoreCase: true },
    'tag-key': { texts: (secret) => [...secret.tags.keys()], ignoreCase: false },
    'tag-value': { texts: (secret) => [...secret.tags.values()], ignoreCase: false },
    'primary-region': { texts: (secret) => [secret.arn.split(':')[3] ?? ''], ignoreCase: false },
    'owning-service': { texts: () => [], ignoreCase: false },
    all: {
      texts: (secret) =>
        [secret.name, secret.description ?? '', ...[...secret.tags].flat()].flatMap((text) => [text, ...words(text)]),
      ignoreCase: true,
    },
  };

const words = (text: string): string[] => [text, ...text.split(/[ /_+=.@!-]+/)];

/** Filters of ListSecrets: all must match, one value of each; a value is a prefix, `!` in front of it negates. */
function readFilters(input: Input): ((secret: Secret) => boolean)[] {
  return (input.objects('Filters', { min: 0, max: 10 }, ['Key', 'Values']) ?? []).map((filter) => {
    const key = filter.requiredString('Key', { max: 256 });
    const field = FIELDS[key];
    if (field === undefined) throw new AwsError('ValidationException', `Unknown filter key ${key}`);
    const values = filter.strings('Values', { max: 10 }, { max: 512 });
    if (values === undefined) throw invalidParameter(`Filter ${key} needs Values.`);
    return (secret) => values.some((value) => matches(field.texts(secret), value, field.ignoreCase));
  });
}

function matches(texts: readonly string[], value: string, ignoreCase: boolean): boolean {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const negated = value.startsWith('!');
  const prefix = fold(negated ? value.slice(1) : value);
  return texts.some((text) => fold(text).startsWith(prefix)) !== negated;
}

/** One page. The token is opaque to clients: where the next page starts. @throws AwsError InvalidNextTokenException */
function paged<T>(input: Input, all: readonly T[]): { page: readonly T[]; NextToken: string | undefined } {
  const size = input.integer('MaxResults') ?? PAGE;
  if (size < 1 || size > PAGE) throw invalidParameter(`MaxResults must be between 1 and ${PAGE}.`);
  const token = input.string('NextToken', { max: 4096 });
  const start = token === undefined ? 0 : Number(/^from:(\d+)$/.exec(decode(token))?.[1]);
  if (!Number.isInteger(start)) throw new AwsError('InvalidNextTokenException', 'Invalid token.');
  const end = start + size;
  return {
    page: all.slice(start, end),
    NextToken: end < all.length ? Buffer.from(`from:${end}`).toString('base64url') : undefined,
  };
}

const decode = (token: string): string => Buffer.from(token, 'base64url').toString();
