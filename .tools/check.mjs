// `npm run check`: types, lint, format, architecture, dead code and supply chain; every step runs, then the verdict.
import { spawnSync } from 'node:child_process'
import { root, setUp } from './setup.mjs'

setUp()
const bin = (name) => `${root}node_modules/.bin/${name}`
const steps = [
  // Remembers in dist/ what it knows of each file: the second check takes a quarter of the first's time.
  [
    'types',
    bin('vue-tsc'),
    ['--noEmit', '-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', 'dist/types.tsbuildinfo'],
  ],
  ['lint', bin('oxlint'), ['--config', '.oxlintrc.json', '--type-aware', '--deny-warnings', '.']],
  ['format', bin('oxfmt'), ['--check', '.']],
  [
    'architecture',
    bin('depcruise'),
    ['--config', '.dependency-cruiser.cjs', 'shared', 'firmware-bridge', 'cabinet-agent', 'server', 'tests'],
  ],
  ['dead code', bin('knip'), ['--config', '.tools/knip.json', '--no-progress']],
  ['supply chain', process.execPath, [`${root}.tools/supply-chain.mjs`]],
]
const failures = []
for (const [name, command, args] of steps) {
  const startMs = Date.now()
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  const isGood = done.status === 0
  if (!isGood) failures.push(name)
  console.log(`${isGood ? '✓' : '✗'} ${String(name)} (${((Date.now() - startMs) / 1000).toFixed(1)} s)`)
}
console.log(failures.length === 0 ? 'check: all good' : `check: failed: ${failures.join(', ')}`)
process.exit(failures.length === 0 ? 0 : 1)
