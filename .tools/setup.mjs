// Makes a fresh clone ready: checks the Node.js version and installs the locked dependencies when they are
// missing or stale. Runs before every command, so it must cost nothing when there is nothing to do.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const stampFile = `${root}node_modules/.installed-lock`

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24
  if (isSupported) return
  console.error(`Node.js 20.19+, 22.12+ or 24+ is needed; this is ${process.versions.node}.`)
  process.exit(1)
}

const lockFolder = `${root}.setup-lock`
const lookAgainMs = 500
/** A lock without an owner was left by a process that died, or by a full disk, unless it is younger than this. */
const ownerlessMs = 5_000

/** True while the process with this id runs; it may be somebody else's. */
function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** The process that holds the lock in a folder; 0 when nothing says which. */
function ownerOf(folder) {
  try {
    const pid = Number(readFileSync(`${folder}/pid`, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : 0
  } catch {
    return 0
  }
}

function ageMs(folder) {
  try {
    return Date.now() - statSync(folder).mtimeMs
  } catch {
    return 0
  }
}

/** Puts the lock in place with its owner already in it, so that nobody sees one without; false when it is held. */
function placeLock() {
  const draft = `${lockFolder}.${process.pid}`
  mkdirSync(draft, { recursive: true })
  writeFileSync(`${draft}/pid`, String(process.pid))
  try {
    renameSync(draft, lockFolder)
    return true
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOTDIR'].includes(error.code) && existsSync(lockFolder)) return false
    throw error
  }
}

/** Removes the lock of an owner that is gone. Moved aside first: of several that see it gone, one moves it. */
function removeLock(goneOwner) {
  const aside = `${lockFolder}.${process.pid}.gone`
  try {
    renameSync(lockFolder, aside)
  } catch {
    return
  }
  // Another was quicker and holds it by now: that lock goes back.
  if (ownerOf(aside) === goneOwner) rmSync(aside, { recursive: true, force: true })
  else renameSync(aside, lockFolder)
}

/** Takes the set-up lock, so that two commands started together install once. A dead owner's lock is taken over. */
function takeLock() {
  let hasSaid = false
  while (!placeLock()) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookAgainMs)
    const owner = ownerOf(lockFolder)
    if (owner === 0 ? ageMs(lockFolder) > ownerlessMs : !isRunning(owner)) {
      removeLock(owner)
      continue
    }
    if (!hasSaid)
      console.error(
        `Another set-up holds ${lockFolder}${owner === 0 ? '' : ` (process ${owner})`}; waiting for it to end…`,
      )
    hasSaid = true
  }
}

function isInstalled(wanted) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted
}

/** A linked node_modules belongs to another checkout, which installs it. */
function isLinked() {
  return lstatSync(`${root}node_modules`, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

/** Installs from the lock file unless node_modules already matches it. Progress goes to stderr only. */
export function setUp() {
  checkNode()
  if (isLinked()) return
  const lock = `${readFileSync(`${root}package-lock.json`, 'utf8')}|${process.versions.modules}`
  const wanted = createHash('sha256').update(lock).digest('hex')
  if (isInstalled(wanted)) return
  takeLock()
  try {
    if (!isInstalled(wanted)) install(wanted)
  } finally {
    rmSync(lockFolder, { recursive: true, force: true })
  }
}

function install(wanted) {
  console.error('Installing dependencies (once, a minute or two)…')
  const done = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (done.status !== 0) {
    console.error('npm ci failed: see the messages above, then run the same command again.')
    rmSync(lockFolder, { recursive: true, force: true })
    process.exit(done.status ?? 1)
  }
  writeFileSync(stampFile, wanted)
}
