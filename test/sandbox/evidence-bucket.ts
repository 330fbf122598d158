import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import schema from '../../core/evidence/step-evidence.schema.json' with { type: 'json' };
import { type EndpointRequest, startEndpoint } from './aws-endpoint.ts';

/** A stand-in for Amazon S3 with one bucket, of which nothing can be read over the network. */
export interface EvidenceBucket {
  /** What a function needs to find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Fragments by their keys. */
  readonly fragments: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  stop(): Promise<void>;
}

const BUCKET = 'evidence';

const ajv = new Ajv2020();
formats.default(ajv);
const isFragment = ajv.compile(schema);

/** Starts a bucket that takes fragments of evidence that keep their schema, each once, and refuses everything else. */
export async function startEvidenceBucket(): Promise<EvidenceBucket> {
  const fragments = new Map<string, Readonly<Record<string, unknown>>>();
  const put = ({ method, path, headers, body }: EndpointRequest): [number, string] => {
    const key = /^\/evidence\/([^?]+)\?x-id=PutObject$/.exec(path)?.[1];
    if (method !== 'PUT' || key === undefined || headers['if-none-match'] !== '*') return [403, 'AccessDenied'];
    if (fragments.has(key)) return [412, 'PreconditionFailed'];
    const fragment: unknown = JSON.parse(body);
    if (!isFragment(fragment)) return [403, 'AccessDenied'];
    fragments.set(decodeURIComponent(key), fragment as Readonly<Record<string, unknown>>);
    return [200, ''];
  };
  const { url, stop } = await startEndpoint((request) => {
    const [status, code] = put(request);
    return { status, body: code && `<?xml version="1.0"?><Error><Code>${code}</Code></Error>` };
  });
  return { environment: { EVIDENCE_BUCKET: BUCKET, AWS_ENDPOINT_URL_S3: url }, fragments, stop };
}
