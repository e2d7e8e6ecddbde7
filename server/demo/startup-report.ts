import type { DemoAccount } from './data/accounts.ts'

/** Cells as lines with aligned columns. Chinese characters take two columns of a terminal. */
export function layOutTable(rows: ReadonlyArray<readonly string[]>): string[] {
  const columns = Math.max(...rows.map((cells) => cells.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((cells) => displayWidth(cells[column] ?? ''))),
  )
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell)))
      .join('  ')
      .trimEnd(),
  )
}

function displayWidth(text: string): number {
  return Array.from(text).reduce(
    (sum, character) => sum + (/[\u2E80-\u9FFF\uF900-\uFAFF\uFF00-\uFF60]/.test(character) ? 2 : 1),
    0,
  )
}

/** What `npm start` prints once everything runs. */
export function describeDemo(
  baseUrl: string,
  cabinetCodes: readonly string[],
  accounts: readonly DemoAccount[],
): string {
  const [firstCode = ''] = cabinetCodes
  const isBuyer = ({ roles }: DemoAccount) => roles.includes('buyer')
  const [firstBuyer, ...otherBuyers] = accounts.filter((account) => isBuyer(account))
  const shown = [...(firstBuyer === undefined ? [] : [firstBuyer]), ...accounts.filter((account) => !isBuyer(account))]
  const addresses = layOutTable([
    ['  Buyer', `${baseUrl}/`],
    ['  Virtual cabinet', `${baseUrl}/virtual-cabinet?code=${firstCode}`],
    ['  Admin', `${baseUrl}/admin`],
    ['  Farmer', `${baseUrl}/farmer`],
    ['  Restocker', `${baseUrl}/restock`],
    ['  Open books', `${baseUrl}/disclosure`],
    ['  API', `${baseUrl}/api/openapi.json  ${baseUrl}/api/asyncapi.json`],
  ])
  const table = layOutTable([
    ['  login', 'password', 'can'],
    ...shown.map(({ login, password, about }) => [`  ${login}`, password, about]),
  ])
  return [
    '',
    '惠农柜 Huinong Cabinet is running. Start at the virtual cabinet: its page has the buyer’s phone beside it.',
    '',
    ...addresses,
    '',
    'Demo accounts (this machine only):',
    ...table,
    ...(otherBuyers.length === 0
      ? []
      : [`  … and ${otherBuyers.at(0)?.login} to ${otherBuyers.at(-1)?.login}, in the same way`]),
    '',
    `Live virtual cabinets: ${cabinetCodes.join(', ')}. Ctrl-C ends everything.`,
    '',
  ].join('\n')
}
