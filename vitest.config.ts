import { defineConfig } from 'vitest/config';

/**
 * `npm test` runs the offline projects; the real tier has a project of its own because it installs brokers and clients.
 * Test files run in forks: several of them start child processes and listen on loopback.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'offline',
          include: ['test/{unit,faults,sandbox,e2e,infra}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
