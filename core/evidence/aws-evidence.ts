import type { EventBus, EvidenceStore } from './ports.ts';

/** Milliseconds for one request; what takes longer is given up on, for evidence must not hold anything up. */
const REQUEST_MS = 2_000;
const CLIENT = { maxAttempts: 2, requestHandler: { connectionTimeout: 1_000, requestTimeout: REQUEST_MS } } as const;

/** The event source that rules match on. */
const SOURCE = 'streamkap-keyring';

/** @returns a bucket; its client is loaded with the first fragment, so that a function without evidence does not pay for it */
export function s3Evidence(bucket: string): EvidenceStore {
  const loaded = once(async () => {
    const { PutObjectCommand, S3Client } = await import('./s3-client.ts');
    return { PutObjectCommand, client: new S3Client(CLIENT) };
  });
  return {
    async put(key, json) {
      const { PutObjectCommand, client } = await loaded();
      const object = { Bucket: bucket, Key: key, Body: json, ContentType: 'application/json' };
      // A fragment that is there already is this very one, sent again.
      await client.send(new PutObjectCommand({ ...object, IfNoneMatch: '*' })).catch((error: unknown) => {
        if (!(error instanceof Error && error.name === 'PreconditionFailed')) throw error;
      });
    },
  };
}

/** @param busName name or ARN @returns the bus; its client is loaded with the first event */
export function eventBridge(busName: string): EventBus {
  const loaded = once(async () => {
    const { EventBridgeClient, PutEventsCommand } = await import('./event-bridge-client.ts');
    return { PutEventsCommand, client: new EventBridgeClient(CLIENT) };
  });
  return {
    async send({ detailType, detail }) {
      const { PutEventsCommand, client } = await loaded();
      const entry = { EventBusName: busName, Source: SOURCE, DetailType: detailType, Resources: [detail.secretArn] };
      const answer = await client.send(
        new PutEventsCommand({ Entries: [{ ...entry, Detail: JSON.stringify(detail) }] }),
      );
      if (answer.FailedEntryCount) throw new Error('EventBridge did not take the event');
    },
  };
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load();
    return loading;
  };
}
