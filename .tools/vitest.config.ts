import { defineConfig } from 'vitest/config'

/** Vitest's settings. The closing line is read by people and by CI. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    globalSetup: ['./tests/support/global-setup.ts'],
    reporters: ['default', './.tools/closing-line-reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    pool: 'forks',
  },
})
