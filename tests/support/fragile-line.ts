// A line to PostgreSQL that breaks where a test says: a socket in a folder of its own, in front of the server's.
import { mkdtempSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { inject } from 'vitest'

/**
 * What becomes of the message at which the line breaks. `lost`: nobody gets it, and the server hears that its client has gone.
 * `unanswered`: the server gets it, its answer is lost. `late`: the server hears nothing until somebody else has been answered to a
 * message with these words, then it gets it after all.
 */
export type Break = 'lost' | 'unanswered' | { readonly late: string }

export interface FragileLine extends AsyncDisposable {
  readonly url: string
  /** Takes nobody. */
  isDown: boolean
  /** Breaks at each of the next so many messages that hold these words. */
  breakAt(words: string, how: Break, times?: number): void
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

  const carry = (client: Socket) => {
    const server = connect(far)
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
  const desk = createServer((client) => (line.isDown ? client.destroy() : carry(client)))
  await new Promise<void>((done) => desk.listen(join(near, socketName), done))
  return Object.assign(line, {
    url: url.href,
    lateAnswers,
    breakAt: (words: string, how: Break, times = 1) => {
      for (let time = 0; time < times; time += 1) breaks.push({ words, how })
    },
    [Symbol.asyncDispose]: () => new Promise<void>((done) => void desk.close(() => done())),
  })
}
