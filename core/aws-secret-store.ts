import {
  CreateSecretCommand,
  DescribeSecretCommand,
  type Filter,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  type Tag,
  TagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { awsError, awsErrorName, awsMessage } from './aws-error.ts';
import type {
  Absence,
  LabelMove,
  NewSecret,
  NewVersion,
  SecretDescription,
  SecretEntry,
  SecretLister,
  SecretStore,
  SecretTagger,
  SecretVersion,
  VersionEntry,
  VersionLister,
  VersionSelector,
} from './secret-store.ts';

export interface AwsSecretStoreOptions {
  /** Where the proxy's address comes from. Region, credentials and endpoint AWS's SDK takes from the process's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds for one request; the SDK repeats a failed one up to twice. @default 10_000 */
  readonly requestTimeoutMs?: number;
}

/** @returns Secrets Manager over AWS's SDK; one connection pool, to be kept for the life of the process. */
export function awsSecretStore(
  options: AwsSecretStoreOptions,
): SecretStore & SecretTagger & SecretLister & VersionLister {
  return secretStoreOver(secretsManagerClient(options));
}

/** @returns AWS's own client with this product's limits; for what the store has no method for */
export function secretsManagerClient({
  environment,
  requestTimeoutMs = 10_000,
}: AwsSecretStoreOptions): SecretsManagerClient {
  return new SecretsManagerClient({
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: requestTimeoutMs,
      httpsAgent: { keepAlive: true, proxyEnv: environment },
      httpAgent: { keepAlive: true, proxyEnv: environment },
    },
  });
}

/** The part of AWS's client that is used. */
export type SecretsManagerCaller = Pick<SecretsManagerClient, 'send' | 'middlewareStack'>;

/** @returns the store over a client that was made elsewhere */
export function secretStoreOver(
  client: SecretsManagerCaller,
): SecretStore & SecretTagger & SecretLister & VersionLister {
  return new AwsSecretStore(client);
}

class AwsSecretStore implements SecretStore, SecretTagger, SecretLister, VersionLister {
  readonly #client: SecretsManagerCaller;
  /** AWS's clock, milliseconds since the epoch, when it last answered. */
  #answeredAt = Date.now();

