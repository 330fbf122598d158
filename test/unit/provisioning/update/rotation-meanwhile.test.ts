import { describe, expect, test } from 'vitest';
import { errorOf } from '../../streamkap-bench.ts';
import { MINUTE_MS, PASSWORD, SECRET } from '../bench.ts';
import { BOTH, KeyInUse, MOVE, PATCH, PUT, READER, withStoredFile } from './bench.ts';

const NAMED = { name: 'New name' };
const addKafka = (world: KeyInUse, takeOverAfterMs = 2 * MINUTE_MS) =>
  world.update({ requested: BOTH }, { takeOverAfterMs });
const addApi = (world: KeyInUse, takeOverAfterMs = 2 * MINUTE_MS) =>
  world.update({ requested: { role_ids: [READER] } }, { takeOverAfterMs });

describe('a rotation of the same secret', () => {
  test('that is under way: nothing is written, and the error says what to wait for', async () => {
    for (const begin of [
      (world: KeyInUse) => world.beginRotation(),
      (world: KeyInUse) => world.putUnder('AWSPENDING', { ...world.file, name: 'rotated' }),
    ]) {
      const world = new KeyInUse('kafka');
      begin(world);
      const error = await errorOf(world.update(NAMED));
      expect(error).toMatchObject({ code: 'ROTATION_PENDING', changed: 'no', retryable: true });
      expect(error.message).toContain(SECRET);
      expect(world.effects).toEqual([]);
    }
  });

  test('that has ended, whose label Secrets Manager left on the current version, stands in nobody’s way', async () => {
    const world = new KeyInUse('kafka');
    const current = world.holderOf('AWSCURRENT');
    world.secrets.call(MOVE, { SecretId: SECRET, VersionStage: 'AWSPENDING', MoveToVersionId: current });
    expect(await world.update(NAMED)).toMatchObject({ outcome: 'updated' });
  });

  test('that begins just after the intent was stored: the label goes, and Streamkap hears nothing', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call === 'DescribeSecret' && world.holderOf('KEYRING_INTENT')) world.beginRotation();
    };
    expect(await errorOf(world.update(NAMED))).toMatchObject({ code: 'ROTATION_PENDING', changed: 'no' });
    expect(world.effects).toEqual([PUT, MOVE]);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test('that begins after that waits for us: its value is not there, so our file becomes current', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call !== PATCH) return;
      world.beginRotation();
    };
    const { outcome, file } = await addApi(world);
    expect(outcome).toBe('updated');
    expect(world.current).toEqual(file);
    expect(world.holderOf('AWSPENDING')).toBe('c'.repeat(32));
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test('that has a value before our file is current: an error that says that the key was changed, and what is stored is kept', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call === PATCH) world.putUnder('AWSPENDING', { ...world.file, rotated: true });
    };
    expect(await errorOf(addApi(world))).toMatchObject({ code: 'ROTATION_PENDING', changed: 'yes', retryable: true });
    const [api] = [world.under('KEYRING_INTENT').api as { client_secret: string }];
    expect(api.client_secret).toBeTruthy();
    expect(world.current).toEqual(world.file);
    // The rotation ends, and the next run makes current what the first one stored.
    const rotated = { ...world.file, rotated: true };
    world.secrets.call(MOVE, {
      ...{ SecretId: SECRET, VersionStage: 'AWSCURRENT' },
      ...{ MoveToVersionId: 'b'.repeat(32), RemoveFromVersionId: world.holderOf('AWSCURRENT') },
    });
    world.clock.time += 5_000;
    const { file } = await addApi(world);
    expect(file).toEqual({ ...rotated, api });
    expect(world.count(PATCH)).toBe(1);
  });

  test('that has no value: an update that may have been overtaken by then does not take that for granted', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call !== PATCH) return;
      world.clock.time += 2 * MINUTE_MS;
      world.beginRotation();
    };
    expect(await errorOf(addApi(world))).toMatchObject({ code: 'ROTATION_PENDING', changed: 'yes' });
    expect(world.under('KEYRING_INTENT').api).toBeTruthy();
  });

  test.each([
    [14, 'ROTATION_PENDING'],
    [16, undefined],
  ])('that is stuck without a value keeps a dead update from being finished for as long as a step may last: %d minutes', async (minutes, code) => {
    const world = withStoredFile();
    world.beginRotation();
    world.clock.time += minutes * MINUTE_MS;
    const run = addKafka(world);
    if (code) expect(await errorOf(run)).toMatchObject({ code, changed: 'no' });
    else expect(await run).toMatchObject({ file: { kafka: { password: PASSWORD } } });
  });
});
