import { describe, expect, test } from 'vitest';
import { describeError } from '../../action/hints.ts';
import { requireUsableProxies } from '../../action/proxy.ts';
import { harmlessLines, type Runner, requireOneLine } from '../../action/runner.ts';
import { InputError } from '../../core/errors.ts';

function recording(): { readonly runner: Runner; readonly lines: string[] } {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const nothing = () => {};
  const silent = {
    setSecret: nothing,
    setOutput: nothing,
    exportVariable: nothing,
    saveState: nothing,
    summarize: nothing,
  };
  return { runner: { getInput: () => '', ...silent, info: log, warning: log, error: log }, lines };
}

describe('a text from an input cannot speak to the runner', () => {
  test.each([
    ['name "abc\n::stop-commands::zz"', 'name "abc ::stop-commands::zz"'],
    ['::add-mask::a', ': :add-mask::a'],
    ['  ::error::a', ': :error::a'],
    ['a ##[add-mask]b', 'a # #[add-mask]b'],
    ['one\r\n\u2028two', 'one two'],
    ['an ordinary line: a::b', 'an ordinary line: a::b'],
  ])('%j is logged as %j', (text, line) => {
    const { runner, lines } = recording();
    const harmless = harmlessLines(runner);
    harmless.info(text);
    harmless.warning(text);
    harmless.error(text);
    expect(lines).toEqual([line, line, line]);
  });

  test.each(['a\nb', 'a\rb', 'a\u0000b', 'a\u2028b', 'a\u001b[31mb'])('%j is not taken as a name', (text) => {
    expect(() => requireOneLine(text, 'name')).toThrow('name: holds a line break or another control character');
  });

  test('a name in any script is taken', () => {
    expect(requireOneLine('Bestellungen für 日本 🚀', 'name')).toBe('Bestellungen für 日本 🚀');
  });
});

describe('a proxy that cannot be used', () => {
  test.each([
    'nonsense',
    'socks5://127.0.0.1:1080',
    'http://user:pa ss@:80:80',
  ])('is refused without being shown: %s', (value) => {
    for (const name of ['HTTPS_PROXY', 'http_proxy']) {
      const refused = () => requireUsableProxies({ [name]: value });
      expect(refused).toThrow(`${name}: is not a proxy that can be used`);
      expect(refused).not.toThrow(value);
    }
  });

  test.each([
    {},
    { HTTPS_PROXY: '' },
    { HTTPS_PROXY: 'http://user:password@proxy.example:3128' },
  ])('is not %j', (environment) => {
    expect(() => requireUsableProxies(environment)).not.toThrow();
  });
});

describe('hints', () => {
  test('an ACL with a mistake is not blamed on a fork', () => {
    const error = new InputError('kafka-acls[0]', 'is not a mapping', 'Give each ACL its fields.');
    const text = describeError(error, { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: '/nowhere' });
    expect(text).not.toContain('fork');
  });

  test("Dependabot's runs are told why an input is empty", () => {
    const error = new InputError('client-secret', 'is empty, but client-id is given', 'Give both.');
    expect(describeError(error, { GITHUB_ACTOR: 'dependabot[bot]' })).toContain("Dependabot's secrets only");
  });
});
