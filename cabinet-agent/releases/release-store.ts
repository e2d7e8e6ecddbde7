import { mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { AgentVersion, releaseRefusals, Sha256 } from '#shared/contracts/mqtt/twin.ts'
import { replaceFile, syncFolder } from '../durable-file.ts'

/** New code that has not proven itself. */
const Trial = z.object({ version: AgentVersion, sha256: Sha256, previous: AgentVersion.nullable(), starts: z.int() })
export type Trial = z.infer<typeof Trial>
const Refused = z.object({
  version: AgentVersion,
  sha256: Sha256,
  code: z.enum(releaseRefusals),
  reason: z.string().max(300),
})
export type RefusedRelease = z.infer<typeof Refused>

const pointer = 'current'
const trialFile = 'trial.json'
const refusedFile = 'refused.json'

/**
 * Releases on disk: `<version>/agent.mjs`, the pointer `current`, and what is on trial or was refused. Each file and the
 * pointer change whole or not at all, so that a power cut leaves something that starts. Without a pointer the agent that was
 * installed runs.
 */
export class ReleaseStore {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  fileOf(version: string): string {
    return join(this.folder, version, 'agent.mjs')
  }

  current(): string | undefined {
    try {
      const version = AgentVersion.safeParse(readlinkSync(join(this.folder, pointer)))
      return version.success ? version.data : undefined
    } catch {
      return undefined
    }
  }

  trial(): Trial | undefined {
    const trial = this.#read(trialFile, Trial)
    // A power cut between the note and the pointer: the switch never happened.
    return trial !== undefined && trial.version === this.current() ? trial : undefined
  }

  refused(): RefusedRelease | undefined {
    return this.#read(refusedFile, Refused)
  }

  refuse(refused: RefusedRelease | undefined): void {
    if (refused === undefined) rmSync(join(this.folder, refusedFile), { force: true })
    else this.#write(refusedFile, { ...refused, reason: refused.reason.slice(0, 300) })
  }

  /** Puts verified bytes beside what runs, and points to them: they run after the next start, on trial. Older code goes. */
  stage(version: string, sha256: string, bytes: Uint8Array): void {
    mkdirSync(join(this.folder, version), { recursive: true })
    const current = this.current()
    const kept = new Set([version, current])
    for (const name of readdirSync(this.folder)) {
      const isOld = AgentVersion.safeParse(name).success && !kept.has(name)
      if (isOld) rmSync(join(this.folder, name), { recursive: true, force: true })
    }
    this.#linkPackages()
    replaceFile(this.fileOf(version), bytes)
    this.#write(trialFile, { version, sha256, previous: current === version ? null : (current ?? null), starts: 0 })
    this.#point(version)
  }

  noteStart(trial: Trial): void {
    this.#write(trialFile, { ...trial, starts: trial.starts + 1 })
  }

  /** The code on trial has proven itself. */
  confirm(): void {
    rmSync(join(this.folder, trialFile), { force: true })
  }

  /** Points back to what ran before the trial, and remembers why. */
  goBack({ version, sha256, previous }: Trial, reason: string): void {
    this.refuse({ version, sha256, code: 'not_healthy', reason })
    this.#point(previous ?? undefined)
    this.confirm()
  }

  /** Back to the agent that was installed. */
  useInstalled(): void {
    this.#point(undefined)
    this.confirm()
  }

  #point(version: string | undefined): void {
    const link = join(this.folder, pointer)
    if (version === undefined) {
      rmSync(link, { force: true })
      return
    }
    rmSync(`${link}.new`, { force: true })
    symlinkSync(version, `${link}.new`)
    renameSync(`${link}.new`, link)
    syncFolder(this.folder)
  }

  /** Bundles find the native packages of the installation. */
  #linkPackages(): void {
    const packages = dirname(dirname(createRequire(import.meta.url).resolve('better-sqlite3/package.json')))
    const link = join(this.folder, 'node_modules')
    rmSync(link, { force: true })
    symlinkSync(packages, link)
  }

  #read<T>(name: string, schema: z.ZodType<T>): T | undefined {
    try {
      const parsed = schema.safeParse(JSON.parse(readFileSync(join(this.folder, name), 'utf8')))
      return parsed.success ? parsed.data : undefined
    } catch {
      return undefined
    }
  }

  #write(name: string, value: object): void {
    mkdirSync(this.folder, { recursive: true })
    replaceFile(join(this.folder, name), JSON.stringify(value))
  }
}
