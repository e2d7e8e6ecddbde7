// A mosquitto of the town. It keeps nothing on disk: what it had retained or had on its way is lost when it is killed.
import { mosquittoCommand } from '#tests/support/mosquitto.ts'
import { Supervised } from './supervised.ts'
import { commandOf } from './town.ts'

/** `prefix` stands before its command line. Does not wait until it listens. */
export function startBroker(
  where: { readonly folder: string; readonly host: string; readonly port: number },
  prefix: readonly string[] = [],
): Supervised {
  const broker = new Supervised({ command: commandOf(prefix, mosquittoCommand(where)) })
  broker.start()
  return broker
}
