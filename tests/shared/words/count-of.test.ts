import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { countOf } from '#shared/words/count-of.ts'

it('counts one thing as one', () => {
  expect([countOf(0, 'task'), countOf(1, 'route'), countOf(6, 'task')]).toEqual(['0 tasks', '1 route', '6 tasks'])
})

it('no English page counts things without it', () => {
  const web = fileURLToPath(new URL('../../../server/web/', import.meta.url))
  const files = readdirSync(web, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('english.ts') && !name.startsWith('dist'))
    .map((name) => ({ name, text: readFileSync(`${web}${name}`, 'utf8') }))
  const counted =
    /\$\{\w+\} (more )?(household|unit|line|row|day|piece|cabinet|lane|session|purchase|posting|transfer|step|task|route|call|difference)s\b/g

  expect(files.length).toBeGreaterThan(20)
  expect(files.flatMap(({ name, text }) => [...text.matchAll(counted)].map(([found]) => `${name}: ${found}`))).toEqual([
    'disclosure/disclosure-english.ts: ${least} households',
  ])
})
