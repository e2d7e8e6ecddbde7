import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AlertChannel, AlertKind } from '#shared/contracts/http/alerts.ts'
import { alertEnglish } from '#server/web/admin/alerts/alert-english.ts'
import { alertChinese } from '#server/web/admin/alerts/alert-messages.ts'
import { minuteOf, timeOf } from '#server/web/admin/alerts/quiet-hours.ts'

describe('the words about alerts', () => {
  it.each([
    ['Chinese', alertChinese()],
    ['English', alertEnglish()],
  ])('name every kind and every way in %s', (_, words) => {
    expect(Object.keys(words.kinds)).toEqual(expect.arrayContaining(AlertKind.options))
    expect(Object.keys(words.recipient.channels)).toEqual(expect.arrayContaining(AlertChannel.options))
  })
})

describe('quiet hours', () => {
  it('are the same minute however they are written', () => {
    const minutes = fc.integer({ min: 0, max: 1_439 })

    fc.assert(
      fc.property(minutes, (minute) => {
        expect(minuteOf(timeOf(minute))).toBe(minute)
      }),
    )
  })
})
