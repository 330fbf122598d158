import { InputError } from '../core/errors.ts';

/**
 * Node ignores some proxy settings that it cannot use and fails on others without naming them; a direct connection where a proxy is
 * demanded is no better.
 * @throws InputError naming the variable; its value may hold a password and is not shown
 */
export function requireUsableProxies(environment: NodeJS.ProcessEnv): void {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    const value = environment[name] ?? '';
    if (value === '' || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol))) continue;
    throw new InputError(
      name,
      'is not a proxy that can be used',
      'Set it to a URL such as http://proxy.example:3128, or unset it.',
    );
  }
}
