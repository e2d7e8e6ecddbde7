// Templates against their own readers: what a template says is what a reader takes.
import { describe, expect, it } from 'vitest'
import { ImportTemplateKind } from '#shared/contracts/http/import-templates.ts'
import { headersOf, templateColumns } from '#server/import-templates/templates.ts'
import { readTable } from '#server/tabular/read-table.ts'
import { startServer } from '#tests/support/start-server.ts'

describe('a template', () => {
  it.each(ImportTemplateKind.options)('of %s is read back with its own examples in it', async (kind) => {
    const columns = templateColumns[kind]
    const examples = Object.values(columns).map(({ example = '' }) => example)
    const file = new TextEncoder().encode([headersOf(kind).join(','), examples.join(',')].join('\r\n'))

    const { rows, errors } = await readTable(file, columns)

    expect(errors).toEqual([])
    expect(rows).toHaveLength(1)
    expect(examples).not.toContain('')
  })

  it('is downloaded as a workbook and as text in two encodings, each with the same headers', async () => {
    await using server = await startServer({ dialect: 'sqlite' })
    const { cookie = '' } = await server.signIn('finance')
    const columns = templateColumns.wages
    const download = async (format: string) => {
      const answer = await fetch(`${server.url}/api/import-templates/wages?format=${format}`, { headers: { cookie } })
      return { answer, bytes: new Uint8Array(await answer.arrayBuffer()) }
    }

    for (const [format, name] of [
      ['xlsx', 'wages.xlsx'],
      ['csv', 'wages.csv'],
      ['csv-gb18030', 'wages.csv'],
    ] as const) {
      const { answer, bytes } = await download(format)

      expect(answer.headers.get('content-disposition')).toContain(name)
      // The headers are all there; that no row stands below them is the only thing wrong.
      expect((await readTable(bytes, columns)).errors).toEqual([
        { row: 2, message: 'the table has no row below its header' },
      ])
    }
  })

  it('is listed with each column, its other names and whether it may be left out', async () => {
    await using server = await startServer({ dialect: 'sqlite' })
    const finance = await server.signIn('finance')

    const { body } = await finance.send('GET', '/api/import-templates')

    const rows = body['rows'] as Array<{ kind: string; columns: Array<Record<string, unknown>> }>
    expect(rows.map(({ kind }) => kind)).toEqual(ImportTemplateKind.options)
    expect(rows.find(({ kind }) => kind === 'in-kind')?.columns).toContainEqual({
      name: '物资',
      otherNames: ['item'],
      isOptional: false,
      example: '化肥',
    })
    expect(rows.find(({ kind }) => kind === 'wages')?.columns.map(({ name }) => name)).not.toContain('收入类型')
  })
})
