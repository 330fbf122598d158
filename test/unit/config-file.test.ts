import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { placeOf } from '../../action/config-file.ts';

const OURS = '# Written by streamkap-keyring\nA=1\n';
let workspace: string;
let temporary: string;
let outside: string;

beforeEach(() => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'keyring-place-')));
  onTestFinished(() => rmSync(root, { recursive: true }));
  [workspace, temporary, outside] = ['workspace', 'temp', 'workspace-of-others'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [workspace, temporary, outside, join(workspace, 'config')]) mkdirSync(folder);
});

const place = (path: string, options: { keep?: boolean; platform?: NodeJS.Platform } = {}) =>
  placeOf(
    { path, format: 'env', keep: options.keep ?? false },
    { GITHUB_WORKSPACE: workspace, RUNNER_TEMP: temporary },
    options.platform ?? 'linux',
  );

describe('a configuration file may lie', () => {
  test('in the workspace, relative to it, or in RUNNER_TEMP', () => {
    expect(place('client.properties')).toEqual({ path: join(workspace, 'client.properties'), exists: false });
    expect(place('config/../config/a').path).toBe(join(workspace, 'config/a'));
    expect(place(join(temporary, 'a')).path).toBe(join(temporary, 'a'));
    expect(place('..dots').path).toBe(join(workspace, '..dots'));
  });

  test('where one of ours lies already', () => {
    writeFileSync(join(temporary, 'a'), OURS);
    expect(place(join(temporary, 'a'))).toEqual({ path: join(temporary, 'a'), exists: true });
  });

  test('in a workspace that is itself reached by a link', () => {
    symlinkSync(workspace, join(outside, 'link'));
    const found = placeOf(
      { path: 'a', format: 'env', keep: false },
      { GITHUB_WORKSPACE: join(outside, 'link') },
      'linux',
    );
    expect(found.path).toBe(join(workspace, 'a'));
  });
});

describe('a configuration file is refused', () => {
  test.each(['..', '.', '../a', 'config/../../a', '/etc/passwd', '/a'])('outside of both folders: %s', (path) => {
    expect(() => place(path)).toThrow('config-file: lies neither in the workspace nor in RUNNER_TEMP');
  });

  test('beside the workspace under a name that begins like it', () => {
    expect(() => place(join(outside, 'a'))).toThrow('lies neither in the workspace nor in RUNNER_TEMP');
  });

  test('in a folder that does not exist, or is a file', () => {
    writeFileSync(join(workspace, 'file'), '');
    expect(() => place('nowhere/a')).toThrow('lies in a folder that does not exist');
    expect(() => place('file/a')).toThrow('lies in a folder that does not exist');
  });

  test('behind a symbolic link, inside or out, at any depth', () => {
    mkdirSync(join(workspace, 'config/deep'));
    symlinkSync(outside, join(workspace, 'out'));
    symlinkSync(join(workspace, 'config'), join(workspace, 'in'));
    for (const path of ['out/a', 'in/a', 'in/deep/a'])
      expect(() => place(path)).toThrow('has a symbolic link in its path');
  });

  test.each([
    'a file',
    'a folder',
    'a link to nothing',
    'a link to one of ours',
    'a second name of one of ours',
  ])('where %s is already', (what) => {
    const path = join(workspace, 'a');
    const ours = join(outside, 'ours');
    writeFileSync(ours, OURS);
    if (what === 'a file') writeFileSync(path, '# Written by hand\n');
    if (what === 'a folder') mkdirSync(path);
    if (what === 'a link to nothing') symlinkSync(join(outside, 'nothing'), path);
    if (what === 'a link to one of ours') symlinkSync(ours, path);
    if (what === 'a second name of one of ours') linkSync(ours, path);
    expect(() => place('a')).toThrow('config-file: exists already and was not written by this Action');
  });

  test('on Windows, unless it is meant to stay', () => {
    expect(() => place('a', { platform: 'win32' })).toThrow('is given on Windows, where file modes do not protect it');
    expect(place('a', { platform: 'win32', keep: true }).exists).toBe(false);
    expect(place('a', { platform: 'darwin' }).exists).toBe(false);
  });
});
