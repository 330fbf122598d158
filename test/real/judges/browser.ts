import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installOnce, pathWithProjectNode } from './cache.ts';
import { mustRun } from './process.ts';

const PLAYWRIGHT = '1.65.1';
const AXE = '4.14.1';
const INSTALL_TIMEOUT_MS = 300_000;
const EXECUTABLE = '/usr/bin/chromium';

/** What is used of playwright-core; it is installed beside the project, so its own types are not here. */
export interface Page {
  goto(url: string): Promise<unknown>;
  waitForSelector(selector: string): Promise<unknown>;
  fill(selector: string, text: string): Promise<void>;
  selectOption(selector: string, value: string): Promise<unknown>;
  click(selector: string): Promise<void>;
  evaluate<T>(script: string): Promise<T>;
  emulateMedia(options: { media: 'print' | 'screen' }): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  screenshot(options: { path: string }): Promise<unknown>;
  on(event: string, listener: (happening: { text(): string; url(): string }) => void): void;
  close(): Promise<void>;
}

export interface Browser {
  newPage(options: { viewport: { width: number; height: number }; colorScheme: 'light' | 'dark' }): Promise<Page>;
  close(): Promise<void>;
}

export interface Chromium {
  readonly browser: Browser;
  /** Source of axe-core, to be evaluated in a page. */
  readonly axe: string;
}

/** Starts Debian's Chromium without a window. @throws Error that says what is missing */
export async function startChromium(): Promise<Chromium> {
  const folder = await installOnce({
    name: 'browser',
    version: `playwright-core ${PLAYWRIGHT}, axe-core ${AXE}`,
    needs: ['npm', 'chromium'],
    remedy: 'apt-get install -y chromium, and access to the npm registry',
    install: async (target) => {
      await writeFile(join(target, 'package.json'), JSON.stringify({ private: true }));
      const options = {
        cwd: target,
        env: { ...process.env, PATH: pathWithProjectNode() },
        timeoutMs: INSTALL_TIMEOUT_MS,
      };
      const args = ['install', '--prefix', target, '--no-audit', '--no-fund', '--ignore-scripts'];
      await mustRun('npm', [...args, `playwright-core@${PLAYWRIGHT}`, `axe-core@${AXE}`], options);
    },
  });
  const entry = pathToFileURL(join(folder, 'node_modules/playwright-core/index.mjs')).href;
  const { chromium } = (await import(entry)) as { chromium: { launch(options: object): Promise<Browser> } };
  // Chromium's sandbox does not start for root, and what is opened is our own file.
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  return { browser, axe: await readFile(join(folder, 'node_modules/axe-core/axe.min.js'), 'utf8') };
}
