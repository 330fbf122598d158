import type { SecretsManagerClientResolvedConfig } from '@aws-sdk/client-secrets-manager';
import { SignatureV4 } from '@smithy/signature-v4';
import { awsError } from './aws-error.ts';
import { SecretStoreError } from './errors.ts';
import type { FunctionAnswer, FunctionInvoker } from './function-invoker.ts';
import { type HttpResponse, type HttpTransport, nodeTransport } from './http.ts';
import { parseJson } from './json.ts';

type Identity = Pick<SecretsManagerClientResolvedConfig, 'credentials' | 'sha256'>;

/** A call is made this often in all, where AWS fails or does not answer. */
const TRIES = 3;

/**
 * Lambda's Invoke (API reference, "Invoke") as one signed request: AWS's client for Lambda would add 112 kB for it.
 * @param identity of the Secrets Manager client, so that credentials are looked for once
 * @param environment for the proxy, and for `AWS_ENDPOINT_URL_LAMBDA` or `AWS_ENDPOINT_URL`; endpoints in AWS's files are not read
 */
export function awsFunctionInvoker(
  identity: Identity,
  environment: NodeJS.ProcessEnv,
  transport: HttpTransport = nodeTransport(environment),
): FunctionInvoker {
  return {
    invoke: async (functionArn, event, timeoutMs) => {
      const call = { service: 'lambda', action: 'InvokeFunction', secretId: functionArn } as const;
      for (let tries = 1; ; tries++) {
        try {
          const request = await signed(functionArn, JSON.stringify(event), { identity, environment });
          return answerOf(await transport({ ...request, method: 'POST', timeoutMs }), functionArn);
        } catch (error) {
          const known = error instanceof SecretStoreError ? error : awsError(error, call);
          // One that took all its time would take it again.
          const isLate = error instanceof Error && error.name === 'TimeoutError';
          if (!known.retryable || isLate || tries === TRIES) throw known;
        }
      }
    },
  };
}

async function signed(
  functionArn: string,
  body: string,
  { identity, environment }: { identity: Identity; environment: NodeJS.ProcessEnv },
) {
  const region = functionArn.split(':')[3] ?? '';
  const endpoint = environment.AWS_ENDPOINT_URL_LAMBDA || environment.AWS_ENDPOINT_URL || endpointOf(functionArn);
  const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`;
  const url = new URL(path, endpoint);
  const signer = new SignatureV4({ ...identity, region, service: 'lambda' });
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path,
    query: {},
    headers: { host: url.host, 'content-type': 'application/json', 'x-amz-invocation-type': 'RequestResponse' },
    body,
  });
  return { url: url.href, headers, body };
}

const SUFFIXES: Readonly<Record<string, string>> = {
  'aws-cn': 'amazonaws.com.cn',
  'aws-iso': 'c2s.ic.gov',
  'aws-iso-b': 'sc2s.sgov.gov',
};

/** AWS General Reference, "Service endpoints": the Region's own, with its partition's suffix. */
function endpointOf(functionArn: string): string {
  const [, partition = '', , region = ''] = functionArn.split(':');
  return `https://lambda.${region}.${SUFFIXES[partition] ?? 'amazonaws.com'}`;
}

/** @throws SecretStoreError, for awsError to name: what AWS refused, with its own name and text */
function answerOf({ status, headers, body }: HttpResponse, functionArn: string): FunctionAnswer {
  const value = parseJson(body);
  if (status === 200 && headers['x-amz-function-error'] === undefined) return { outcome: 'returned', value };
  const text = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  if (status === 200) return { outcome: 'failed', message: String(text.errorMessage ?? '') };
  if (status === 404) throw functionMissing(functionArn);
  const refusal = new Error(String(text.Message ?? text.message ?? ''));
  refusal.name = (headers['x-amzn-errortype'] ?? '').split(':')[0] || `Status${status}`;
  throw refusal;
}

function functionMissing(functionArn: string): SecretStoreError {
  return new SecretStoreError({
    code: 'FUNCTION_NOT_FOUND',
    message: `The rotation function ${functionArn} does not exist`,
    changed: 'no',
    retryable: false,
    remedy: 'Deploy it anew, or attach the secret to the function that is there.',
  });
}
