// Sends a receipt to its buyer's pages. Nobody there, nothing made: the page asks for it when it comes back.
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { ServerContext } from '../context.ts'
import { makeReceipt } from './receipt.ts'

export async function publishReceipt(
  { hub, database }: Pick<ServerContext, 'hub' | 'database'>,
  { accountId, sessionId }: { readonly accountId: Id; readonly sessionId: Id },
): Promise<void> {
  if (!hub.hasPages(accountId)) return
  const receipt = await database.read((ctx) => makeReceipt(ctx, sessionId))
  if (receipt !== undefined) hub.publish(accountId, { kind: 'receipt', receipt })
}
