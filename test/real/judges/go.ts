import { join } from 'node:path';
import { installOnce } from './cache.ts';
import { mustRun } from './process.ts';

export interface GoTool {
  /** The command `go install` makes: the last path element. */
  readonly name: string;
  readonly package: string;
  /** A module version, e.g. `v1.2.3`. */
  readonly version: string;
}

const INSTALL_TIMEOUT_MS = 900_000;

/** @returns the path of a command built by `go install` at its pinned version */
export async function installGoTool(tool: GoTool): Promise<string> {
  const folder = await installOnce({
    name: tool.name,
    version: tool.version,
    needs: ['go'],
    remedy: 'apt-get install -y golang-go (as new as the module asks for), and access to the Go module proxy',
    install: async (target) => {
      const env = { ...process.env, GOBIN: target, GOFLAGS: '-buildvcs=false' };
      await mustRun('go', ['install', `${tool.package}@${tool.version}`], { env, timeoutMs: INSTALL_TIMEOUT_MS });
    },
  });
  return join(folder, tool.name);
}
