import { describe, expect, it } from 'vitest';
import { idOf } from '../../../unit/rotation/admin/world.ts';
import { assertGoodEnd, begun, STEPS } from '../admin-enumeration.ts';
import { everyInterleaving } from './race.ts';

/** A machine that is busy with other tests gets its time. */
const timeout = 300_000;

describe('two calls of one step at once, in every order of their calls', () => {
  it.each(STEPS)('%s', { timeout }, async (step) => {
    const prepare = async () => {
      const world = await begun();
      for (const earlier of STEPS.slice(0, STEPS.indexOf(step)))
        expect(await world.step(earlier, 'third')).toBeUndefined();
      return world;
    };
    const report = await everyInterleaving(
      prepare,
      [
        [step, 'third'],
        [step, 'third'],
      ],
      async (world, codes) => {
        expect(codes).toEqual([undefined, undefined]);
        if (step === 'createSecret') expect(world.live).toHaveLength(3);
        for (const later of STEPS) expect(await world.step(later, 'third')).toBeUndefined();
        const version = world.secrets.labels('streamkap/admin')[idOf('third')];
        expect(version).toContain('AWSCURRENT');
        world.driver.retryFailed();
        await world.driver.runToEnd();
        await assertGoodEnd(world);
      },
    );
    process.stdout.write(`admin, two of ${step}: ${JSON.stringify(report)}\n`);
    expect(report.ends).toBeGreaterThan(0);
  });

  it('createSecret, and a late replay of the last rotation that cleans up', { timeout }, async () => {
    const both = [
      ['createSecret', 'third'],
      ['finishSecret', 'second'],
    ] as const;
    const report = await everyInterleaving(begun, both, async (world, codes) => {
      expect(codes).toEqual([undefined, undefined]);
      expect(world.works({ name: 'third' })).toBe(true);
      await world.driver.runToEnd();
      await assertGoodEnd(world);
    });
    process.stdout.write(`admin, createSecret and finishSecret: ${JSON.stringify(report)}\n`);
    expect(report.ends).toBeGreaterThan(0);
  });
});
