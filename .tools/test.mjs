// `npm test`: sets up, builds what the tests need, runs every test and closes with `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { root, setUp } from './setup.mjs'

setUp()
const done = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--config', '.tools/vitest.config.ts', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
)
process.exit(done.status ?? 1)
