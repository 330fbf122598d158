import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { awsErrorName } from '../aws-error.ts';
import { KeyringError } from '../errors.ts';
import { evidencePrefix, type StepEvidence, stepEvidence } from '../evidence/step-evidence.ts';
import { parseJson } from '../json.ts';
import { historyOf } from './history.ts';
import type { RotationHistory } from './inventory.ts';

/** Fragments that are read of one secret, the newest: a few rotations, or one that was tried again several times. */
const NEWEST = 24;

export interface EvidenceBucketAccess {
  readonly client: Pick<S3Client, 'send'>;
  readonly bucket: string;
}

/**
 * @returns what the newest fragments of a secret say; what is no fragment is passed over
 * @throws KeyringError EVIDENCE_UNREADABLE when the bucket cannot be listed or read
 */
export async function readHistory(access: EvidenceBucketAccess, secretArn: string): Promise<RotationHistory> {
  const keys = await newestKeys(access, evidencePrefix(secretArn));
  const fragments = await Promise.all(keys.map((key) => readFragment(access, key)));
  return historyOf(
    fragments.filter(
      (fragment): fragment is StepEvidence => fragment !== undefined && fragment.secretArn === secretArn,
    ),
  );
}

async function newestKeys({ client, bucket }: EvidenceBucketAccess, prefix: string): Promise<string[]> {
  const found: { key: string; at: number }[] = [];
  let next: string | undefined;
  do {
    const request = { Bucket: bucket, Prefix: prefix, ...(next ? { ContinuationToken: next } : {}) };
    const page = await client.send(new ListObjectsV2Command(request)).catch((error: unknown) => {
      throw unreadable(error, 's3:ListBucket', bucket);
    });
    for (const { Key: key = '', LastModified } of page.Contents ?? [])
      found.push({ key, at: LastModified?.getTime() ?? 0 });
    next = page.NextContinuationToken;
  } while (next);
  return found
    .sort((a, b) => b.at - a.at)
    .slice(0, NEWEST)
    .map(({ key }) => key);
}

async function readFragment({ client, bucket }: EvidenceBucketAccess, key: string): Promise<StepEvidence | undefined> {
  const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key })).catch((error: unknown) => {
    throw unreadable(error, 's3:GetObject', bucket);
  });
  const result = stepEvidence.safeParse(parseJson((await object.Body?.transformToString()) ?? ''));
  return result.success ? result.data : undefined;
}

function unreadable(error: unknown, action: string, bucket: string): KeyringError {
  return new KeyringError({
    code: 'EVIDENCE_UNREADABLE',
    message: `${action} on ${bucket} failed (${awsErrorName(error) || 'no answer'})`,
    changed: 'no',
    retryable: true,
    remedy: `Check the bucket's name and Region, and allow ${action} on it.`,
  });
}
