// A line to PostgreSQL that breaks where a test says: a socket in a folder of its own, in front of the server's.
import { mkdtempSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { inject } from 'vitest'

/**
 * What becomes of the message at which the line breaks. `lost`: nobody gets it, and the server hears that its client has gone.
 * `unanswered`: the server gets it, its answer is lost. `late`: the server hears nothing until somebody else has been answered to a
 * message with these words, then it gets it after all. `silent`: from before or after this message on nothing goes through, in this
 * connection or in all of them and new ones, and no end is told; once the line is whole what was under way arrives.
 */
export type Break =
  | 'lost'
  | 'unanswered'
  | { readonly late: string }
  | { readonly silent: 'before' | 'after'; readonly of: 'this' | 'all' }

export interface FragileLine extends AsyncDisposable {
  readonly url: string
  /** Takes nobody. */
  isDown: boolean
  /** Breaks at each of the next so many messages that hold these words. */
  breakAt(words: string, how: Break, times?: number): void
  /** Ends every silence; who has given up meanwhile is heard to go. */
  mend(): void
  /** Connections so far. */
  readonly taken: () => number
  /** What the server answered to messages that came late. */
  readonly lateAnswers: string[]
}

const socketName = '.s.PGSQL.5432'

export async function openFragileLine(databaseUrl: string): Promise<FragileLine> {
  const url = new URL(databaseUrl)
  const far = join(url.searchParams.get('host') ?? '', socketName)
  const near = mkdtempSync(join(inject('scratchFolder'), 'line-'))
  url.searchParams.set('host', near)
  const breaks: Array<{ words: string; how: Break }> = []
  const held: Array<{ until: string; deliver: () => void }> = []
  const lateAnswers: string[] = []

  /** Both ends of each connection. */
  const lines = new Set<readonly [Socket, Socket]>()
  const silent = new Set<Socket>()
  const early: Socket[] = []
  let isSilent = false
  let taken = 0
  const silence = (ends: readonly Socket[]) => {
    for (const end of ends) {
      silent.add(end)
      end.pause()
    }
  }

  const carry = (client: Socket) => {
    const server = connect(far)
    const ends = [client, server] as const
    lines.add(ends)
    client.on('close', () => lines.delete(ends))
    let heard = ''
    let isCut = false
    client.on('error', () => {}).on('close', () => isCut || server.destroy())
    server.on('error', () => {}).on('close', () => client.destroy())
    server.on('data', (data) => {
      client.write(data)
      for (const one of held.filter(({ until }) => heard.includes(until)))
        held.splice(held.indexOf(one), 1)[0]?.deliver()
    })
    client.on('data', (data) => {
      heard = data.toString('latin1')
      const found = breaks.findIndex(({ words }) => heard.includes(words))
      const how = found < 0 ? undefined : breaks.splice(found, 1)[0]?.how
      if (how === undefined) return void server.write(data)
      if (how === 'lost') return void client.destroy()
      if (typeof how === 'object' && 'silent' in how) {
        isSilent ||= how.of === 'all'
        if (how.silent === 'after') server.write(data)
        else client.unshift(data)
        return silence(how.of === 'all' ? [...lines].flat() : ends)
      }
      const deliver = () => {
        server.removeAllListeners('data').once('data', (answer) => {
          if (how !== 'unanswered') lateAnswers.push(answer.toString('latin1'))
          server.destroy()
        })
        server.write(data)
      }
      if (how === 'unanswered') return deliver()
      isCut = true
      held.push({ until: how.late, deliver })
      client.destroy()
    })
  }

  const line = { isDown: false }
  const desk = createServer((client) => {
    taken += 1
    if (line.isDown) client.destroy()
    else if (isSilent) early.push(client.on('error', () => {}))
    else carry(client)
  })
  await new Promise<void>((done) => desk.listen(join(near, socketName), done))
  return Object.assign(line, {
    url: url.href,
    lateAnswers,
    taken: () => taken,
    mend: () => {
      isSilent = false
      for (const end of silent) end.resume()
      silent.clear()
      for (const client of early.splice(0)) if (!client.destroyed) carry(client)
    },
    breakAt: (words: string, how: Break, times = 1) => {
      for (let time = 0; time < times; time += 1) breaks.push({ words, how })
    },
    [Symbol.asyncDispose]: () => new Promise<void>((done) => void desk.close(() => done())),
  })
}
