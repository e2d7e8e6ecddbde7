// The files a bank gets, by profile: columns, control row, encodings, text cells, ISO 20022 checked with xmllint.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { makeBankFile } from '#server/payouts/bank-file.ts'
import type { BankFile } from '#server/payouts/bank-file.ts'
import { standardProfile } from '#server/payouts/bank-profiles.ts'
import { readPain002 } from '#server/payouts/pain-002.ts'
import type { ProfileRow } from '#server/payouts/store.ts'
import { readTable } from '#server/tabular/read-table.ts'
import { z } from 'zod'

const schemaFile = fileURLToPath(new URL('../../fixtures/pain.001.001.09-generic.xsd', import.meta.url))

const profileOf = (format: ProfileRow['format'], overrides: Partial<ProfileRow> = {}): ProfileRow => ({
  ...standardProfile('abc', format, {
    payerName: '渝北区惠农专户 <A&B>',
    payerAccount: '99990000000001',
    payerBankNo: '999653000001',
  }),
  version: 1,
  createdBy: null,
  createdAtMs: 0,
  ...overrides,
})

const row = (seq: number, payeeName: string, amountFen: number) => ({
  seq,
  amountFen,
  householdCode: `500112142201${String(seq).padStart(4, '0')}`,
  payeeName,
  payeeAccount: `999900000000000000${seq}`,
  payeeBankName: '演示农商行',
  payeeBankNo: '999653000002',
})
const file: BankFile = {
  batchNo: 'O-20260301-001',
  incomeKind: 'OPERATING',
  fileNo: 1,
  createdAtMs: 1_772_323_200_000,
  note: '=三月',
  rows: [row(1, '王小明', 1_230), row(2, '𠮷野䶮', 5), row(3, '赵"甲"<乙>&丙', 100_000)],
}
const textOf = (bytes: Uint8Array, encoding = 'utf-8') => new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes)

const xmllint = (xml: Uint8Array, schema = schemaFile) =>
  spawnSync('xmllint', ['--noout', '--schema', schema, '-'], { input: xml, encoding: 'utf8' })

describe('a bank file in CSV', () => {
  it('has the profile’s columns, accounts as text and a control row with count and total', () => {
    const lines = textOf(makeBankFile(profileOf('csv'), file)).split('\r\n')

    expect(lines[0]).toBe('\ufeff批次号,序号,收款人户名,收款账号,开户行名称,开户行联行号,金额,币种,用途,户编号,备注')
    expect(lines[1]).toBe(
      "O-20260301-001,1,王小明,9999000000000000001,演示农商行,999653000002,12.30,CNY,农产品销售收入,5001121422010001,'=三月",
    )
    expect(lines[4]).toBe('合计,3,,,,,1012.35,,,,')
  })

  it('carries rare characters of names in GB18030', () => {
    const bytes = makeBankFile(profileOf('csv', { encoding: 'gb18030' }), file)

    expect(textOf(bytes, 'gb18030')).toContain('𠮷野䶮')
  })

  it('is refused, naming the name, when it would not come back as it was', () => {
    const broken = { ...file, rows: [row(7, '王\ud800', 1)] }

    const write = () => makeBankFile(profileOf('csv', { encoding: 'gb18030' }), broken)

    expect(write).toThrow(/王/)
  })

  it('is the same bytes for the same rows', () => {
    expect(makeBankFile(profileOf('csv'), file)).toEqual(makeBankFile(profileOf('csv'), file))
  })
})

describe('a bank file in XLSX', () => {
  it('keeps account numbers as text, to the digit', async () => {
    const bytes = makeBankFile(profileOf('xlsx'), file)

    const columns = { account: { names: ['收款账号'], schema: z.string(), isOptional: true } }
    const { rows, errors } = await readTable(bytes, columns)

    expect(errors).toEqual([])
    expect(rows[0]?.values.account).toBe('9999000000000000001')
    expect(makeBankFile(profileOf('xlsx'), file)).toEqual(bytes)
  })
})

describe('a bank file in ISO 20022', () => {
  it('is valid by the schema', () => {
    const checked = xmllint(makeBankFile(profileOf('pain.001'), file))

    expect(checked.stderr).toContain('- validates')
    expect(checked.status).toBe(0)
  })

  it('would not pass with an element out of place or an amount that is none', () => {
    const xml = textOf(makeBankFile(profileOf('pain.001'), file))

    expect(xmllint(Buffer.from(xml.replace('<PmtMtd>TRF</PmtMtd>', ''))).status).not.toBe(0)
    expect(xmllint(Buffer.from(xml.replace('>12.30<', '>12,30<'))).status).not.toBe(0)
  })

  it('says count and sum of its transfers twice', () => {
    const xml = textOf(makeBankFile(profileOf('pain.001'), file))

    expect(xml.match(/<NbOfTxs>3<\/NbOfTxs><CtrlSum>1012\.35<\/CtrlSum>/g)).toHaveLength(2)
    expect(xml).toContain('<InstdAmt Ccy="CNY">12.30</InstdAmt>')
    expect(xml).toContain('<Othr><Id>9999000000000000001</Id></Othr>')
  })
})

describe('a status report in ISO 20022', () => {
  const report = (transactions: string) =>
    Buffer.from(
      `<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><OrgnlPmtInfAndSts>${transactions}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`,
    )
  const transaction = (id: string, rest: string) =>
    `<TxInfAndSts><OrgnlEndToEndId>${id}</OrgnlEndToEndId>${rest}</TxInfAndSts>`

  it('says of each transfer what became of it', () => {
    const { rows, errors } = readPain002(
      report(
        transaction('O-20260301-001-0000001', '<TxSts>ACSC</TxSts><AcctSvcrRef>S1</AcctSvcrRef>') +
          transaction(
            'O-20260301-001-0000002',
            '<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC01</Cd></Rsn><AddtlInf>户名不符</AddtlInf></StsRsnInf>',
          ) +
          transaction('O-20260301-001-0000003', '<TxSts>PDNG</TxSts>'),
      ),
    )

    expect(errors).toEqual([])
    expect(rows).toMatchObject([
      { row: 1, batchNo: 'O-20260301-001', seq: 1, result: 'PAID', bankSerialNo: 'S1' },
      { row: 2, seq: 2, result: 'FAILED', failCode: 'AC01', failReason: '户名不符' },
      { row: 3, seq: 3, result: 'UNKNOWN' },
    ])
  })

  it('says when in the bank’s own time where it names no offset', () => {
    const at = (instant: string) =>
      transaction('O-20260301-001-0000001', `<TxSts>ACSC</TxSts><AccptncDtTm>${instant}</AccptncDtTm>`)
    const instants = ['2026-03-02T10:11:12', '2026-03-02T10:11:12+08:00', '2026-03-02T02:11:12.000Z']

    const read = instants.map((instant) => readPain002(report(at(instant))).rows[0]?.settledAtMs)

    expect(read).toEqual(Array.from({ length: 3 }, () => Date.UTC(2026, 2, 2, 2, 11, 12)))
  })

  it.each([
    ['an id that is none of ours', transaction('X', '<TxSts>ACSC</TxSts>')],
    ['a status nobody knows', transaction('O-20260301-001-0000001', '<TxSts>HURRA</TxSts>')],
    ['no transaction', '<GrpSts>ACSC</GrpSts>'],
    ['an end too early', '<TxInfAndSts><Orgnl'],
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]>'],
  ])('with %s is an error of its row', (_what, transactions) => {
    const { rows, errors } = readPain002(report(transactions))

    expect(rows).toEqual([])
    expect(errors).toHaveLength(1)
  })
})
