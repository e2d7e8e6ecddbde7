// The rows of a list of accounts: login, name, roles in Chinese or by their codes, and what a role needs beside it.
import { inArray, or } from 'drizzle-orm'
import { z } from 'zod'
import { AreaCode, NewLogin } from '#shared/contracts/http/identity.ts'
import { Role } from '#shared/contracts/http/route.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import { householdCodeCell } from '../tabular/cells.ts'
import { readTable, type RowError, type TableColumn } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import { findAccountFaults } from './add-accounts.ts'

const maxRows = 5_000

const roleWords: Readonly<Record<string, Role>> = {
  买家: 'buyer',
  农户: 'farmer',
  补货员: 'restocker',
  运营: 'operator',
  财务: 'finance',
  帮扶责任人: 'helper',
  专班: 'desk',
  审计: 'auditor',
  管理员: 'admin',
}

const rolesCell = z
  .string()
  .transform((text) => text.split(/[\s,，、;；]+/).filter((word) => word !== ''))
  .transform((words) => words.map((word) => roleWords[word] ?? word.toLowerCase()))
  .pipe(z.array(z.enum(Role.options, `is none of ${Object.keys(roleWords).join(', ')}`)).min(1))

/** Headers of a list of accounts. */
export const accountColumns = {
  login: { names: ['账号', '工号', 'login'], schema: NewLogin, example: 'zhang.san' },
  displayName: { names: ['姓名', 'name'], schema: z.string().trim().min(1).max(60), example: '张三' },
  roles: { names: ['角色', 'roles'], schema: rolesCell, example: '运营、补货员' },
  site: {
    names: ['点位', '单位', 'site'],
    schema: z.string().max(120).optional(),
    isOptional: true,
    example: '渝北区政府',
  },
  householdCode: {
    names: ['户编号', 'household'],
    schema: householdCodeCell.optional(),
    isOptional: true,
    example: '5001121422010001',
  },
  areaCode: {
    names: ['区域代码', 'area'],
    schema: AreaCode.optional(),
    isOptional: true,
    example: '500112142',
  },
} as const satisfies Record<string, TableColumn>

export interface AccountFileRow {
  readonly row: number
  readonly login: string
  readonly displayName: string
  readonly roles: readonly Role[]
  /** Name or id of a host site. */
  readonly site: string | undefined
  readonly householdCode: string | undefined
  readonly areaCode: string | undefined
}

/** Refuses with the errors of its rows. */
export async function readAccountFile(file: Uint8Array): Promise<AccountFileRow[]> {
  const table = await readTable(file, accountColumns, { maxRows })
  refuseRows(table.errors)
  return table.rows.map(({ row, values }) => ({ row, ...values }))
}

/** Names asked for in one statement. */
const namesPerStatement = 250

/** Ids of the host sites that the rows name; refuses row by row where there is none or more than one of that name. */
export function* findSitesOfRows(
  { db, tables: { hostSites: s } }: UnitContext,
  fileRows: readonly AccountFileRow[],
): Unit<ReadonlyMap<string, Id>> {
  const named = [...new Set(fileRows.flatMap(({ site }) => (site === undefined ? [] : [site])))]
  const found = new Map<string, Id[]>()
  for (let from = 0; from < named.length; from += namesPerStatement) {
    const part = named.slice(from, from + namesPerStatement)
    const isNamed = or(inArray(s.name, part), inArray(s.hostSiteId, part))
    const sites = yield* rows(db.select({ hostSiteId: s.hostSiteId, name: s.name }).from(s).where(isNamed))
    for (const { hostSiteId, name } of sites)
      for (const key of new Set([hostSiteId, name])) found.set(key, [...(found.get(key) ?? []), hostSiteId])
  }
  refuseRows(
    fileRows.flatMap(({ row, site }): RowError[] => {
      const count = site === undefined ? 1 : (found.get(site)?.length ?? 0)
      if (count === 1) return []
      const message = count === 0 ? 'there is no such host site' : 'more than one host site has this name: give its id'
      return [{ row, column: accountColumns.site.names[0], message }]
    }),
  )
  return new Map([...found].flatMap(([key, [id = '']]) => [[key, id]]))
}

/** Refuses row by row what a list of accounts is refused for. */
export function* refuseFaultyAccounts(ctx: UnitContext, fileRows: readonly AccountFileRow[]): Unit<void> {
  const faults = yield* findAccountFaults(
    ctx,
    fileRows.map(({ login, roles, householdCode, areaCode }) => ({ login, roles, householdCode, areaCode })),
  )
  refuseRows(
    faults.map(({ index, field, message }): RowError => ({
      row: fileRows[index]?.row ?? 1,
      column: accountColumns[field === 'hostSiteId' ? 'site' : field].names[0],
      message,
    })),
  )
}
