// `npm run check`: types, lint, format, architecture, dead code and supply chain; every step runs, then the verdict.
import { spawn } from 'node:child_process'
import { root, setUp } from './setup.mjs'

setUp()
const bin = (name) => `${root}node_modules/.bin/${name}`
// Remembers in dist/ what it knows of each file: the second check takes a quarter of the first's time.
const types = [
  'types',
  bin('vue-tsc'),
  ['--noEmit', '-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', 'dist/types.tsbuildinfo'],
]
const steps = [
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

/** Runs one step and resolves once it has ended and its verdict is out; a quiet one shows what it said only then. */
function run([name, command, args], isQuiet = false) {
  const startMs = Date.now()
  const child = spawn(command, args, { cwd: root, stdio: isQuiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' })
  const said = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => said.push(bytes))
  return new Promise((resolve) => {
    // A program that cannot be started is told of here and closes like any other.
    child.once('error', (error) => said.push(Buffer.from(`${error.message}\n`)))
    child.once('close', (code) => {
      const isGood = code === 0
      if (!isGood) failures.push(name)
      process.stdout.write(Buffer.concat(said))
      console.log(`${isGood ? '✓' : '✗'} ${name} (${((Date.now() - startMs) / 1000).toFixed(1)} s)`)
      resolve()
    })
  })
}

// The types take as long as all the rest and one core.
const typesChecked = run(types, true)
for (const step of steps) await run(step)
await typesChecked
console.log(failures.length === 0 ? 'check: all good' : `check: failed: ${failures.join(', ')}`)
process.exit(failures.length === 0 ? 0 : 1)
