import { describe, expect, it } from 'vitest'
import { checkNewPassword } from '#server/identity/password-rules.ts'

describe('a new password', () => {
  it.each([
    ['password123', 'wang'],
    ['PASSWORD123', 'wang'],
    ['1q2w3e4r5t', 'wang'],
    ['aaaaaaaabb', 'wang'],
    ['wang.5-2026', 'Wang.5'],
    ['ｐａｓｓｗｏｒｄ１２３', 'wang'],
  ])('is not %s for %s', async (password, login) => {
    await expect(checkNewPassword(password, login, 'password')).rejects.toMatchObject({
      code: 'identity.password_common',
      field: 'password',
    })
  })

  it.each([
    ['柚子 红苕 挂面 茶叶', 'wang'],
    ['correct horse battery staple', 'wang'],
    ['li-plum-orchard-91', 'li'],
  ])('may be %s for %s', async (password, login) => {
    await expect(checkNewPassword(password, login, 'password')).resolves.toBeUndefined()
  })
})
