// Whom cabinets must obey once everything has come to rest: the keys of the newest list, all of them and no others.
import type { Checked } from './standing-invariants.ts'

interface ListRow {
  readonly generation: number
  readonly present: string
  readonly next: string | null
  readonly previous: string | null
}

/** What is looked at for it. */
export interface Obeying extends Pick<Checked, 'backend' | 'fail'> {
  readonly cabinets: ReadonlyArray<{
    readonly cabinetId: string
    readonly code: string
    readonly obeyedKeys: readonly string[]
  }>
}

const sorted = (keys: readonly string[]) => keys.toSorted((a, b) => (a < b ? -1 : 1)).join(' ')

/** Codes of cabinets that obey other keys, by their own disk or by what the server has heard. */
export function findDisobedient({ backend, cabinets }: Pick<Obeying, 'backend' | 'cabinets'>): readonly string[] {
  return backend.file.look((db) => {
    const newest = db
      .prepare('SELECT generation, present, next, previous FROM command_key_list ORDER BY generation DESC LIMIT 1')
      .get() as ListRow | undefined
    if (newest === undefined) return []
    const wanted = sorted([newest.present, newest.next, newest.previous].filter((key) => key !== null))
    const reported = db.prepare('SELECT reported FROM cabinet_status WHERE cabinet_id = ?').pluck()
    return cabinets
      .filter(({ cabinetId, obeyedKeys }) => {
        const told = JSON.parse((reported.get(cabinetId) as string | null | undefined) ?? '{}') as {
          obeyedKeys?: readonly string[]
        }
        return sorted(obeyedKeys) !== wanted || sorted(told.obeyedKeys ?? []) !== wanted
      })
      .map(({ code }) => code)
  })
}

export function checkKeys(world: Obeying): void {
  for (const code of findDisobedient(world)) world.fail(`${code} does not obey the keys of the newest list`)
}
