import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import schema from '../../core/evidence/step-evidence.schema.json' with { type: 'json' };
import { type AccessRequest, accessKeyIdOf, type Deny } from './access.ts';
import { type EndpointRequest, startEndpoint } from './aws-endpoint.ts';

/** A stand-in for Amazon S3 with one bucket: fragments are put once, listed by prefix and read; nothing else. */
export interface EvidenceBucket {
  /** What a function needs to find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Fragments by their keys. */
  readonly fragments: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  stop(): Promise<void>;
}

const BUCKET = 'evidence';
export const BUCKET_ARN = `arn:aws:s3:::${BUCKET}`;

export interface EvidenceBucketOptions {
  /** IAM. @default nobody is refused */
  readonly deny?: Deny;
  /** The customer managed key of the bucket, which has a bucket key. @default S3's own encryption */
  readonly kmsKeyArn?: string;
}
/** Keys of one page at most. */
const PAGE = 1000;

const ajv = new Ajv2020();
formats.default(ajv);
const isFragment = ajv.compile(schema);

/** Starts a bucket that takes fragments of evidence that keep their schema, each once, and refuses everything else. */
export async function startEvidenceBucket({ deny, kmsKeyArn }: EvidenceBucketOptions = {}): Promise<EvidenceBucket> {
  const fragments = new Map<string, Readonly<Record<string, unknown>>>();
  const writtenAt = new Map<string, string>();
  const put = ({ method, path, headers, body }: EndpointRequest): [number, string] => {
    const key = /^\/evidence\/([^?]+)\?x-id=PutObject$/.exec(path)?.[1];
    if (method !== 'PUT' || key === undefined || headers['if-none-match'] !== '*') return [403, 'AccessDenied'];
    const asked = accessTo(headers.authorization, decodeURIComponent(key), kmsKeyArn);
    if (deny && asked.some((request) => deny(request) !== undefined)) return [403, 'AccessDenied'];
    if (fragments.has(key)) return [412, 'PreconditionFailed'];
    const fragment = JSON.parse(body) as Record<string, unknown>;
    if (!isFragment(fragment)) return [403, 'AccessDenied'];
    fragments.set(decodeURIComponent(key), fragment);
    writtenAt.set(decodeURIComponent(key), String(fragment.finishedAt));
    return [200, ''];
  };
  /** As S3 pages: by the key's order, PAGE keys at most; the token is the last key of the page before. */
  const list = (query: URLSearchParams): string => {
    const after = query.get('continuation-token') ?? '';
    const all = [...fragments.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after).sort();
    const page = all.slice(0, PAGE);
    const rows = page.map(
      (key) => `<Contents><Key>${key}</Key><LastModified>${writtenAt.get(key)}</LastModified></Contents>`,
    );
    const more = all.length > PAGE ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more !== ''}</IsTruncated>${more}${rows.join('')}</ListBucketResult>`;
  };
  const { url, stop } = await startEndpoint((request) => {
    const asked = new URL(request.path, 'http://s3');
    if (
      request.method === 'GET' &&
      /^\/evidence\/?$/.test(asked.pathname) &&
      asked.searchParams.get('list-type') === '2'
    )
      return { status: 200, body: list(asked.searchParams) };
    const read = fragments.get(decodeURIComponent(asked.pathname.slice('/evidence/'.length)));
    if (request.method === 'GET' && read) return { status: 200, body: JSON.stringify(read) };
    const [status, code] = put(request);
    return { status, body: code && `<?xml version="1.0"?><Error><Code>${code}</Code></Error>` };
  });
  return { environment: { EVIDENCE_BUCKET: BUCKET, AWS_ENDPOINT_URL_S3: url }, fragments, stop };
}

/** Amazon S3 user guide, "Reducing the cost of SSE-KMS with S3 Bucket Keys": the encryption context is then the bucket's ARN. */
function accessTo(authorization: string | undefined, key: string, kmsKeyArn: string | undefined): AccessRequest[] {
  const accessKeyId = accessKeyIdOf(authorization);
  const put = { accessKeyId, action: 's3:PutObject', resource: `${BUCKET_ARN}/${key}`, context: {} };
  if (kmsKeyArn === undefined) return [put];
  const context = {
    'kms:ViaService': ['s3.eu-central-1.amazonaws.com'],
    'kms:EncryptionContext:aws:s3:arn': [BUCKET_ARN],
  };
  return [put, { accessKeyId, action: 'kms:GenerateDataKey', resource: kmsKeyArn, context }];
}
