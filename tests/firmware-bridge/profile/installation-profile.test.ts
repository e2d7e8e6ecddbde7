import { describe, expect, it } from 'vitest'
import { InstallationProfile } from '#firmware-bridge/profile/installation-profile.ts'

const ports = { rs485: { url: 'serial:/dev/ttyS1' }, other: { url: 'serial:/dev/ttyS2' } }
const lock = { port: 'rs485', board: { driver: 'lock-8a', address: 1 } }
const sbt = (laneId: string, address?: number) => ({ laneId, port: 'rs485', board: { driver: 'scale-sbt', address } })
const sics = (laneId: string, port: string) => ({ laneId, port, board: { driver: 'scale-mt-sics' } })
const thermometer = (address: number) => ({ port: 'rs485', board: { driver: 'thermometer-xy-md02', address } })

function problemsOf(profile: object): string[] {
  const parsed = InstallationProfile.safeParse({ ports, lock, ...profile })
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('an installation profile', () => {
  it('takes boards that can be told apart, a lock board with the address of a scale among them', () => {
    expect(problemsOf({ scales: [sbt('L01', 1), sbt('L02', 2)], thermometer: thermometer(3) })).toEqual([])
    expect(problemsOf({ scales: [sics('L01', 'other')] })).toEqual([])
  })

  it('refuses two lanes that would be read from one scale, and any two boards of one address', () => {
    expect(problemsOf({ scales: [sbt('L01'), sbt('L02')] })).toEqual([
      'scales.1.board.address: another board on port rs485 has address 1',
    ])
    expect(problemsOf({ scales: [sbt('L01', 7)], thermometer: thermometer(7) })).toEqual([
      'thermometer.board.address: another board on port rs485 has address 7',
    ])
  })

  it('refuses company for a balance that knows no addresses, and one line under two names', () => {
    expect(problemsOf({ scales: [sics('L01', 'rs485')] })).toEqual([
      'scales.0.port: a scale-mt-sics stands alone on its port',
    ])
    expect(problemsOf({ ports: { ...ports, other: ports.rs485 }, scales: [sbt('L01')] })).toEqual([
      'ports.other.url: another port is at this address: boards on one line share one port',
    ])
  })
})
