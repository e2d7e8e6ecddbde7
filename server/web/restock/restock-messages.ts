// What the restocker's page says: few words. English stands in its own file and must have the same shape.
import type { RestockConflictCode, RestockTaskState } from '#shared/contracts/http/restock-tasks.ts'
import { createCatalogue } from '../common/i18n/catalogue.ts'
import { commonChinese } from '../common/i18n/common-messages.ts'
import type { Words } from '../common/i18n/locale.ts'

function restockChinese(words: Words) {
  return {
    common: commonChinese(words),
    title: '今天补货',
    none: '今天没有补货任务。请等调度安排，再点“刷新”。',
    refresh: '刷新',
    trip: (trip: number, stops: number, kilometres: string) => `第 ${trip} 趟 · ${stops} 个柜 · ${kilometres} 公里`,
    picks: '先到集配点取货',
    pick: (count: number, spec: string) => `${count} 份 · ${spec}`,
    stops: '再按顺序去',
    others: '另外还要去',
    toDo: (putIn: number, takeOff: number) => `放 ${putIn}${takeOff > 0 ? ` · 取 ${takeOff}` : ''}`,
    states: {
      planned: '没去',
      checked_in: '到了',
      opened: '门开过',
      closed: '做完了',
      given_up: '没做成',
      cancelled: '取消了',
    } satisfies Record<RestockTaskState, string>,
    offline: '没有网络：照做就行，都存在手机里，有网后自动上报。',
    waiting: (count: number) => `${count} 步等待上报`,
    back: '‹ 回到路线',
    checkIn: '我到柜前了',
    open: '开门',
    opening: '正在开门…',
    openNeedsNetwork: '开门要有网络。请走到有信号的地方，或用柜上的锁匙。',
    weight: '现在重量',
    change: (mass: string) => `开门后 ${mass}`,
    takeOut: '取出',
    putIn: '放入',
    countAfter: '数一数，现在有几份',
    less: '少一份',
    more: '多一份',
    differs: (count: number) => `应有 ${count} 份。为什么不一样？`,
    choose: '选一个原因',
    reasons: {
      short_picked: '没取够',
      did_not_fit: '放不下',
      damaged: '坏了',
      missing: '少了',
      found: '多出来了',
      miscounted: '以前数错了',
      scale_wrong: '秤不准',
      other: '其他',
    } as Record<string, string>,
    takeOffReasons: { expired: '过期', recalled: '召回', damaged: '损坏', other: '其他' } as Record<string, string>,
    photo: '拍照',
    photos: (count: number) => `已拍 ${count} 张`,
    photoFailed: '这张照片用不了，请再拍一次。',
    laneDone: '这条货道好了',
    laneAgain: '改一下',
    stated: (count: number) => `已报 ${count} 份`,
    lane: (laneId: string) => `${Number(laneId.slice(1))} 号货道`,
    close: '这个柜做完了',
    giveUp: '做不成',
    giveUpReason: '为什么做不成？',
    send: '上报',
    conflicts: '调度会看这些，您不用再做：',
    conflict: {
      step_id_reused: '这一步的编号用过了',
      wrong_cabinet: '柜号不对',
      not_checked_in: '还没有报到',
      not_opened: '门还没有开过',
      not_assigned: '这个任务不是您的',
      task_ended: '任务已经结束',
      task_replanned: '任务重新安排过',
      lane_unknown: '任务里没有这条货道',
      lot_unknown: '没有这批货',
      difference_unexplained: '数目不一样，没有说原因',
      lanes_missing: '还有货道没报',
      stated_later: '后来又报过',
      replaces_earlier: '替换了先前报的',
    } satisfies Record<RestockConflictCode, string>,
  }
}
export type RestockMessages = ReturnType<typeof restockChinese>

export const restockCatalogue = createCatalogue<RestockMessages>(
  restockChinese,
  async () => (await import('./restock-english.ts')).restockEnglish,
)
export const useMessages = restockCatalogue.use
