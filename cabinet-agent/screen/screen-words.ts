import type { ScreenLane, ScreenStage } from './screen-view.ts'

export const screenLanguages = ['zh', 'en'] as const
export type ScreenLanguage = (typeof screenLanguages)[number]

export interface ScreenWords {
  htmlLang: string
  product: string
  online: string
  offline: string
  /** Shown by the browser itself while the agent does not answer. */
  gone: string
  /** Of each stage: a headline, and what to do. */
  stages: Record<ScreenStage, readonly [headline: string, hint: string]>
  /** Instead of a stage's hint where that speaks of a phone or a scan, and there is no network. */
  offlineHints: Partial<Record<ScreenStage, string>>
  scan: (code: string) => string
  shelf: string
  lane: (laneId: string) => string
  left: (count: number) => string
  each: string
  perKg: string
  statuses: Record<Exclude<ScreenLane['status'], 'on_sale'>, string>
  cart: string
  cartEmpty: string
  pieces: (count: number) => string
  weighing: string
  total: string
  preview: string
  misplaced: (lane: string) => string
  foreign: (lane: string) => string
  doorOpenLong: string
}

const laneNumber = (laneId: string) => Number(laneId.slice(1))

const chinese: ScreenWords = {
  htmlLang: 'zh-CN',
  product: '惠农柜',
  online: '在线',
  offline: '没有网络',
  gone: '柜子正在启动，请稍等。页面会自己恢复。',
  stages: {
    ready: ['扫码开门', '用手机扫二维码，取货后关上门，自动结算。'],
    sold_out: ['今天的商品取完了', '补货后再来，或去别的惠农柜。'],
    opening: ['正在开门…', '听到“咔哒”一声，请拉开门。'],
    open: ['请取货', '拿错了放回原来的货道。取好后请关上门。'],
    closing: ['正在称重…', '请不要再拉门，小票马上到手机上。'],
    restock: ['正在补货', '工作人员正在上货，请稍等。'],
    door_open: ['门没有关好', '请把门关上，再扫码。'],
    settled: ['结算好了', '小票在手机上。谢谢！'],
    review: ['需要人工核对', '不会多收您的钱，结果会发到手机上。'],
    not_opened: ['门没有打开', '没有扣款。请再扫一次码。'],
    interrupted: ['上一次没有正常结束', '工作人员会核对，不会多收钱。可以重新扫码。'],
    refused: ['这次没有开门', '没有扣款。请看手机上的说明，再扫一次码。'],
    offline: ['没有网络，暂时不能开门', '网络恢复后会自己好。请稍后再来，或去别的惠农柜。'],
    offline_pass: ['没有网络，可以用离线码', '在手机上打开“离线码”，对准柜上的扫码口。没有离线码请稍后再来。'],
    out_of_service: ['暂停服务', '请去别的惠农柜。'],
    over_temperature: ['柜内温度偏高，暂停出售', '商品要先由工作人员检查。请去别的惠农柜。'],
    lanes_locked: ['商品暂停出售', '过期或待检查的商品不出售。请去别的惠农柜。'],
    scale_fault: ['秤有故障，暂停出售', '称不准就不卖。已通知维护人员，请去别的惠农柜。'],
    scale_unverified: ['秤的检定已到期，暂停出售', '重新检定后恢复。请去别的惠农柜。'],
    lock_fault: ['门锁有故障', '已通知维护人员，请去别的惠农柜。'],
    maintenance: ['正在维护', '请去别的惠农柜。'],
  },
  offlineHints: {
    closing: '请不要再拉门，马上就好。',
    settled: '现在没有网络，小票会在网络恢复后发到手机上。谢谢！',
    review: '不会多收您的钱，结果会在网络恢复后发到手机上。',
    not_opened: '没有扣款。请稍后再来，或去别的惠农柜。',
    interrupted: '工作人员会核对，不会多收钱。',
    refused: '没有扣款，离线码没有用掉。请稍等再试。',
    door_open: '请把门关上。',
  },
  scan: (code) => `扫码打开 ${code}`,
  shelf: '柜里有什么',
  lane: (laneId) => `${laneNumber(laneId)} 号货道`,
  left: (count) => `剩 ${count} 份`,
  each: '份',
  perKg: '千克',
  statuses: { sold_out: '已取完', off_sale: '暂不出售', locked: '暂停出售', faulty: '秤有故障' },
  cart: '已取',
  cartEmpty: '还没有取走商品',
  pieces: (count) => `${count} 份`,
  weighing: '称重中',
  total: '合计',
  preview: '以关门后的小票为准',
  misplaced: (lane) => `有商品放到了 ${lane}，请放回原来的货道；不放回也不会多收钱。`,
  foreign: (lane) => `${lane} 有别的东西。请拿走您的物品，再关门。`,
  doorOpenLong: '门开了很久了。取好后请把门关上。',
}

