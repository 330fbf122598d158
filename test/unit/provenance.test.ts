import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { originOf, provenanceOf, provenanceTags, type RunContext } from '../../action/provenance.ts';
import { readMarker } from '../../core/marker.ts';
import { ownTextOf, withOrigin } from '../../core/provisioning/description.ts';
import { sanitiseHtml } from '../sandbox/streamkap/html.ts';

fc.configureGlobal({ seed: 20261121 });

const RUN: RunContext = {
  repo: { owner: 'octo-org', repo: 'orders' },
  serverUrl: 'https://github.com',
  runId: 1658821493,
  runAttempt: 2,
  actor: 'octocat',
};
const URL = 'https://github.com/octo-org/orders/actions/runs/1658821493/attempts/2';

test('a run is named by repository, address, attempt and actor', () => {
  const provenance = provenanceOf(RUN);
  expect(originOf(provenance)).toBe(`octo-org/orders, ${URL}, attempt 2, by octocat`);
  expect(provenanceTags(provenance)).toEqual({
    'streamkap:repository': 'octo-org/orders',
    'streamkap:run-url': URL,
    'streamkap:run-attempt': '2',
    'streamkap:actor': 'octocat',
  });
});

test('an Enterprise server with a port is one too, and an app’s name keeps its letters', () => {
  const provenance = provenanceOf({ ...RUN, serverUrl: 'https://ghe.example.com:8443', actor: 'dependabot[bot]' });
  expect(provenance.runUrl).toBe('https://ghe.example.com:8443/octo-org/orders/actions/runs/1658821493/attempts/2');
  expect(provenance.actor).toBe('dependabot-bot');
});

describe('what is not known is left out', () => {
  test.each([
    ['a run id', { runId: Number.NaN }, 'octo-org/orders, attempt 2, by octocat'],
    ['an attempt', { runAttempt: Number.NaN }, `octo-org/orders, ${URL.replace('/attempts/2', '')}, by octocat`],
    ['an actor', { actor: '' }, `octo-org/orders, ${URL}, attempt 2`],
    ['a server', { serverUrl: '' }, 'octo-org/orders, attempt 2, by octocat'],
    ['a repository', { repo: { owner: '', repo: '' } }, 'attempt 2, by octocat'],
  ])('such as %s', (_what, missing, origin) => {
    const provenance = provenanceOf({ ...RUN, ...missing });
    expect(originOf(provenance)).toBe(origin);
    for (const value of Object.values(provenanceTags(provenance))) expect(value).not.toBe('');
  });
});

describe('a hostile name', () => {
  test.each([
    ['breaks no line', 'octo\n::add-mask::x\r', 'octo-::add-mask::x'],
    ['closes no marker', 'octo] [keyring:3f0b8a9e.1]', 'octo-keyring:3f0b8a9e.1'],
    ['is no HTML', '<img src=x onerror=alert(1)>', '-img-src=x-onerror=alert-1'],
    ['is no Markdown', '[me](https://evil.example)`x`', '-me-https:-evil.example-x'],
    ['is of letters everybody can read', 'оctоcat\u202e', '-ct-cat'],
    ['is bounded', 'o'.repeat(10_000), 'o'.repeat(100)],
  ])('%s', (_what, actor, cleaned) => {
    expect(provenanceOf({ ...RUN, actor }).actor).toBe(cleaned);
  });

  test.each([
    ['owner', { repo: { owner: 'octo/../evil', repo: 'orders' } }],
    ['repository', { repo: { owner: 'octo-org', repo: 'orders?x=1#y' } }],
    ['server', { serverUrl: 'https://user:password@github.com' }],
    ['server that is none', { serverUrl: 'javascript:alert(1)//' }],
    ['server without end', { serverUrl: `https://${'a'.repeat(300)}` }],
  ])('of a(n) %s leaves the address out, since a part of one leads elsewhere', (_what, hostile) => {
    expect(provenanceOf({ ...RUN, ...hostile }).runUrl).toBe('');
  });

  test('whatever it is, tags are such as AWS takes, and the description survives Streamkap and gives back its own text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom('<b>', '[keyring:', ']', '&', ''),
    );
    const context = fc.record({
      repo: fc.record({ owner: text, repo: text }),
      serverUrl: fc.oneof(text, fc.constant('https://github.com')),
      runId: fc.double(),
      runAttempt: fc.double(),
      actor: text,
    });
    fc.assert(
      fc.property(context, (run) => {
        const provenance = provenanceOf(run);
        for (const value of Object.values(provenanceTags(provenance))) {
          expect(value).toMatch(/^[A-Za-z0-9 +=._:/@-]{1,256}$/);
        }
        const description = withOrigin('For orders', originOf(provenance));
        expect(description.length).toBeLessThan(600);
        expect(sanitiseHtml(description)).toBe(description);
        expect(ownTextOf(description)).toBe('For orders');
        expect(readMarker(description)).toBeUndefined();
      }),
    );
  });
});
