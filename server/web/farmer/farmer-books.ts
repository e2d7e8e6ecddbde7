// The household's books on this phone: as the server has them or as last seen, and the answers to harvest calls. An answer stands
// here at once and is sent when the server can be reached; sent twice it counts once, for a call is answered once.
import { inject, onScopeDispose, ref, shallowRef, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import { getSixOnes } from '#shared/contracts/http/assistance.ts'
import { answerHarvestCall, listHarvestCalls } from '#shared/contracts/http/harvest-calls.ts'
import { getHousehold } from '#shared/contracts/http/households.ts'
import { getHouseholdIncome } from '#shared/contracts/http/money.ts'
import { trackLots } from '#shared/contracts/http/replenishment.ts'
import type { CancelTimer } from '#shared/time/clock.ts'
import { CallError } from '../common/http/call-error.ts'
import type { WebContext } from '../common/web-context.ts'
import { keepBooks, readKeptBooks, type Answer, type Books } from './kept-books.ts'

export interface FarmerBooks {
  readonly books: ShallowRef<Books | undefined>
  /** Given here and not taken by the server yet. */
  readonly answers: ShallowRef<readonly Answer[]>
  /** Why the server took no answer, by call. */
  readonly refusals: ShallowRef<Readonly<Record<string, unknown>>>
  readonly isOffline: Ref<boolean>
  readonly error: ShallowRef<unknown>
  refresh(): Promise<void>
  /** The next page of the income's lines. */
  loadMore(): Promise<void>
  answer(answer: Answer): Promise<void>
  /** Whoever signs out leaves nothing of the household on the phone. */
  forget(): void
}

export const farmerBooksKey: InjectionKey<FarmerBooks> = Symbol('farmer books')

export function useFarmerBooks(): FarmerBooks {
  const books = inject(farmerBooksKey)
  if (books === undefined) throw new Error('No farmer books: the page must provide them.')
  return books
}

const tryAgainMs = 15_000

export function createFarmerBooks(context: WebContext): FarmerBooks {
  const { account, call, clock, window } = context
  const kept = readKeptBooks(window, account.me.value?.accountId)
  const books = shallowRef<Books | undefined>(kept?.books)
  const answers = shallowRef<readonly Answer[]>(kept?.answers ?? [])
  const refusals = shallowRef<Readonly<Record<string, unknown>>>({})
  const isOffline = ref(false)
  const error = shallowRef<unknown>()
  let ownerId = kept?.accountId
  let cancelTry: CancelTimer = () => {}
  let sending: Promise<void> | undefined

  function keep() {
    if (ownerId === undefined || books.value === undefined) return
    keepBooks(window, { accountId: ownerId, books: books.value, answers: [...answers.value] })
  }
  /** Without a network nothing is wrong: what is kept stays in view, and it is tried again. */
  async function reach(work: () => Promise<void>): Promise<void> {
    cancelTry()
    try {
      await work()
      isOffline.value = false
      error.value = undefined
    } catch (caught) {
      isOffline.value = caught instanceof CallError && caught.kind === 'offline'
      error.value = isOffline.value ? undefined : caught
      if (isOffline.value) cancelTry = clock.setTimer(tryAgainMs, () => void refresh())
    } finally {
      keep()
    }
  }
  async function send() {
    for (const { callId, ...body } of answers.value) {
      try {
        await call(answerHarvestCall, { params: { callId }, body })
      } catch (caught) {
        // A refusal is an answer too: the farmer reads why, and it is not sent again.
        if (!(caught instanceof CallError) || caught.kind !== 'problem' || caught.isRetryable || caught.status === 401)
          throw caught
        if (caught.code !== 'harvest_call.answered') refusals.value = { ...refusals.value, [callId]: caught }
      }
      answers.value = answers.value.filter((one) => one.callId !== callId)
      keep()
    }
  }
  async function load() {
    const householdCode = account.me.value?.householdCode ?? books.value?.household.householdCode
    if (householdCode === undefined) return
    const params = { householdCode }
    const [household, income, sixOnes, lots, calls] = await Promise.all([
      call(getHousehold, { params }),
      call(getHouseholdIncome, { params, query: { limit: 20 } }),
      call(getSixOnes, { params, query: {} }),
      call(trackLots, { params, query: { limit: 20 } }),
      call(listHarvestCalls, { query: { householdCode, limit: 20 } }),
    ])
    books.value = { seenAtMs: clock.now(), household, income, sixOnes, lots: lots.rows, calls: calls.rows }
  }
  function refresh(): Promise<void> {
    ownerId = account.me.value?.accountId ?? ownerId
    return reach(async () => {
      await send()
      await load()
    })
  }
  /** One at a time: what is answered meanwhile goes with the next. */
  async function refreshInTurn(): Promise<void> {
    await sending
    sending = refresh()
    await sending
  }
  const onOnline = () => void refreshInTurn()
  window.addEventListener('online', onOnline)
  onScopeDispose(() => {
    cancelTry()
    window.removeEventListener('online', onOnline)
  })
  return {
    books,
    answers,
    refusals,
    isOffline,
    error,
    refresh: refreshInTurn,
    loadMore: () =>
      reach(async () => {
        const before = books.value
        const cursor = before?.income.nextCursor
        if (before === undefined || cursor === undefined) return
        const { householdCode } = before.household
        const page = await call(getHouseholdIncome, { params: { householdCode }, query: { limit: 20, cursor } })
        books.value = { ...before, income: { ...page, rows: [...before.income.rows, ...page.rows] } }
      }),
    async answer(given) {
      if (answers.value.some(({ callId }) => callId === given.callId)) return
      answers.value = [...answers.value, given]
      keep()
      await refreshInTurn()
    },
    forget() {
      cancelTry()
      books.value = undefined
      answers.value = []
      refusals.value = {}
      ownerId = undefined
      keepBooks(window, undefined)
    },
  }
}
