// A process whose commit fails at its sync, and which dies as soon as it has been told: what it prints then must stay true.
// Arguments: `server` or `agent`, and the file. The fault shim is preloaded.
import { Journal } from '#cabinet-agent/journal/journal.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { failNextSync } from './fault-shim.ts'

const [, , side, file = ''] = process.argv

async function writeOnServer(): Promise<string> {
  const database = await openDatabase({ url: `sqlite:${file}`, clock: systemClock, random: systemRandom })
  await database.run((ctx) => seedAccount(ctx, 'kept', 'buyer'))
  failNextSync(process.env['FAULTS_CONTROL'] ?? '')
  return await database
    .run((ctx) => seedAccount(ctx, 'refused', 'buyer'))
    .then(
      () => 'committed',
      (error: Error) => error.name,
    )
}

function writeOnAgent(): string {
  const journal = Journal.open({ file, bootId: makeId(systemClock, systemRandom) })
  const write = (alarm: string) =>
    journal.commit({ atMs: systemClock.now(), events: [{ type: 'alarm.raised', body: { alarm, detail: '' } }] })
  write('kept')
  failNextSync(process.env['FAULTS_CONTROL'] ?? '')
  try {
    write('refused')
    return 'committed'
  } catch (error) {
    return (error as Error).name
  }
}

const told = side === 'server' ? await writeOnServer() : writeOnAgent()
process.stdout.write(told, () => process.kill(process.pid, 'SIGKILL'))