const english: ScreenWords = {
  htmlLang: 'en',
  product: 'Huinong Cabinet',
  online: 'Online',
  offline: 'No network',
  gone: 'The cabinet is starting. Please wait; this page comes back by itself.',
  stages: {
    ready: ['Scan to open', 'Scan the code with your phone, take goods, close the door. You pay for what you took.'],
    sold_out: ['Everything has been taken', 'Come back after the next restock, or choose another cabinet.'],
    opening: ['Opening…', 'Pull the door when you hear the click.'],
    open: ['Take your goods', 'Put back what you do not want where it lay. Close the door when you are done.'],
    closing: ['Weighing…', 'Please leave the door closed; the receipt comes to your phone at once.'],
    restock: ['Being restocked', 'Staff are loading goods. Please wait.'],
    door_open: ['The door is not closed', 'Close the door, then scan again.'],
    settled: ['Done', 'The receipt is on your phone. Thank you!'],
    review: ['A person will check this', 'You are never charged too much; the result comes to your phone.'],
    not_opened: ['The door did not open', 'Nothing was charged. Scan the code again.'],
    interrupted: [
      'The last visit did not end as it should',
      'Staff check it; nobody is charged too much. You can scan.',
    ],
    refused: ['Not opened this time', 'Nothing was charged. See your phone for the reason, then scan again.'],
    offline: [
      'No network: the door cannot open now',
      'It recovers by itself. Come back later, or choose another cabinet.',
    ],
    offline_pass: [
      'No network: use an offline pass',
      'Open “Offline pass” on your phone and hold it to the reader. Without a pass, come back later.',
    ],
    out_of_service: ['Out of service', 'Choose another cabinet.'],
    over_temperature: ['Too warm: not selling', 'Staff inspect the goods first. Choose another cabinet.'],
    lanes_locked: [
      'Goods are off sale',
      'What is past its date or under inspection is not sold. Choose another cabinet.',
    ],
    scale_fault: ['A scale is faulty: not selling', 'What cannot be weighed is not sold. Choose another cabinet.'],
    scale_unverified: ['The scales must be verified again: not selling', 'Choose another cabinet until then.'],
    lock_fault: ['The lock is faulty', 'Staff have been told. Choose another cabinet.'],
    maintenance: ['Under maintenance', 'Choose another cabinet.'],
  },
  offlineHints: {
    closing: 'Please leave the door closed; this takes a moment.',
    settled: 'There is no network now; the receipt comes to your phone when it is back. Thank you!',
    review: 'You are never charged too much; the result comes to your phone when the network is back.',
    not_opened: 'Nothing was charged. Come back later, or choose another cabinet.',
    interrupted: 'Staff check it; nobody is charged too much.',
    refused: 'Nothing was charged, and the pass was not used up. Wait a moment and try again.',
    door_open: 'Please close the door.',
  },
  scan: (code) => `Scan to open ${code}`,
  shelf: 'In this cabinet',
  lane: (laneId) => `Lane ${laneNumber(laneId)}`,
  left: (count) => `${count} left`,
  each: 'each',
  perKg: 'kg',
  statuses: { sold_out: 'all taken', off_sale: 'not on sale', locked: 'off sale', faulty: 'scale faulty' },
  cart: 'Taken',
  cartEmpty: 'Nothing taken yet',
  pieces: (count) => `${count} pcs`,
  weighing: 'weighing',
  total: 'Total',
  preview: 'The receipt after closing the door decides',
  misplaced: (lane) =>
    `Something was put into ${lane}. Put it back where it lay; you are not charged more if you do not.`,
  foreign: (lane) => `Something else lies in ${lane}. Take your things before you close the door.`,
  doorOpenLong: 'The door has been open for long. Close it when you are done.',
}

export const screenWords: Record<ScreenLanguage, ScreenWords> = { zh: chinese, en: english }
