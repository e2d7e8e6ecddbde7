// What a cabinet was asked and what it answered, as a file has it: commands and self-tests alike.
import { computed } from 'vue'
import type { z } from 'zod'
import type { CommandRecord } from '#shared/contracts/http/cabinets.ts'
import { dateTimeLong } from '../../common/format.ts'
import { useWebContext } from '../../common/web-context.ts'
import type { ExportColumn } from '../export-rows.ts'
import { useMessages } from '../i18n/admin-messages.ts'

type Answered = Pick<
  z.output<typeof CommandRecord>,
  'issuedAtMs' | 'issuedBy' | 'outcome' | 'reason' | 'detail' | 'report'
>

/** `about` are what tells the one asked thing from the other; they stand behind when it was asked. */
export function useAnswerColumns<TRow extends Answered>(about: () => readonly ExportColumn<TRow>[] = () => []) {
  const t = useMessages()
  const { locale } = useWebContext()
  return computed((): ExportColumn<TRow>[] => {
    const { cabinets } = t.value
    return [
      { title: cabinets.issued, of: ({ issuedAtMs }) => dateTimeLong(issuedAtMs, locale.value) },
      ...about(),
      { title: cabinets.by, of: ({ issuedBy }) => issuedBy },
      {
        title: cabinets.outcome,
        of: ({ outcome }) => (outcome === undefined ? cabinets.waiting : cabinets.outcomes[outcome]),
      },
      { title: cabinets.notes, of: ({ reason, detail }) => [reason, detail].filter(Boolean).join(' ') },
      {
        title: cabinets.report,
        of: ({ report = [] }) =>
          report.map(({ device, isGood, detail }) => `${isGood ? '✓' : '✗'} ${device} ${detail}`.trim()).join('; '),
      },
    ]
  })
}
