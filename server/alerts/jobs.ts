// The server's own work on alerts: looking, and sending what is due.
import type { ServerContext } from '../context.ts'
import { deliverDue } from './deliver.ts'
import { lookAtEverything } from './look.ts'
import { makeSend } from './message.ts'
import { pushIdentityOf } from './push.ts'

export async function watchConditions({ database, logger, metrics }: ServerContext): Promise<void> {
  const { raised, unheard } = await database.run(lookAtEverything)
  metrics.alertsRaised.inc(raised)
  metrics.alertsUnheard.inc(unheard)
  if (unheard > 0) logger.error({ unheard }, 'alerts nobody is told of: they have no recipient at their level')
}

export async function sendAlerts(ctx: ServerContext, signal: AbortSignal): Promise<void> {
  const { config, clock } = ctx
  const send = makeSend({ mail: config.mail, push: pushIdentityOf(ctx), clock, reach: config.alertReach })
  await deliverDue(ctx, send, signal)
}
