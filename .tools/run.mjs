// `node .tools/run.mjs [--production | --whole | --pages] <entry.ts> [arguments]`: sets up, bundles the entry and runs it in this
// terminal. --whole takes the whole, minified bundle, which starts in half the time, and so does a thread of it; --production takes
// it with the flags of a cabinet's small computer; --pages builds the pages that the entry serves.
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { root, setUp } from './setup.mjs'

const isProduction = process.argv[2] === '--production'
const isWhole = isProduction || process.argv[2] === '--whole'
const servesPages = process.argv[2] === '--pages'
const [entry, ...args] = process.argv.slice(isWhole || servesPages ? 3 : 2)
const usage = `usage: node .tools/run.mjs [--production | --whole | --pages] <entry.ts> [arguments]

Bundles one TypeScript entry of this repository and runs it with the arguments. package.json names the entries that
have a command of their own: \`npm run\` lists them.`

/** What is wrong with the entry, in words; undefined when it can be run. */
function findFault() {
  if (entry === undefined) return 'Which entry?'
  if (entry.startsWith('-')) return `${entry} is not an entry: options of a program come after its entry.`
  if (!entry.endsWith('.ts')) return `${entry} is not a TypeScript file.`
  const found = statSync(resolve(root, entry), { throwIfNoEntry: false })
  return found?.isFile() === true ? undefined : `There is no file ${entry} in ${root}`
}

if (entry === '--help' || entry === '-h') {
  console.log(usage)
  process.exit(0)
}
const fault = findFault()
if (fault !== undefined) {
  console.error(`${fault}\n\n${usage}`)
  process.exit(2)
}
setUp()
const { bundleEntry, productionFlags } = await import('./bundle.mjs')
// Whoever asks for help, or brings built pages, waits for none.
const isHelp = args.some((argument) => argument === '--help' || argument === '-h')
if (servesPages && !isHelp && !process.env.HUINONG_WEB_DIR) {
  const { buildWeb } = await import('./build-web.mjs')
  await buildWeb()
}
const file = await bundleEntry(entry, { isWhole })
const flags = isProduction ? productionFlags : ['--enable-source-maps', '--no-warnings=ExperimentalWarning']
// Paths in the arguments are relative to where npm was called, which INIT_CWD names.
const child = spawn(process.execPath, [...flags, file, ...args], {
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: { ...process.env, HUINONG_ROOT: root },
  stdio: 'inherit',
})
// The terminal sends Ctrl-C to the whole group; a plain kill reaches only this process, so pass it on.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
process.on('SIGINT', () => {})
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
