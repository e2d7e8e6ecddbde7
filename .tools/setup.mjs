// Makes a fresh clone ready: checks the Node.js version and installs the locked dependencies when they are
// missing or stale. Runs before every command, so it must cost nothing when there is nothing to do.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { releaseLock, takeLock } from './setup-lock.mjs'

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
  takeLock(lockFolder)
  try {
    if (!isInstalled(wanted)) install(wanted)
  } finally {
    releaseLock(lockFolder)
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
    releaseLock(lockFolder)
    process.exit(done.status ?? 1)
  }
  writeFileSync(stampFile, wanted)
}
