import { CONFIG_FORMATS, type ConfigFormat } from '../core/config-format.ts';
import { choice, flag, type ReadInput } from './input-values.ts';
import { requireOneLine } from './runner.ts';

/** A file that the credential is written to for later steps. */
export interface ConfigFileInputs {
  /** As the user wrote it; relative to the workspace. */
  readonly path: string;
  readonly format: ConfigFormat;
  /** The post stage leaves it there. */
  readonly keep: boolean;
}

/** @returns null when no file is asked for @throws InputError */
export function parseConfigFile(read: ReadInput): ConfigFileInputs | null {
  const format = choice(read, 'config-format', CONFIG_FORMATS, 'java-properties');
  const keep = flag(read, 'keep-config-file', false);
  const path = requireOneLine(read('config-file'), 'config-file');
  return path === '' ? null : { path, format, keep };
}
