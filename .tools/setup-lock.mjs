// A lock between processes: a folder that names its owner. Node's own modules only, since it guards the installing of all
// others.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'

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
function placeLock(lockFolder) {
  const draft = `${lockFolder}.${process.pid}`
  mkdirSync(draft, { recursive: true })
  writeFileSync(`${draft}/pid`, String(process.pid))
  try {
    renameSync(draft, lockFolder)
    return true
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Not asked whether it is still there: its owner may have let go of it by now, and the next try will tell.
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(error.code)) return false
    if (error.code === 'EPERM' && existsSync(lockFolder)) return false
    throw error
  }
}

/** Lets go of the lock in one step: emptied in place it could be taken by another before it is gone. */
export function releaseLock(lockFolder) {
  const aside = `${lockFolder}.${process.pid}.done`
  try {
    renameSync(lockFolder, aside)
  } catch (error) {
    if (error.code === 'ENOENT') return
    throw error
  }
  rmSync(aside, { recursive: true, force: true })
}

/** Removes the lock of an owner that is gone. Moved aside first: of several that see it gone, one moves it. */
function removeLock(lockFolder, goneOwner) {
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

/** Waits for the lock and takes it, so that of two commands started together one acts. A dead owner's lock is taken over. */
export function takeLock(lockFolder, lookAgainMs = 500) {
  let hasSaid = false
  while (!placeLock(lockFolder)) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookAgainMs)
    const owner = ownerOf(lockFolder)
    if (owner === 0 ? ageMs(lockFolder) > ownerlessMs : !isRunning(owner)) {
      removeLock(lockFolder, owner)
      continue
    }
    if (!hasSaid)
      console.error(
        `Another set-up holds ${lockFolder}${owner === 0 ? '' : ` (process ${owner})`}; waiting for it to end…`,
      )
    hasSaid = true
  }
}
