// The day's work on this phone: what is to do as last seen, what was done, and the sending of it. Steps are applied here at once and
// told to the server when it can be reached; each has its own id and time, so sending one again changes nothing.
import { inject, onScopeDispose, ref, shallowRef, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import {
  addRestockPhoto,
  addRestockSteps,
  getRestockTask,
  listRestockRoutes,
  listRestockTasks,
  type RestockConflictCode,
  type RestockRoute,
  type RestockStep,
  type RestockTask,
} from '#shared/contracts/http/restock-tasks.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import type { CancelTimer } from '#shared/time/clock.ts'
import type { z } from 'zod'
import { isoDay } from '../common/format.ts'
import { CallError } from '../common/http/call-error.ts'
import type { WebContext } from '../common/web-context.ts'
import { keepWork, readKeptWork, type KeptWork } from './kept-work.ts'
import { dropPhoto, keepPhoto, listKeptPhotos } from './photo-store.ts'

export type Conflict = z.infer<typeof RestockConflictCode>
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type NewStep = DistributiveOmit<RestockStep, 'stepId' | 'atMs'>

export interface RestockWork {
  readonly routes: ShallowRef<readonly RestockRoute[]>
  readonly tasks: ShallowRef<Readonly<Record<string, RestockTask>>>
  readonly steps: ShallowRef<Readonly<Record<string, readonly RestockStep[]>>>
  readonly conflicts: ShallowRef<readonly Conflict[]>
  readonly isOffline: Ref<boolean>
  readonly error: ShallowRef<unknown>
  refresh(): Promise<void>
  /** Asks for one task again. */
  reload(taskId: string): Promise<void>
  add(taskId: string, step: NewStep): Promise<void>
  /** Keeps a photo; returns its id. */
  addPhoto(taskId: string, laneId: string, bytes: ArrayBuffer): Promise<string>
}

export const restockWorkKey: InjectionKey<RestockWork> = Symbol('restock work')

export function useRestockWork(): RestockWork {
  const work = inject(restockWorkKey)
  if (work === undefined) throw new Error('No restock work: the page must provide it.')
  return work
}

const tryAgainMs = 15_000

export function createRestockWork(context: WebContext): RestockWork {
  const { account, call, clock, random, window } = context
  const kept = readKeptWork(window, account.me.value?.accountId)
  const routes = shallowRef<readonly RestockRoute[]>(kept?.routes ?? [])
  const tasks = shallowRef<Readonly<Record<string, RestockTask>>>(kept?.tasks ?? {})
  const steps = shallowRef<Readonly<Record<string, readonly RestockStep[]>>>(kept?.steps ?? {})
  const conflicts = shallowRef<readonly Conflict[]>([])
  const isOffline = ref(false)
  const error = shallowRef<unknown>()
  let cancelTry: CancelTimer = () => {}
  let sending: Promise<void> | undefined

  function keep() {
    const accountId = account.me.value?.accountId ?? kept?.accountId
    if (accountId === undefined) return
    keepWork(window, {
      accountId,
      day: isoDay(clock.now()),
      routes: [...routes.value],
      tasks: { ...tasks.value },
      steps: steps.value,
    } as KeptWork)
  }
  /** True when the server was reached. Without a network nothing is wrong: it is tried again. */
  async function reach(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      isOffline.value = false
      error.value = undefined
      return true
    } catch (caught) {
      isOffline.value = caught instanceof CallError && caught.kind === 'offline'
      error.value = isOffline.value ? undefined : caught
      if (isOffline.value) cancelTry = clock.setTimer(tryAgainMs, () => void sendAll())
      return false
    } finally {
      keep()
    }
  }
  async function send() {
    for (const { photoId, taskId, laneId, bytes } of await listKeptPhotos(window).catch(() => [])) {
      await call(addRestockPhoto, { params: { taskId, photoId }, query: { laneId }, body: new Uint8Array(bytes) })
      await dropPhoto(window, photoId)
    }
    for (const [taskId, waiting] of Object.entries(steps.value)) {
      if (waiting.length === 0) continue
      const body = { sentAtMs: clock.now(), steps: waiting.slice(0, 200) as RestockStep[] }
      const { task, outcomes } = await call(addRestockSteps, { params: { taskId }, body })
      const told = new Set(outcomes.map(({ stepId }) => stepId))
      steps.value = {
        ...steps.value,
        [taskId]: (steps.value[taskId] ?? []).filter(({ stepId }) => !told.has(stepId)),
      }
      tasks.value = { ...tasks.value, [taskId]: task }
      const found = outcomes.flatMap(({ outcome, conflict }) =>
        outcome === 'kept' && conflict !== undefined ? [conflict] : [],
      )
      if (found.length > 0) conflicts.value = [...new Set([...conflicts.value, ...found])]
    }
  }
  /** One sending at a time; what is added meanwhile goes with the next. */
  async function sendAll(): Promise<void> {
    cancelTry()
    await sending
    sending = reach(send).then(() => undefined)
    await sending
  }
  async function load() {
    const day = isoDay(clock.now())
    routes.value = (await call(listRestockRoutes, { params: { day } })).rows
    const listed = await call(listRestockTasks, { query: { day, limit: 200 } })
    const onRoutes = routes.value.flatMap(({ stops }) => stops.map(({ taskId }) => taskId))
    const wanted = [...new Set([...onRoutes, ...listed.rows.map(({ taskId }) => taskId)])]
    const found = await Promise.all(wanted.map((taskId) => call(getRestockTask, { params: { taskId } })))
    tasks.value = Object.fromEntries(found.map((task) => [task.taskId, task]))
  }
  const onOnline = () => void sendAll()
  window.addEventListener('online', onOnline)
  onScopeDispose(() => {
    cancelTry()
    window.removeEventListener('online', onOnline)
  })
  return {
    routes,
    tasks,
    steps,
    conflicts,
    isOffline,
    error,
    async refresh() {
      await sendAll()
      if (!isOffline.value) await reach(load)
    },
    async reload(taskId) {
      await reach(async () => {
        tasks.value = { ...tasks.value, [taskId]: await call(getRestockTask, { params: { taskId } }) }
      })
    },
    async add(taskId, step) {
      const own = { ...step, stepId: makeId(clock, random), atMs: clock.now() } as RestockStep
      steps.value = { ...steps.value, [taskId]: [...(steps.value[taskId] ?? []), own] }
      keep()
      await sendAll()
    },
    async addPhoto(taskId, laneId, bytes) {
      const photoId = makeId(clock, random)
      await keepPhoto(window, { photoId, taskId, laneId, bytes })
      return photoId
    },
  }
}
