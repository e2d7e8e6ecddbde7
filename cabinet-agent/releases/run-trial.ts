import { spawn } from 'node:child_process'
import { afterTrial } from './release-rules.ts'
import type { ReleaseStore, Trial } from './release-store.ts'

/** Names the release to the code that is started as one. */
export const releaseVariable = 'HUINONG_AGENT_RELEASE'
/** Another start is wanted: as after a commanded reboot. */
export const restartExitCode = 75

export interface TrialOptions {
  store: ReleaseStore
  trial: Trial
  /** How long the new code has to prove itself, ms. */
  trialMs: number
  /** Arguments of this process, handed on. */
  args: readonly string[]
  /** Aborts when this process is to end. */
  signal: AbortSignal
}

/**
 * Runs code on trial as a child, so that code which crashes, hangs or never reaches the server cannot keep the cabinet
 * down: it is started up to three times within its time, then what ran before is put back. Returns the exit code for the
 * supervisor.
 */
export async function runTrial({ store, trial, trialMs, args, signal }: TrialOptions): Promise<number> {
  const untilMs = performance.now() + trialMs
  for (let starts = trial.starts + 1; ; starts += 1) {
    store.noteStart({ ...trial, starts: starts - 1 })
    const ended = await runOnce(store, trial, args, Math.max(0, untilMs - performance.now()), signal)
    // Proven code may have put the next release on trial before it ended: that is not its own trial.
    const isConfirmed = store.trial()?.version !== trial.version
    const next = afterTrial({ ...ended, isConfirmed, wasStopped: signal.aborted, starts })
    if (next === 'end') return signal.aborted ? 0 : ended.code
    if (next === 'again') continue
    store.goBack(trial, ended.isTimeUp ? 'it did not reach the server in time' : `it ended with ${ended.code}`)
    return restartExitCode
  }
}

function runOnce(
  store: ReleaseStore,
  { version }: Trial,
  args: readonly string[],
  leftMs: number,
  signal: AbortSignal,
): Promise<{ code: number; isTimeUp: boolean }> {
  const child = spawn(process.execPath, [...process.execArgv, store.fileOf(version), ...args], {
    stdio: 'inherit',
    env: { ...process.env, [releaseVariable]: version },
  })
  let isTimeUp = false
  const timer = setTimeout(() => {
    if (store.trial()?.version !== version) return
    isTimeUp = true
    // It may hang: no goodbye is waited for.
    child.kill('SIGKILL')
  }, leftMs)
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  return new Promise((resolve) => {
    const end = (code: number | null) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      resolve({ code: code ?? 1, isTimeUp })
    }
    child.once('error', () => end(1))
    child.once('exit', end)
  })
}
