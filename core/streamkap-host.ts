import { InputError } from './errors.ts';

export const DEFAULT_STREAMKAP_HOST = 'https://api.streamkap.com';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * @param host full URL of Streamkap's API; empty means the public one
 * @param input the name to blame in the error
 * @returns the URL without a trailing slash
 * @throws InputError unless it is https, or http to this machine itself, without credentials, query or fragment
 */
export function parseStreamkapHost(host: string, input: string): string {
  if (host === '') return DEFAULT_STREAMKAP_HOST;
  const url = parseUrl(host);
  const rule = `Give a full URL such as ${DEFAULT_STREAMKAP_HOST}; http:// is accepted for loopback only.`;
  if (!url) throw new InputError(input, 'is not a URL', rule);
  if (url.username || url.password || /[?#]/.test(host)) {
    throw new InputError(input, 'must not hold credentials, a query or a fragment', rule);
  }
  if (!isPrivateTransport(url)) throw new InputError(input, 'must be https:// (http:// only for loopback)', rule);
  return url.href.replace(/\/+$/, '');
}

/**
 * The URLs inside a credential file are untrusted: whoever can write the file could point a secret at a host of theirs.
 * @throws InputError when the file's API would send its secret anywhere but to the configured host
 */
export function requireTrustedApi(
  api: { token_endpoint: string; api_url: string },
  { host, input }: { host: string; input: string },
): void {
  const trusted = new URL(host).host;
  for (const field of ['token_endpoint', 'api_url'] as const) {
    const url = parseUrl(api[field]);
    if (url && isPrivateTransport(url) && url.host === trusted) continue;
    throw new InputError(
      input,
      `api.${field} of the credential file is not on the configured Streamkap host ${trusted}`,
      'Use the file as Streamkap made it, or set streamkap-host to the host it belongs to.',
    );
  }
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function isPrivateTransport(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
}
