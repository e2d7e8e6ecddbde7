import { describe, expect, it } from 'vitest'
import { buyerAccounts, staffAccounts } from '#server/demo/data/accounts.ts'
import { describeDemo, layOutTable } from '#server/demo/startup-report.ts'

describe('layOutTable', () => {
  it('aligns columns, counting a Chinese character as two', () => {
    expect(
      layOutTable([
        ['惠农', 'a'],
        ['abc', 'b'],
      ]),
    ).toEqual(['惠农  a', 'abc   b'])
  })
})

describe('describeDemo', () => {
  it('names the addresses and how to sign in with every role', () => {
    const text = describeDemo('http://127.0.0.1:8080', ['YB-0001', 'YB-0002'], [...staffAccounts, ...buyerAccounts])

    for (const part of ['http://127.0.0.1:8080/', '/admin', '/virtual-cabinet?code=YB-0001', 'YB-0001, YB-0002'])
      expect(text).toContain(part)
    for (const { login, password } of [...staffAccounts, ...buyerAccounts.slice(0, 1)]) {
      expect(text).toContain(login)
      expect(text).toContain(password)
    }
    expect(text).toContain('buyer2 to buyer12')
  })
})
