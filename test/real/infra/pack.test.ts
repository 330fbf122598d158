import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pathWithProjectNode, projectFolder } from '../judges/cache.ts';
import { mustRun } from '../judges/process.ts';

const PATIENCE_MS = 240_000;

test('npm pack in a fresh clone builds what it packs: the constructs, their types and the functions', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keyring-pack-'));
  try {
    const clone = join(folder, 'clone');
    // npm hands its own settings down; this one is a command of its own.
    const env = { PATH: pathWithProjectNode(), HOME: folder };
    await mustRun('git', ['clone', '--quiet', projectFolder, clone], { timeoutMs: PATIENCE_MS });
    await symlink(join(projectFolder, 'node_modules'), join(clone, 'node_modules'));
    expect(await readdir(clone)).not.toContain('lib');
    const options = { cwd: clone, env, timeoutMs: PATIENCE_MS };
    await mustRun('npm', ['pack', '--silent', '--pack-destination', folder], options);
    const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
    const { stdout } = await mustRun('tar', ['tzf', join(folder, tarball)], { timeoutMs: PATIENCE_MS });
    const files = stdout.trim().split('\n');
    expect(files).toEqual(
      expect.arrayContaining([
        'package/lib/index.js',
        'package/lib/index.d.ts',
        'package/functions/dist/rotate-password/index.mjs',
        'package/functions/dist/rotate-admin/index.mjs',
      ]),
    );
    expect(files.filter((file) => /test|\.map$|(?<!\.d)\.ts$|action|cli/.test(file))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
