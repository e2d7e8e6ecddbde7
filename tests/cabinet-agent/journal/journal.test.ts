import { rmSync, writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { genesisHash } from '#shared/contracts/mqtt/event.ts'
import { hashEntry } from '#cabinet-agent/journal/entry-chain.ts'
import { DiskFullError } from '#cabinet-agent/journal/journal-error.ts'
import { Journal, type JournalOptions } from '#cabinet-agent/journal/journal.ts'
import { initialState } from '#cabinet-agent/session/session-state.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'
import { makeTestId } from '#tests/support/session-inputs.ts'
import { testEpochMs } from '#tests/support/test-clock.ts'

let folder: string
let file: string
const bootId = makeTestId()
const atMs = testEpochMs
const opened = { type: 'door.opened', body: {} }
const open = (options: Partial<JournalOptions> = {}) => Journal.open({ file, bootId, ...options })

beforeEach(() => {
  folder = makeScratchFolder('huinong-journal-')
  file = join(folder, 'journal.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the journal', () => {
  it('chains entries without gaps, over restarts', () => {
    const first = open()
    first.commit({ atMs, events: [opened, { type: 'door.closed', body: {} }] })
    first.close()
    const second = open()
    second.commit({ atMs, events: [opened] })

    const entries = second.entriesAfter(0, 10)
    second.close()
    expect(entries.map((entry) => entry.seq)).toEqual([1, 2, 3])
    expect(entries.map((entry) => entry.prevHash)).toEqual([genesisHash, entries[0]?.hash, entries[1]?.hash])
    expect(entries.every((entry) => hashEntry(entry) === entry.hash)).toBe(true)
  })

  it('is checked entry by entry at its start, however long the network was away', () => {
    const first = open()
    first.commit({ atMs, events: Array.from({ length: 2_000 }, () => opened) })
    first.close()
    let rowsAtOnce = 0
    const openFile = (path: string) => {
      const db = new BetterSqlite3(path)
      const prepare = db.prepare.bind(db)
      db.prepare = ((sql: string) => {
        const statement = prepare(sql)
        const all = statement.all.bind(statement)
        statement.all = (...values: unknown[]) => {
          const rows = all(...values)
          rowsAtOnce = Math.max(rowsAtOnce, rows.length)
          return rows
        }
        return statement
      }) as typeof db.prepare
      return db
    }

    const second = open({ openFile })

    expect(second.position()).toMatchObject({ lastSeq: 2_000, ackedSeq: 0 })
    expect(rowsAtOnce).toBeLessThan(10)
    second.close()
  })

  it('writes all of a commit or nothing of it', () => {
    const journal = open()
    const broken = { type: 'door.opened', body: { text: 1n as unknown as number } }

    expect(() =>
      journal.commit({ atMs, state: { ...initialState, isInService: false }, events: [opened, broken] }),
    ).toThrow(/BigInt/)
    journal.commit({ atMs, events: [opened] })

    expect(journal.loadState()).toEqual(initialState)
    expect(journal.position()).toEqual({ lastSeq: 1, ackedSeq: 0, oldestSeq: 1 })
    journal.close()
  })

  it('takes the use of a pass whose revocation was stored in the very moment, and counts it as open', () => {
    const journal = open()
    const [passId, buyerId] = [makeTestId(), makeTestId()]
    const pass = { passId, buyerId, counter: 3, expiresAtMs: atMs + 3_600_000 }
    const use = { ...pass, groupId: makeTestId(), code: 'HN1:X', capFen: 5_000, notBeforeMs: atMs }
    journal.commit({ atMs, revokedPass: pass })

    journal.commit({ atMs, events: [opened], passUses: [use] })

    expect(journal.openPassUses()).toEqual({ sessions: 1, capFen: 5_000 })
    expect(journal.isPassRevoked(passId)).toBe(true)
    journal.close()
  })

  it('remembers what it carried out while the clock is years ahead', () => {
    const journal = open()
    const make = (issuedAtMs: number) => ({
      commandId: makeTestId(),
      kind: 'lock',
      issuedAtMs,
      expiresAtMs: issuedAtMs + 1,
    })
    const [first, second] = [make(atMs), make(atMs + 1_000)]
    const yearsMs = 10 * 365 * 86_400_000
    const reply = { commandId: first.commandId, outcome: 'done', atMs } as const
    journal.commit({ atMs, command: first, replies: [reply] })
    journal.markDelivered(first.commandId)
    journal.keepConfirmed()

    journal.commit({ atMs: atMs + yearsMs, command: second })

    expect(journal.findCommand(first.commandId)).toEqual({ reply })
    journal.close()
  })

  it('keeps what is not acknowledged, and trims what is', () => {
    const journal = open({ keptEntries: 2 })
    journal.commit({ atMs, events: Array.from({ length: 6 }, () => opened) })
    journal.acknowledge(5)
    journal.acknowledge(3)

    expect(journal.position()).toEqual({ lastSeq: 6, ackedSeq: 5, oldestSeq: 4 })
    expect(journal.entriesAfter(0, 10).map((entry) => entry.seq)).toEqual([4, 5, 6])
    journal.close()
  })

  it('takes what was confirmed to the disk with the next commit, or when asked', () => {
    const command = { commandId: makeTestId(), kind: 'lock', issuedAtMs: atMs, expiresAtMs: atMs + 1 }
    const reply = { commandId: command.commandId, outcome: 'done', atMs } as const
    const confirm = (journal: Journal) => {
      journal.acknowledge(1)
      journal.markDelivered(command.commandId)
      expect(journal.undeliveredReplies()).toEqual([])
    }
    const kept = (journal: Journal) => [journal.position().ackedSeq, journal.undeliveredReplies().length]
    const journals = [open()]
    const reopen = () => {
      journals.at(-1)?.close()
      journals.push(open())
      return journals.at(-1) as Journal
    }
    journals[0]?.commit({ atMs, command, replies: [reply], events: [opened] })

    confirm(journals[0] as Journal)
    const lost = reopen()
    expect(kept(lost)).toEqual([0, 1])
    confirm(lost)
    lost.commit({ atMs, events: [opened] })
    const taken = reopen()
    expect(kept(taken)).toEqual([1, 0])
    taken.acknowledge(2)
    taken.keepConfirmed()
    expect(kept(reopen())).toEqual([2, 0])
    journals.at(-1)?.close()
  })

  it('raises an alarm once and clears it once', () => {
    const journal = open()
    const alarm = { alarm: 'door_open', detail: 'x' }
    journal.commit({ atMs, raiseAlarms: [alarm, alarm] })
    journal.commit({ atMs, clearAlarms: ['door_open', 'door_open', 'other'] })

    expect(journal.entriesAfter(0, 10).map((entry) => entry.type)).toEqual(['alarm.raised', 'alarm.cleared'])
    journal.close()
  })

  it('remembers a command, its first reply and its session for ever after', () => {
    const [commandId, sessionId] = [makeTestId(), makeTestId()]
    const command = { commandId, kind: 'unlock', issuedAtMs: atMs, expiresAtMs: atMs + 1 }
    const journal = open()
    journal.commit({ atMs, command })
    const pending = journal.findCommand(commandId)
    journal.commit({
      atMs,
      replies: [{ commandId, outcome: 'refused', reason: 'busy', atMs }],
      events: [{ type: 'session.refused', body: { sessionId, commandId, reason: 'busy' } }],
    })
    journal.commit({ atMs, replies: [{ commandId, outcome: 'done', atMs }] })
    journal.close()

    const later = open()
    expect(pending).toEqual({ reply: null })
    expect(later.findCommand(commandId)?.reply).toMatchObject({ outcome: 'refused' })
    expect(later.undeliveredReplies()).toHaveLength(1)
    expect(later.isKnownSession(sessionId)).toBe(true)
    later.close()
  })

  it('is refused while another process has it', () => {
    const journal = open()

    expect(() => open()).toThrow(expect.objectContaining({ code: 'journal.locked' }))
    journal.close()
  })

  it('says which file is damaged, and does not touch it', () => {
    writeFileSync(file, 'this is no database, and was never one')

    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'journal.corrupt', message: expect.stringContaining(file) }),
    )
    expect(readFileSync(file, 'utf8')).toMatch(/^this is no database/)
  })

  it('notices an entry that was changed', () => {
    const journal = open()
    journal.commit({ atMs, events: [opened, opened] })
    journal.close()
    const db = new BetterSqlite3(file)
    db.prepare(`UPDATE entries SET body = '{"sessionId":"x"}' WHERE seq = 1`).run()
    db.close()

    expect(() => open()).toThrow(expect.objectContaining({ code: 'journal.corrupt' }))
  })

  it('takes nothing of a commit that does not fit, and goes on once it does', () => {
    const journal = open({ maxPages: 40 })
    const big = { type: 'door.forced', body: { detail: 'x'.repeat(3_000) } }
    let committed = 0
    const fill = () => {
      for (;;) {
        journal.commit({ atMs, events: [big] })
        committed += 1
      }
    }

    expect(fill).toThrow(DiskFullError)
    expect(journal.position().lastSeq).toBe(committed)
    expect(journal.entriesAfter(committed - 1, 10)).toHaveLength(1)
    journal.close()
    const roomier = open()
    roomier.commit({ atMs, events: [big] })
    expect(roomier.position().lastSeq).toBe(committed + 1)
    roomier.close()
  })
})
