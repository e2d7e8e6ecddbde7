// `npm run migrations [-- --check | --release VERSION]`: makes the migrations of both dialects from the tables. Until the first release
// there is one, `initial`, which is simply written anew. A release keeps what the schema was (released.json), and from then on nothing
// that it carries is written again: what has changed since is one migration more, `after-VERSION`, written anew until the next
// release. With --check it only compares and fails when the files are stale; --release also keeps data made by this very program,
// which the next ones must be able to start on (tests/fixtures/releases).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { root, setUp } from './setup.mjs'

setUp()
const { bundleEntry } = await import('./bundle.mjs')
const { tablesOf, storages } = await import(await bundleEntry('server/db/tables.ts'))
const { emptySnapshot, snapshotOf, statementsBetween } = await import('./migration-statements.mjs')

const folder = `${root}server/db/migrations`
const dialects = ['sqlite', 'postgres']
const isCheck = process.argv.includes('--check')
const releaseAt = process.argv.indexOf('--release')
const release = releaseAt < 0 ? undefined : process.argv[releaseAt + 1]
if (releaseAt >= 0 && !/^\d+\.\d+\.\d+$/.test(release ?? '')) {
  console.error('--release wants a version, such as 0.1.0')
  process.exit(2)
}

/** Oldest first; empty before the first release. */
function readReleases() {
  const file = `${folder}/releases.json`
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
}

const releasedFile = (dialect) => `${folder}/${dialect}/released.json.gz`
const readSnapshot = (dialect) => JSON.parse(gunzipSync(readFileSync(releasedFile(dialect))).toString())
/** `initial`, then one after each release that had something to change. */
const fileOf = (dialect, name) => `${folder}/${dialect}/${name}.ts`
const constantOf = (dialect, name) =>
  name.replaceAll(/[-.](\w)/g, (_, letter) => letter.toUpperCase()) + (dialect === 'sqlite' ? 'Sqlite' : 'Postgres')

let isStale = false
function settle(file, text, what) {
  const current = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  if (current === text) return
  isStale = true
  if (isCheck) return
  mkdirSync(dirname(file), { recursive: true })
  if (text === undefined) rmSync(file)
  else writeFileSync(file, text)
  console.log(what)
}

function textOf(constant, statements) {
  const literals = statements.map(
    (one) => '  `' + one.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${') + '`,',
  )
  return `// Made by \`npm run migrations\` from server/db/tables.ts through drizzle-kit. Do not edit.\nexport const ${constant}: readonly string[] = [\n${literals.join('\n')}\n]\n`
}

/** Writes what has changed since the newest release; everything, before there is one. */
async function makePending(dialect, releases) {
  const newest = releases.at(-1)
  const before = newest === undefined ? await emptySnapshot(dialect) : readSnapshot(dialect)
  const after = await snapshotOf(dialect, tablesOf(dialect), storages)
  const statements = (await statementsBetween(dialect, before, after)).map((one) => one.replaceAll('\t', '  ').trim())
  const name = newest === undefined ? 'initial' : `after-${newest}`
  const text = statements.length === 0 ? undefined : textOf(constantOf(dialect, name), statements)
  settle(fileOf(dialect, name), text, `${dialect}: ${statements.length} statements written as ${name}`)
}

/** The order of the history, as a module. */
function makeHistory(releases) {
  const names = ['initial', ...releases.map((version) => `after-${version}`)]
  const found = Object.fromEntries(
    dialects.map((dialect) => {
      const files = new Set(isCheck || existsSync(`${folder}/${dialect}`) ? readdirSync(`${folder}/${dialect}`) : [])
      return [dialect, names.filter((name) => files.has(`${name}.ts`))]
    }),
  )
  const imports = dialects.flatMap((dialect) =>
    found[dialect].map((name) => `import { ${constantOf(dialect, name)} } from './${dialect}/${name}.ts'`),
  )
  const lists = dialects.map((dialect) => {
    const rows = found[dialect].map((name) => `{ name: '${name}', statements: ${constantOf(dialect, name)} }`)
    return `  ${dialect}: [${rows.join(', ')}],`
  })
  return `// Made by \`npm run migrations\`. Do not edit.
import type { Dialect } from '../kit.ts'
${imports.toSorted((a, b) => (a.split("'")[1] < b.split("'")[1] ? -1 : 1)).join('\n')}

/** One step from schema to schema; known to a database by its name and by the hash of its statements. */
export interface Migration {
  readonly name: string
  readonly statements: readonly string[]
}

export const migrations: Readonly<Record<Dialect, readonly Migration[]>> = {
${lists.join('\n')}
}
`
}

/** Freezes what is written: nothing of it is written again. */
async function keepRelease(version, releases) {
  if (releases.includes(version)) throw new Error(`${version} is released already`)
  for (const dialect of dialects) {
    const snapshot = await snapshotOf(dialect, tablesOf(dialect), storages)
    writeFileSync(releasedFile(dialect), gzipSync(JSON.stringify(snapshot), { level: 9 }))
  }
  writeFileSync(`${folder}/releases.json`, `${JSON.stringify([...releases, version])}\n`)
  const { keepReleaseData } = await import(await bundleEntry('tests/support/release-data.ts'))
  await keepReleaseData(`${root}tests/fixtures/releases/${version}`)
  console.log(`${version} is kept: its migrations stay as they are, its data is in tests/fixtures/releases/${version}`)
}

const releases = readReleases()
for (const dialect of dialects) await makePending(dialect, releases)
settle(`${folder}/history.ts`, makeHistory(releases), 'the history written')
if (isStale && (isCheck || release !== undefined)) {
  console.error('The migrations are stale: run `npm run migrations`.')
  process.exit(1)
}
if (release !== undefined) await keepRelease(release, releases)
else if (!isStale) console.log('The migrations are up to date.')
