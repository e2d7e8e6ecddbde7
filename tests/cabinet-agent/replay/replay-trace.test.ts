import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTraceReplay, formatBill, TraceError } from '#cabinet-agent/replay/replay-trace.ts'

const lane = (name: string) => ({
  lane: name,
  sku: 'plum-500g',
  mode: 'piece',
  priceFen: 1280,
  unitWeightG: { mean: 500, sd: 5, samples: 12 },
  stock: { count: 10, grossG: 5000 },
})
const header = (session: string, lanes = [lane('L01'), lane('L02')]) =>
  JSON.stringify({ type: 'trace', version: 1, session, divisionG: 1, sampleHz: 10, scaleSdG: 0.7, lanes })

/** One pack taken from the first lane. */
function session(name: string): string[] {
  const lines = [header(name)]
  for (let t = 100; t <= 15_000; t += 100) {
    if (t === 4100) lines.push(JSON.stringify({ t: t - 50, door: 'open' }))
    if (t === 10_100) lines.push(JSON.stringify({ t: t - 50, door: 'closed' }))
    const jitter = (t / 100) % 3 === 0 ? 1 : 0
    lines.push(JSON.stringify({ t, w: [(t < 7000 ? 5000 : 4500) + jitter, 5000 - jitter] }))
  }
  return lines
}

function replay(lines: readonly string[]): { bills: string[]; error: unknown } {
  const trace = createTraceReplay()
  const bills: string[] = []
  try {
    for (const line of lines) {
      const ended = trace.push(line)
      if (ended !== undefined) bills.push(formatBill(ended))
    }
    const ended = trace.end()
    if (ended !== undefined) bills.push(formatBill(ended))
  } catch (error) {
    return { bills, error }
  }
  return { bills, error: undefined }
}

describe('a trace', () => {
  it('gives one bill a session in the form of FORMAT.md', () => {
    const { bills, error } = replay([...session('a'), '', ...session('b')])

    expect(error).toBeUndefined()
    expect(bills.map((bill) => JSON.parse(bill))).toEqual(
      ['a', 'b'].map((name) => ({
        session: name,
        outcome: 'settled',
        lines: [{ lane: 'L01', sku: 'plum-500g', count: 1, amountFen: 1280 }],
        totalFen: 1280,
        confidence: expect.closeTo(1, 2),
        flags: [],
      })),
    )
  })

  const good = session('good')
  const bad = session('bad')
  const faulty: ReadonlyArray<readonly [string, string[], RegExp]> = [
    ['a missing header', [JSON.stringify({ t: 1, w: [1, 2] })], /^line 1: .*header/],
    ['a wrong lane count', [...good, header('bad'), '{"t":100,"w":[1]}'], /^line 155: 1 weights for 2 lanes/],
    ['text for a number', [...good, header('bad'), '{"t":100,"w":[1,"2"]}'], /^line 155: weight "2" is not a number/],
    ['no door event', [...good, ...bad.filter((line) => !line.includes('door'))], /^line 304: session bad .*door/],
    ['a line that is no JSON', [...good, header('bad'), '{"t":100,'], /^line 155: not JSON/],
    ['time that runs back', [...good, header('bad'), '{"t":200,"w":[1,2]}', '{"t":100,"w":[1,2]}'], /^line 156: t 100/],
    ['a header of nonsense', [...good, '{"type":"trace","version":1}'], /^line 154: header/],
    ['two lanes of one name', [...good, header('bad', [lane('L01'), lane('L01')])], /^line 154: .*twice/],
  ]
  it.each(faulty)('with %s names the line; the sessions before it are billed', (_, lines, message) => {
    const { bills, error } = replay(lines)

    expect(error).toBeInstanceOf(TraceError)
    expect((error as TraceError).message).toMatch(message)
    expect(bills.map((bill) => (JSON.parse(bill) as { session: string }).session)).toEqual(
      lines.length > 2 && lines[0] === good[0] ? ['good'] : [],
    )
  })

  it('with a million samples in one session is refused in bounded time', () => {
    const trace = createTraceReplay()
    trace.push(header('endless'))
    trace.push('{"t":0,"door":"open"}')
    let error: unknown
    try {
      for (let i = 1; i <= 1_000_000; i += 1) trace.push(`{"t":${i * 100},"w":[5000,5000]}`)
    } catch (thrown) {
      error = thrown
    }

    expect(error).toBeInstanceOf(TraceError)
    expect((error as TraceError).message).toMatch(/^line 150003: .*samples/)
  })
})

describe('the replay command', () => {
  let folder = ''
  const run = promisify(execFile)
  const replayFile = async (name: string) => {
    const done = run(process.execPath, [join(folder, 'replay.mjs'), join(folder, name)])
    return done.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    )
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-'))
    const entry = new URL('../../../cabinet-agent/replay/main.ts', import.meta.url).pathname
    await build({
      entryPoints: [entry],
      outfile: join(folder, 'replay.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    })
    const text = `${[...session('a'), ...session('b')].join('\n')}\n`
    await writeFile(join(folder, 'good.ndjson'), text)
    await writeFile(join(folder, 'good.ndjson.gz'), gzipSync(text))
    await writeFile(join(folder, 'cut.ndjson.gz'), gzipSync(text).subarray(0, -40))
    await writeFile(join(folder, 'empty.ndjson'), '')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('bills a plain and a packed file alike', async () => {
    const plain = await replayFile('good.ndjson')
    const packed = await replayFile('good.ndjson.gz')

    expect(plain).toMatchObject({ code: 0, stderr: '' })
    expect(plain.stdout.trim().split('\n')).toHaveLength(2)
    expect(packed.stdout).toBe(plain.stdout)
  })

  it('ends with one line and exit 1 on a cut, an empty or a missing file', async () => {
    const cut = await replayFile('cut.ndjson.gz')
    expect(cut.code).toBe(1)
    expect(cut.stderr).toMatch(/^line \d+: cannot read on: .*\n$/)
    expect(
      cut.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { session: string }).session),
    ).toEqual(['a'])

    expect(await replayFile('empty.ndjson')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^line 1: .*\n$/) })
    expect(await replayFile('none.ndjson')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^line 1: .*\n$/) })
  })
})
