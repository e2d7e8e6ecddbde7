// Changes one cabinet's twin for a roll-out, remembering what it had, and puts that back when the roll-out is reverted. Both
// go through the twin's own use cases, so that a roll-out can do nothing that a person could not.
import type { RolloutChange } from '#shared/contracts/http/rollouts.ts'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import type { AgentRelease, CabinetConfigChange, DesiredTwin } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { findRelease } from '../agent-releases/keep-release.ts'
import { allowGoingBack } from '../agent-releases/sign-release.ts'
import {
  changeAgent,
  changeConfig,
  type ChangedTwin,
  changePlanogram,
  changePrices,
  findTwin,
  putBack,
} from '../cabinets/change-twin.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import { type Previous, restorePrices } from './rules.ts'

type Whose = { readonly cabinetId: Id; readonly changedBy: string }

/** Settings of the twin that a change names, as they are. */
function pickSettings(twin: DesiredTwin, change: CabinetConfigChange): CabinetConfigChange {
  const config = twin.config as Readonly<Record<string, unknown>>
  return Object.fromEntries(Object.keys(change).map((name) => [name, config[name]])) as CabinetConfigChange
}

export interface AppliedChange extends ChangedTwin {
  readonly previous: Previous
  readonly partVersion: number
}

export function* applyChange(ctx: UnitContext, whose: Whose, change: RolloutChange): Unit<AppliedChange> {
  const was = yield* findTwin(ctx, whose.cabinetId)
  switch (change.kind) {
    case 'planogram': {
      const changed = yield* changePlanogram(ctx, { ...whose, lanes: change.lanes })
      const { version } = changed.twin.planogram
      return { ...changed, previous: { kind: 'planogram', lanes: was.planogram.lanes }, partVersion: version }
    }
    case 'prices': {
      const changed = yield* changePrices(ctx, { ...whose, prices: change.prices })
      const prices = Object.fromEntries(
        Object.keys(change.prices).map((skuId) => [skuId, was.prices.prices[skuId] ?? null]),
      )
      return { ...changed, previous: { kind: 'prices', prices }, partVersion: changed.twin.prices.version }
    }
    case 'config': {
      const changed = yield* changeConfig(ctx, { ...whose, config: change.config })
      const previous = { kind: 'config', config: pickSettings(was, change.config), set: change.config } as const
      return { ...changed, previous, partVersion: changed.twin.version }
    }
    case 'agent': {
      const agent = yield* findRelease(ctx, change.version)
      const changed = yield* changeAgent(ctx, { ...whose, agent })
      return { ...changed, previous: { kind: 'agent', agent: was.agent }, partVersion: changed.twin.version }
    }
  }
}

/** Refuses with rollout.changed_since when somebody else has changed the part after the roll-out did. */
export function* undoChange(
  ctx: UnitContext,
  signer: CommandSigner,
  whose: Whose,
  undo: { readonly previous: Previous; readonly partVersion: number; readonly change: RolloutChange },
): Unit<ChangedTwin> {
  const { previous, partVersion, change } = undo
  const is = yield* findTwin(ctx, whose.cabinetId)
  const requireOurs = (isOurs: boolean) => {
    if (!isOurs) throw new RefusalError('rollout.changed_since')
  }
  switch (previous.kind) {
    case 'planogram':
      requireOurs(is.planogram.version === partVersion)
      return yield* putBack(ctx, whose, { lanes: previous.lanes })
    case 'prices':
      requireOurs(is.prices.version === partVersion)
      return yield* putBack(ctx, whose, { prices: restorePrices(is.prices.prices, previous.prices) })
    case 'config':
      requireOurs(canonicalJson(pickSettings(is, previous.set)) === canonicalJson(previous.set))
      return yield* changeConfig(ctx, { ...whose, config: previous.config })
    case 'agent': {
      requireOurs(change.kind === 'agent' && is.agent?.version === change.version)
      const agent = leaveToGoBack(signer, previous.agent, is.agent)
      return yield* changeAgent(ctx, { ...whose, agent })
    }
  }
}

function leaveToGoBack(signer: CommandSigner, was: AgentRelease | null, is: AgentRelease | null): AgentRelease | null {
  return was === null || is === null ? was : allowGoingBack(signer, was, is.version)
}
