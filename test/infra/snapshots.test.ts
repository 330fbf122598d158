import { describe, expect, it } from 'vitest';
import { configuration, everything, everythingWithEgress, templatesOf } from './fixture.ts';

/** @returns a template as text, without what differs between builds of the same infrastructure: hashes of bundles */
function normalised(template: object): string {
  return `${JSON.stringify(template, null, 2)}\n`.replaceAll(/\b[0-9a-f]{64}\b/g, '<hash of the bundle>');
}

describe('the template', () => {
  it.each([
    ['least', configuration({ projectKeys: [] })],
    ['everything', everything()],
    ['own-network', everythingWithEgress()],
    ['keys-apart', configuration({ keyStacks: 4 })],
    ['china', configuration({ region: 'cn-north-1', projectKeys: [], evidence: {} })],
  ])('of the stack "%s" is what was reviewed (else look at the difference, and run vitest with -u)', async (name, input) => {
    const templates = [...templatesOf(input)];
    for (const [stack, template] of templates)
      await expect(normalised(template)).toMatchFileSnapshot(`snapshots/${name}.${stack}.template`);
    expect(templates).not.toEqual([]);
  });

  it('has no hash left that changes with the code of a function', () => {
    for (const [, template] of templatesOf(everything())) expect(normalised(template)).not.toMatch(/[0-9a-f]{64}/);
  });
});
