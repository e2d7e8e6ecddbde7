// What a change of the tables is in SQL: the statements that lead from one state of the schema to another, through drizzle-kit, with
// what it cannot say: STRICT and WITHOUT ROWID on SQLite, byte-wise text on PostgreSQL, and the triggers that keep append-only
// tables append-only or unchanged and guard rules over more than one row.

const kit = await import('drizzle-kit/api')

/** What drizzle-kit knows of a schema, and every trigger with how it is made and dropped. Plain JSON: a release keeps it. */
export function snapshotOf(dialect, tables, storages) {
  const schema = dialect === 'sqlite' ? kit.generateSQLiteDrizzleJson(tables) : kit.generateDrizzleJson(tables)
  const clustered = storages.flatMap((storage) => storage.clustered ?? [])
  return Promise.resolve(schema).then((made) => ({
    schema: JSON.parse(JSON.stringify(made)),
    clustered,
    triggers: dialect === 'sqlite' ? sqliteTriggers(storages) : postgresTriggers(storages),
  }))
}

/** An empty database. */
export async function emptySnapshot(dialect) {
  const { schema } = await snapshotOf(dialect, {}, [])
  return { schema, clustered: [], triggers: [] }
}

/** Statements that lead from one snapshot to another; none when they are the same. */
export async function statementsBetween(dialect, before, after) {
  return dialect === 'sqlite' ? await sqliteStatements(before, after) : await postgresStatements(before, after)
}

const declared = (storages, what) => storages.flatMap((storage) => storage[what] ?? [])

function sqliteTriggers(storages) {
  const make = (table, verb, message) => {
    const name = `${table}_refuses_${verb.toLowerCase()}`
    const create = `CREATE TRIGGER ${name} BEFORE ${verb} ON ${table} BEGIN SELECT RAISE(ABORT, '${table} ${message}'); END;`
    return { name, table, create: [create], drop: [`DROP TRIGGER ${name};`] }
  }
  return [
    ...declared(storages, 'appendOnly').flatMap((table) =>
      ['UPDATE', 'DELETE'].map((verb) => make(table, verb, 'is append-only')),
    ),
    ...declared(storages, 'unchangeable').map((table) => make(table, 'UPDATE', 'is never changed')),
    ...declared(storages, 'guards').map(({ name, table, before, when, message }) => ({
      name,
      table,
      create: [
        `CREATE TRIGGER ${name} BEFORE ${before.toUpperCase()} ON ${table} WHEN ${when} BEGIN SELECT RAISE(ABORT, '${message}'); END;`,
      ],
      drop: [`DROP TRIGGER ${name};`],
    })),
  ]
}

function postgresTriggers(storages) {
  const refuse = (table, verbs) => {
    const name = `${table}_refuses_change`
    const create = `CREATE TRIGGER ${name} BEFORE ${verbs} ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`
    return { name, table, create: [create], drop: [`DROP TRIGGER ${name} ON ${table};`] }
  }
  return [
    {
      name: 'refuse_change',
      create: [
        `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'HC001'; END $$;`,
      ],
      drop: ['DROP FUNCTION refuse_change() CASCADE;'],
    },
    ...declared(storages, 'appendOnly').map((table) => refuse(table, 'UPDATE OR DELETE OR TRUNCATE')),
    ...declared(storages, 'unchangeable').map((table) => refuse(table, 'UPDATE')),
    ...declared(storages, 'guards').map(({ name, table, before, when, message }) => ({
      name,
      table,
      create: [
        `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF ${when} THEN RAISE EXCEPTION '${message}' USING ERRCODE = 'HC001'; END IF; RETURN NEW; END $$;`,
        `CREATE TRIGGER ${name} BEFORE ${before.toUpperCase()} ON ${table} FOR EACH ROW EXECUTE FUNCTION ${name}();`,
      ],
      drop: [`DROP TRIGGER ${name} ON ${table};`, `DROP FUNCTION ${name}();`],
    })),
  ]
}

async function sqliteStatements(before, after) {
  const clustered = new Set(after.clustered)
  const made = (await kit.generateSQLiteMigration(before.schema, after.schema))
    // Whoever migrates has them off.
    .filter((one) => !/^PRAGMA/i.test(one.trim()))
    .map((one) => {
      const name = /^CREATE TABLE `(?:__new_)?([^`]+)`/.exec(one)?.[1]
      if (name === undefined) return one
      return one.replace(/\);\s*$/, clustered.has(name) ? ') STRICT, WITHOUT ROWID;' : ') STRICT;')
    })
  // While a table is away that is made anew, no trigger may speak of it, wherever it stands.
  const isAnyMadeAnew = made.some((one) => one.trim().startsWith('ALTER TABLE `__new_'))
  return isAnyMadeAnew
    ? [...before.triggers.flatMap(({ drop }) => drop), ...made, ...after.triggers.flatMap(({ create }) => create)]
    : aroundTriggers(before, after, made, droppedTables(made))
}

const droppedTables = (made) => new Set(made.flatMap((one) => /^DROP TABLE [`"]([^`"]+)/.exec(one.trim())?.[1] ?? []))

async function postgresStatements(before, after) {
  const made = (await kit.generateMigration(before.schema, after.schema)).map((one) =>
    one
      .replace(/^(\t"\w+" text)\b/gm, '$1 COLLATE "C"')
      .replace(/^(ALTER TABLE "\w+" ADD COLUMN "\w+" text)\b/, '$1 COLLATE "C"'),
  )
  return aroundTriggers(before, after, made, droppedTables(made))
}

/** Triggers that are no more or others go first, but for those that a dropped table takes along; new ones come last. */
function aroundTriggers(before, after, made, dropped) {
  const known = new Map(before.triggers.map((one) => [one.name, one]))
  const wanted = new Map(after.triggers.map((one) => [one.name, one]))
  const isSame = (one) => JSON.stringify(known.get(one.name)?.create) === JSON.stringify(one.create)
  const drops = before.triggers
    .filter((one) => !dropped.has(one.table) && !(wanted.has(one.name) && isSame(wanted.get(one.name))))
    .flatMap(({ drop }) => drop)
  const creates = after.triggers.filter((one) => !known.has(one.name) || !isSame(one)).flatMap(({ create }) => create)
  return [...drops, ...made, ...creates]
}
