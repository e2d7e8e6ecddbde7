// ISO 20022 customer credit transfer initiation, pain.001.001.09, generic edition: amounts in CNY, accounts as Othr/Id, agents by
// their CNAPS number. One file is one message with one payment information block. The text depends on nothing but its input,
// so a file is made again byte by byte.
import { formatYuan } from '#shared/units/fen.ts'

export const pain001Namespace = 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'

export interface CreditTransfer {
  /** Max35Text: ours through to the statement. */
  readonly endToEndId: string
  readonly amountFen: number
  readonly payeeName: string
  readonly payeeAccount: string
  readonly payeeBankName: string
  readonly payeeBankNo: string
  readonly purpose: string
}

export interface CreditTransferMessage {
  /** Max35Text, unique for the file. */
  readonly messageId: string
  readonly createdAtMs: number
  /** `YYYY-MM-DD`. */
  readonly executionDay: string
  readonly payerName: string
  readonly payerAccount: string
  readonly payerBankNo: string
  readonly transfers: readonly CreditTransfer[]
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}
const text = (value: string, maxLength: number) =>
  (value.length <= maxLength ? value : Array.from(value).slice(0, maxLength).join('')).replaceAll(
    /[&<>"']/g,
    (one) => escapes[one] ?? one,
  )

/** Names and purposes longer than the standard allows are cut; ids and accounts must fit. */
const maxName = 140
const maxAccount = 34

const account = (value: string) => `<Id><Othr><Id>${text(value, maxAccount)}</Id></Othr></Id>`
const agent = (bankNo: string, bankName?: string) =>
  `<FinInstnId><ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId><MmbId>${text(bankNo, 35)}</MmbId></ClrSysMmbId>${
    bankName === undefined || bankName === '' ? '' : `<Nm>${text(bankName, maxName)}</Nm>`
  }</FinInstnId>`

function transferText(transfer: CreditTransfer): string {
  const { endToEndId, amountFen, payeeName, payeeAccount, payeeBankName, payeeBankNo, purpose } = transfer
  return (
    `<CdtTrfTxInf><PmtId><InstrId>${text(endToEndId, 35)}</InstrId><EndToEndId>${text(endToEndId, 35)}</EndToEndId></PmtId>` +
    `<Amt><InstdAmt Ccy="CNY">${formatYuan(amountFen)}</InstdAmt></Amt>` +
    `<CdtrAgt>${agent(payeeBankNo, payeeBankName)}</CdtrAgt>` +
    `<Cdtr><Nm>${text(payeeName, maxName)}</Nm></Cdtr><CdtrAcct>${account(payeeAccount)}</CdtrAcct>` +
    `<RmtInf><Ustrd>${text(purpose, maxName)}</Ustrd></RmtInf></CdtTrfTxInf>\n`
  )
}

/** The message as UTF-8. */
export function writePain001(message: CreditTransferMessage): Uint8Array {
  const { messageId, createdAtMs, executionDay, payerName, payerAccount, payerBankNo, transfers } = message
  const count = transfers.length
  const sum = formatYuan(transfers.reduce((total, { amountFen }) => total + amountFen, 0))
  const head =
    `<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="${pain001Namespace}"><CstmrCdtTrfInitn>\n` +
    `<GrpHdr><MsgId>${text(messageId, 35)}</MsgId><CreDtTm>${new Date(createdAtMs).toISOString()}</CreDtTm>` +
    `<NbOfTxs>${count}</NbOfTxs><CtrlSum>${sum}</CtrlSum><InitgPty><Nm>${text(payerName, maxName)}</Nm></InitgPty></GrpHdr>\n` +
    `<PmtInf><PmtInfId>${text(messageId, 35)}</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>${count}</NbOfTxs>` +
    `<CtrlSum>${sum}</CtrlSum><ReqdExctnDt><Dt>${executionDay}</Dt></ReqdExctnDt><Dbtr><Nm>${text(payerName, maxName)}</Nm></Dbtr>` +
    `<DbtrAcct>${account(payerAccount)}<Ccy>CNY</Ccy></DbtrAcct><DbtrAgt>${agent(payerBankNo)}</DbtrAgt>\n`
  const tail = `</PmtInf></CstmrCdtTrfInitn></Document>\n`
  return Buffer.from(`${head}${transfers.map(transferText).join('')}${tail}`, 'utf8')
}
