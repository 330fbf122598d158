import { describe, expect, test } from 'vitest';
import { InputError } from '../../core/errors.ts';
import { DEFAULT_STREAMKAP_HOST, parseStreamkapHost, requireTrustedApi } from '../../core/streamkap-host.ts';

describe('the configured host', () => {
  test.each([
    ['', DEFAULT_STREAMKAP_HOST],
    ['https://api.streamkap.com', 'https://api.streamkap.com'],
    ['https://api.streamkap.com/', 'https://api.streamkap.com'],
    ['https://API.Streamkap.com:443//', 'https://api.streamkap.com'],
    ['https://proxy.example/streamkap/', 'https://proxy.example/streamkap'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost:8080/', 'http://localhost:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('"%s" is %s', (host, expected) => {
    expect(parseStreamkapHost(host, 'streamkap-host')).toBe(expected);
  });

  test.each([
    ['api.streamkap.com', 'is not a URL'],
    ['//api.streamkap.com', 'is not a URL'],
    ['http://api.streamkap.com', 'must be https://'],
    ['http://localhost.example', 'must be https://'],
    ['http://127.0.0.1.example', 'must be https://'],
    ['http://10.0.0.1', 'must be https://'],
    ['ftp://api.streamkap.com', 'must be https://'],
    ['file:///etc/passwd', 'must be https://'],
    ['https://user:hunter2-hunter2@api.streamkap.com', 'must not hold credentials'],
    ['https://api.streamkap.com?', 'must not hold credentials, a query'],
    ['https://api.streamkap.com/#', 'must not hold credentials, a query'],
    ['https://api.streamkap.com?token=hunter2-hunter2', 'must not hold credentials, a query'],
    ['https://api.streamkap.com/#hunter2-hunter2', 'must not hold credentials, a query or a fragment'],
  ])('%s is refused', (host, problem) => {
    const refused = () => parseStreamkapHost(host, 'streamkap-host');
    expect(refused).toThrow(InputError);
    expect(refused).toThrow(`streamkap-host: ${problem}`);
    expect(refused).not.toThrow('hunter2');
  });
});

describe('the URLs inside a credential file', () => {
  const host = 'https://api.streamkap.com';
  const api = { token_endpoint: `${host}/auth/access-token`, api_url: host };

  test('may be those of the configured host', () => {
    requireTrustedApi(api, { host, input: 'project-key' });
    requireTrustedApi(
      { token_endpoint: 'http://127.0.0.1:8080/auth/access-token', api_url: 'http://127.0.0.1:8080' },
      { host: 'http://127.0.0.1:8080', input: 'project-key' },
    );
  });

  test.each([
    ['another host', 'https://api.streamkap.com.evil.example'],
    ['another port', 'https://api.streamkap.com:8443'],
    ['the right name as a user', 'https://api.streamkap.com@evil.example/'],
    ['no encryption', 'http://api.streamkap.com'],
    ['no URL', 'api.streamkap.com'],
    ['loopback', 'http://127.0.0.1/'],
  ])('are refused in either field: %s', (_what, url) => {
    for (const field of ['token_endpoint', 'api_url'] as const) {
      const refused = () => requireTrustedApi({ ...api, [field]: url }, { host, input: 'project-key' });
      expect(refused).toThrow(InputError);
      expect(refused).toThrow(
        `project-key: api.${field} of the credential file is not on the configured Streamkap host`,
      );
      expect(refused).not.toThrow('evil');
    }
  });
});
