import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import type { InstrumenterContext, StrykerOptions } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  type CompleteDryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  type TestRunnerCapabilities,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { type LoadedTest, loadedTests, loading } from './loaded-tests.ts';

/** No test here waits for real time: one that leaves the process with nothing to do for this long waits for ever. Milliseconds. */
const IDLE_MS = 500;
/** A test that is not done after this long goes on for ever, on however busy a machine. Milliseconds. */
const ENDLESS_MS = 30_000;
const IN_PLACE_OF_VITEST = new URL('./loaded-tests.ts', import.meta.url).href;

/**
 * Runs the judging tests in one process that imports them once: a mutant costs the milliseconds of its tests and no start-up, which
 * takes ten times as long. Node strips the types; what the tests import as `vitest` collects them, with Vitest's own `expect`.
 */
class InProcessRunner implements TestRunner {
  static readonly inject: ['options'] = ['options'];
  readonly #include: string[];
  readonly #instrumented: InstrumenterContext;
  #loaded = false;
  #unhandled: unknown;

  constructor(options: StrykerOptions) {
    this.#include = (options.inProcess as { include: string[] }).include;
    const world = globalThis as { __stryker__?: InstrumenterContext };
    world.__stryker__ ??= {};
    this.#instrumented = world.__stryker__;
    process.on('unhandledRejection', (error) => {
      this.#unhandled = error;
    });
  }

  /** Stryker starts a new process for a mutant in code that runs on import. */
  capabilities(): TestRunnerCapabilities {
    return { reloadEnvironment: false };
  }

  async dryRun(): Promise<CompleteDryRunResult> {
    await this.#load();
    const tests = await this.#run(loadedTests, { bail: false });
    const { mutantCoverage } = this.#instrumented;
    return { status: DryRunStatus.Complete, tests, ...(mutantCoverage ? { mutantCoverage } : {}) };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, mutantActivation, testFilter, disableBail, hitLimit } = options;
    const context = this.#instrumented;
    if (mutantActivation === 'runtime') await this.#load();
    Object.assign(context, {
      activeMutant: activeMutant.id,
      hitCount: hitLimit === undefined ? undefined : 0,
      hitLimit,
    });
    try {
      await this.#load();
    } catch (error) {
      // The mutated module cannot even be imported: every test would see it.
      const killedBy = testFilter ?? ['import'];
      return toMutantRunResult({ status: DryRunStatus.Complete, tests: killedBy.map((id) => failed(id, error)) });
    }
    const wanted = testFilter && new Set(testFilter);
    const tests = await this.#run(wanted ? loadedTests.filter(({ id }) => wanted.has(id)) : loadedTests, {
      bail: !disableBail,
    });
    const looped = determineHitLimitReached(context.hitCount, hitLimit);
    return toMutantRunResult(looped ?? { status: DryRunStatus.Complete, tests });
  }

  async #load(): Promise<void> {
    if (this.#loaded) return;
    this.#loaded = true;
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'vitest' && context.parentURL !== IN_PLACE_OF_VITEST
          ? { url: IN_PLACE_OF_VITEST, shortCircuit: true }
          : next(specifier, context),
    });
    // In the order of the patterns: the slow ones last, for survivors.
    const files = this.#include.flatMap((pattern) => globSync(pattern).sort());
    for (const file of files) {
      loading(file);
      await import(pathToFileURL(resolve(file)).href);
    }
  }

  async #run(tests: readonly LoadedTest[], { bail }: { readonly bail: boolean }): Promise<TestResult[]> {
    const results: TestResult[] = [];
    for (const test of tests) {
      const result = await this.#runOne(test);
      results.push(result);
      if (bail && result.status === TestStatus.Failed) break;
    }
    return results;
  }

  async #runOne({ id, file, run }: LoadedTest): Promise<TestResult> {
    this.#instrumented.currentTestId = id;
    this.#unhandled = undefined;
    const startedAt = performance.now();
    let failure: unknown;
    let timer: NodeJS.Timeout | undefined;
    try {
      const before = performance.eventLoopUtilization();
      const hangs = new Promise<never>((_, reject) => {
        timer = setInterval(() => {
          const { idle, active } = performance.eventLoopUtilization(before);
          if (idle > IDLE_MS || idle + active > ENDLESS_MS) reject(new Error('the test never ends'));
        }, IDLE_MS / 2);
      });
      await Promise.race([(async () => await run())(), hangs]);
      // Whatever the test left running ends here, before the next mutant is switched on.
      await new Promise((done) => setImmediate(done));
      failure = this.#unhandled;
    } catch (error) {
      failure = error ?? new Error('nothing was thrown');
    } finally {
      clearInterval(timer);
      delete this.#instrumented.currentTestId;
    }
    const facts = { id, name: id, fileName: resolve(file), timeSpentMs: performance.now() - startedAt };
    return failure === undefined ? { ...facts, status: TestStatus.Success } : { ...failed(id, failure), ...facts };
  }
}

function failed(id: string, error: unknown) {
  const failureMessage = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { id, name: id, timeSpentMs: 0, status: TestStatus.Failed, failureMessage } as const;
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcessRunner)];
