import { expect, it } from 'vitest'
import { DesiredTwin, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { TwinCourier } from '#server/mqtt/twin-courier.ts'
import { TestClock } from '#tests/support/test-clock.ts'

const cabinetId = '01900000-0000-7000-8000-000000000001'
const twin = (version: number): DesiredTwin =>
  DesiredTwin.parse({ version, planogram: { version, lanes: [] }, prices: { version, prices: {} }, config: {} })
const reports = (desiredVersion: number, rejectedVersion?: number) => {
  const rejected = { desiredVersion: rejectedVersion, code: 'malformed', reason: '' }
  return { desiredVersion, ...(rejectedVersion === undefined ? {} : { rejected }) } as ReportedTwin
}

function openCourier(newest: number, obeyed?: readonly string[]) {
  const clock = new TestClock()
  const published: number[] = []
  const courier = new TwinCourier({
    clock,
    publish: (_, { version }) => Promise.resolve(void published.push(version)),
    find: () => Promise.resolve(twin(newest)),
    obeyed: () => obeyed,
  })
  return { clock, courier, published }
}

it('brings the twin again to a cabinet that stays at another version, every 20 s at most', async () => {
  const { clock, courier, published } = openCourier(5)
  await courier.send(cabinetId, twin(5))
  courier.noteReported(cabinetId, reports(4))

  for (let heartbeat = 0; heartbeat < 9; heartbeat += 1) {
    await courier.catchUp(cabinetId)
    clock.advance(5_000)
  }

  expect(published).toEqual([5, 5, 5])
})

it('lets a cabinet be that has taken the twin over, or has said why it does not', async () => {
  const { clock, courier, published } = openCourier(5)
  await courier.send(cabinetId, twin(5))
  clock.advance(60_000)

  courier.noteReported(cabinetId, reports(5))
  await courier.catchUp(cabinetId)
  courier.noteReported(cabinetId, reports(4, 5))
  await courier.catchUp(cabinetId)

  expect(published).toEqual([5])
})

it('brings the twin again to a cabinet that reported before anything was sent to it, and tells nothing since', async () => {
  const { clock, courier, published } = openCourier(5)
  courier.noteReported(cabinetId, reports(4))
  await courier.catchUp(cabinetId)
  await courier.send(cabinetId, twin(5))
  clock.advance(20_000)

  await courier.catchUp(cabinetId)

  expect(published).toEqual([5, 5])
})

it('brings the twin again to a cabinet that obeys other keys than it was told to', async () => {
  const { clock, courier, published } = openCourier(5, ['present', 'next'])
  await courier.send(cabinetId, twin(5))
  clock.advance(20_000)

  courier.noteReported(cabinetId, { ...reports(5), obeyedKeys: ['next', 'present'] })
  await courier.catchUp(cabinetId)
  courier.noteReported(cabinetId, reports(5))
  await courier.catchUp(cabinetId)
  courier.noteReported(cabinetId, { ...reports(5), obeyedKeys: ['previous', 'present'] })
  await courier.catchUp(cabinetId)

  expect(published).toEqual([5, 5])
})
