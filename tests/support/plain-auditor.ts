// A tiny auditor of our own for hledger journals: adds up postings and compares with the assertions. It runs everywhere; the
// real programs run beside it where they are installed.
export interface Audit {
  readonly transactions: number
  /** One sentence for each transaction that does not balance and each assertion that fails. */
  readonly problems: readonly string[]
}

const posting = /^ {4}(\S+) {2}CNY (-?\d+\.\d\d)(?: = CNY (-?\d+\.\d\d))?$/
const fen = (yuan: string) => Math.round(Number(yuan) * 100)

export function auditHledger(journal: string): Audit {
  const balances = new Map<string, number>()
  const problems: string[] = []
  let transactions = 0
  for (const block of journal.split('\n\n')) {
    const [head = '', ...lines] = block.split('\n')
    if (!/^\d{4}-\d\d-\d\d \* /.test(head)) continue
    transactions += 1
    let sum = 0
    for (const line of lines) {
      const match = posting.exec(line)
      if (match === null) continue
      const [, account = '', amount = '', asserted] = match
      sum += fen(amount)
      const balance = (balances.get(account) ?? 0) + fen(amount)
      balances.set(account, balance)
      if (asserted !== undefined && fen(asserted) !== balance)
        problems.push(`${account} is ${balance} fen, asserted ${asserted}`)
    }
    if (sum !== 0) problems.push(`${head} is off by ${sum} fen`)
  }
  return { transactions, problems }
}
