// The thread that plans the night, which a test holds back: it begins once the file that HUINONG_TEST_GATE names is there.
import { existsSync } from 'node:fs'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { answerNightRequests } from '#server/restock-tasks/night-thread.ts'

const gate = process.env['HUINONG_TEST_GATE'] ?? ''
while (!existsSync(gate)) await delay(systemClock, 10)
await answerNightRequests()
