// `npm start`: sets up, builds the pages and both processes of the demo, then runs the server's.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { root, setUp } from './setup.mjs'

setUp()
const { bundleEntry } = await import('./bundle.mjs')
const { buildWeb } = await import('./build-web.mjs')
const [demo, fleet] = await Promise.all([
  bundleEntry('server/demo/main.ts'),
  bundleEntry('cabinet-agent/demo-fleet/main.ts'),
  buildWeb(),
])
const child = spawn(process.execPath, ['--enable-source-maps', demo, ...process.argv.slice(2)], {
  cwd: root,
  env: { ...process.env, HUINONG_DEMO_FLEET_ENTRY: fleet },
  stdio: 'inherit',
})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
process.on('SIGINT', () => {})
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
