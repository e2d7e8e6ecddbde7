// `npm run migrations [-- --check]`: makes the initial migration of both dialects from the tables, through drizzle-kit, and adds
// what it cannot say: STRICT and WITHOUT ROWID on SQLite, byte-wise text on PostgreSQL, triggers that keep append-only tables
// append-only or unchanged and those that guard rules over more than one row. Until the first release there is one migration per dialect, so it is simply written anew. With --check it
// only compares and fails when the files are stale.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { root, setUp } from './setup.mjs'

setUp()
const { bundleEntry } = await import('./bundle.mjs')
const { tablesOf, storages } = await import(await bundleEntry('server/db/tables.ts'))
const kit = await import('drizzle-kit/api')

const appendOnly = storages.flatMap((storage) => storage.appendOnly ?? [])
const unchangeable = storages.flatMap((storage) => storage.unchangeable ?? [])
const guards = storages.flatMap((storage) => storage.guards ?? [])
const clustered = new Set(storages.flatMap((storage) => storage.clustered ?? []))

function strict(statement) {
  const name = /^CREATE TABLE `([^`]+)`/.exec(statement)?.[1]
  if (name === undefined) return statement
  return statement.replace(/\);\s*$/, clustered.has(name) ? ') STRICT, WITHOUT ROWID;' : ') STRICT;')
}

const sqliteTrigger = (name, verb, message) =>
  `CREATE TRIGGER ${name}_refuses_${verb.toLowerCase()} BEFORE ${verb} ON ${name} BEGIN SELECT RAISE(ABORT, '${name} ${message}'); END;`

const sqliteTriggers = [
  ...appendOnly.flatMap((name) => ['UPDATE', 'DELETE'].map((verb) => sqliteTrigger(name, verb, 'is append-only'))),
  ...unchangeable.map((name) => sqliteTrigger(name, 'UPDATE', 'is never changed')),
]

const sqliteGuards = guards.map(
  ({ name, table, before, when, message }) =>
    `CREATE TRIGGER ${name} BEFORE ${before.toUpperCase()} ON ${table} WHEN ${when} BEGIN SELECT RAISE(ABORT, '${message}'); END;`,
)

const postgresGuards = guards.flatMap(({ name, table, before, when, message }) => [
  `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF ${when} THEN RAISE EXCEPTION '${message}' USING ERRCODE = 'HC001'; END IF; RETURN NEW; END $$;`,
  `CREATE TRIGGER ${name} BEFORE ${before.toUpperCase()} ON ${table} FOR EACH ROW EXECUTE FUNCTION ${name}();`,
])

const postgresTriggers = [
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'HC001'; END $$;`,
  ...appendOnly.map(
    (name) =>
      `CREATE TRIGGER ${name}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ${name} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`,
  ),
  ...unchangeable.map(
    (name) =>
      `CREATE TRIGGER ${name}_refuses_change BEFORE UPDATE ON ${name} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`,
  ),
]

async function statementsOf(dialect) {
  const tables = tablesOf(dialect)
  if (dialect === 'sqlite') {
    const made = await kit.generateSQLiteMigration(
      await kit.generateSQLiteDrizzleJson({}),
      await kit.generateSQLiteDrizzleJson(tables),
    )
    return [...made.map(strict), ...sqliteTriggers, ...sqliteGuards]
  }
  const made = await kit.generateMigration(kit.generateDrizzleJson({}), kit.generateDrizzleJson(tables))
  return [
    ...made.map((one) => one.replace(/^(\t"\w+" text)\b/gm, '$1 COLLATE "C"')),
    ...postgresTriggers,
    ...postgresGuards,
  ]
}

const isCheck = process.argv.includes('--check')
let isStale = false
for (const [dialect, name] of [
  ['sqlite', 'initialSqlite'],
  ['postgres', 'initialPostgres'],
]) {
  const file = `${root}server/db/migrations/${dialect}/initial.ts`
  const statements = (await statementsOf(dialect)).map((one) => one.replaceAll('\t', '  ').trim())
  const literals = statements.map(
    (one) => '  `' + one.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${') + '`,',
  )
  const text = `// Made by \`npm run migrations\` from server/db/tables.ts through drizzle-kit. Do not edit.\nexport const ${name}: readonly string[] = [\n${literals.join('\n')}\n]\n`
  let current = ''
  try {
    current = readFileSync(file, 'utf8')
  } catch {}
  if (current === text) continue
  isStale = true
  if (isCheck) continue
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  console.log(`${dialect}: ${statements.length} statements written`)
}
if (isCheck && isStale) {
  console.error('The migrations are stale: run `npm run migrations`.')
  process.exit(1)
}
if (!isStale) console.log('The migrations are up to date.')