  constructor(client: SecretsManagerCaller) {
    this.#client = client;
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { headers } = result.response as { headers?: Record<string, string> };
        const date = Date.parse(headers?.date ?? '');
        this.#answeredAt = Number.isNaN(date) ? Date.now() : date;
        return result;
      },
      { step: 'deserialize', name: 'keyringAnswerDate', priority: 'low' },
    );
  }

  async read(secretId: string, version: VersionSelector = { stage: 'AWSCURRENT' }): Promise<SecretVersion | Absence> {
    const selector = 'stage' in version ? { VersionStage: version.stage } : { VersionId: version.versionId };
    try {
      const answer = await this.#client.send(new GetSecretValueCommand({ SecretId: secretId, ...selector }));
      return {
        arn: answer.ARN ?? secretId,
        name: answer.Name ?? secretId,
        versionId: answer.VersionId ?? '',
        value: answer.SecretString ?? '',
        stages: answer.VersionStages ?? [],
        createdAt: answer.CreatedDate?.getTime() ?? 0,
        readAt: this.#answeredAt,
      };
    } catch (error) {
      if (awsErrorName(error) !== 'ResourceNotFoundException')
        throw awsError(error, { action: 'GetSecretValue', secretId });
      return lacksOnlyTheVersion(error) ? 'no-value' : 'no-secret';
    }
  }

  async describe(secretId: string): Promise<SecretDescription | 'no-secret'> {
    try {
      const answer = await this.#client.send(new DescribeSecretCommand({ SecretId: secretId }));
      return {
        arn: answer.ARN ?? secretId,
        name: answer.Name ?? secretId,
        tags: tagMap(answer.Tags),
        versions: answer.VersionIdsToStages ?? {},
        rotationEnabled: answer.RotationEnabled ?? false,
        ...(answer.RotationLambdaARN ? { rotationFunction: answer.RotationLambdaARN } : {}),
        ...(answer.NextRotationDate ? { nextRotationAt: answer.NextRotationDate.getTime() } : {}),
      };
    } catch (error) {
      if (awsErrorName(error) === 'ResourceNotFoundException') return 'no-secret';
      throw awsError(error, { action: 'DescribeSecret', secretId });
    }
  }

  async versions(secretId: string): Promise<readonly VersionEntry[]> {
    const found: VersionEntry[] = [];
    let next: string | undefined;
    do {
      const page = { SecretId: secretId, IncludeDeprecated: true, ...(next ? { NextToken: next } : {}) };
      try {
        const answer = await this.#client.send(new ListSecretVersionIdsCommand(page));
        next = answer.NextToken;
        for (const entry of answer.Versions ?? []) {
          const createdAt = entry.CreatedDate?.getTime() ?? 0;
          found.push({ versionId: entry.VersionId ?? '', stages: entry.VersionStages ?? [], createdAt });
        }
      } catch (error) {
        throw awsError(error, { action: 'ListSecretVersionIds', secretId });
      }
    } while (next);
    return found;
  }

  async secretsTagged(key: string, value: string): Promise<readonly SecretEntry[]> {
    const found: SecretEntry[] = [];
    const Filters: Filter[] = [
      { Key: 'tag-key', Values: [key] },
      { Key: 'tag-value', Values: [value] },
    ];
    let next: string | undefined;
    do {
      try {
        const answer = await this.#client.send(
          new ListSecretsCommand({ Filters, ...(next ? { NextToken: next } : {}) }),
        );
        next = answer.NextToken;
        for (const { ARN: arn = '', Tags, RotationLambdaARN: rotationFunction } of answer.SecretList ?? [])
          found.push({ arn, tags: tagMap(Tags), rotationFunction });
      } catch (error) {
        throw awsError(error, { action: 'ListSecrets', secretId: '*' });
      }
    } while (next);
    // The filters match by prefix, and key and value each on their own.
    return found.filter(({ tags }) => tags[key] === value);
  }

  async create(secret: NewSecret): Promise<{ arn: string } | 'exists'> {
    try {
      const answer = await this.#client.send(
        new CreateSecretCommand({
          Name: secret.name,
          ClientRequestToken: secret.versionId,
          SecretString: secret.value,
          Tags: tagList(secret.tags),
          ...(secret.kmsKeyId ? { KmsKeyId: secret.kmsKeyId } : {}),
        }),
      );
      return { arn: answer.ARN ?? secret.name };
    } catch (error) {
      if (awsErrorName(error) === 'ResourceExistsException') return 'exists';
      throw awsError(error, { action: 'CreateSecret', secretId: secret.name });
    }
  }

  async put(version: NewVersion): Promise<'stored' | 'taken'> {
    try {
      await this.#client.send(
        new PutSecretValueCommand({
          SecretId: version.secretId,
          ClientRequestToken: version.versionId,
          SecretString: version.value,
          ...(version.stages ? { VersionStages: [...version.stages] } : {}),
          ...(version.rotationToken ? { RotationToken: version.rotationToken } : {}),
        }),
      );
      return 'stored';
    } catch (error) {
      if (awsErrorName(error) === 'ResourceExistsException') return 'taken';
      throw awsError(error, { action: 'PutSecretValue', secretId: version.secretId });
    }
  }

  async tag(secretId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    try {
      await this.#client.send(new TagResourceCommand({ SecretId: secretId, Tags: tagList(tags) }));
    } catch (error) {
      throw awsError(error, { action: 'TagResource', secretId });
    }
  }

  async move({ secretId, label, from, to }: LabelMove): Promise<'moved' | 'elsewhere'> {
    try {
      await this.#client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: secretId,
          VersionStage: label,
          ...(from ? { RemoveFromVersionId: from } : {}),
          ...(to ? { MoveToVersionId: to } : {}),
        }),
      );
      return 'moved';
    } catch (error) {
      if (awsErrorName(error) === 'InvalidParameterException') return 'elsewhere';
      throw awsError(error, { action: 'UpdateSecretVersionStage', secretId });
    }
  }
}

function tagMap(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}

function tagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/**
 * "can't find the specified secret value for staging label: X" / "... for VersionId: X" against "can't find the specified secret.":
 * both are ResourceNotFoundException, and only the text tells them apart.
 */
function lacksOnlyTheVersion(error: unknown): boolean {
  return /staging label|VersionId|version/i.test(awsMessage(error));
}
