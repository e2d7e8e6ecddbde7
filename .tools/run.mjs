// `node .tools/run.mjs <entry.ts> [arguments]`: sets up, bundles the entry and runs it in this terminal.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { root, setUp } from './setup.mjs'

const [entry, ...args] = process.argv.slice(2)
if (entry === undefined) throw new Error('usage: node .tools/run.mjs <entry.ts> [arguments]')
setUp()
const { bundleEntry } = await import('./bundle.mjs')
const file = await bundleEntry(entry)
// Paths in the arguments are relative to where npm was called, which INIT_CWD names.
const child = spawn(process.execPath, ['--enable-source-maps', '--no-warnings=ExperimentalWarning', file, ...args], {
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: { ...process.env, HUINONG_ROOT: root },
  stdio: 'inherit',
})
// The terminal sends Ctrl-C to the whole group; a plain kill reaches only this process, so pass it on.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
process.on('SIGINT', () => {})
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
