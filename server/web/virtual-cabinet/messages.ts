import { computed, type ComputedRef } from 'vue'
import { commonMessages, type CommonMessages } from '../common/i18n/common-messages.ts'
import type { Locale } from '../common/i18n/locale.ts'
import { useWebContext } from '../common/web-context.ts'

const chinese = {
  title: '虚拟柜',
  lead: '这里的手只能动货和开关。账单由柜内程序根据重量得出。',
  cabinet: '柜号',
  show: '显示',
  connecting: '正在连接虚拟柜…',
  away: '连不上这个虚拟柜。请确认演示程序在运行、柜号正确；连上后会自动继续。',
  phone: '买家手机',
  phoneHint: '同一个柜子的买家页面，也可以用自己的手机扫码打开。',
  newWindow: '在新窗口打开',
  openDoor: '拉开柜门',
  closeDoor: '关上柜门',
  locked: '已上锁：先在手机上开门',
  unlocked: '锁已弹开',
  doorOpen: '门开着',
  noPower: '柜子断电了',
  lane: (lane: string) => `${Number(lane.slice(1))} 号货道`,
  pieces: (count: number) => `${count} 件`,
  take: (name: string) => `取出 ${name}`,
  hand: '手上和袋子里',
  handEmpty: '把商品拖到这里，或点一下商品取出。',
  pickLane: '再点一个货道，把它放进去。',
  putHere: (name: string) => `把 ${name} 放到这里`,
  walkAway: '拿走离开',
  stuff: '随身物品',
  stuffHint: '拖到货道上，看看柜子怎么认出不是商品。',
  press: '手压在秤上',
  lift: '抬手',
  power: '电源',
  network: '网络',
  on: '开',
  off: '关',
  faults: '故障',
  faultLane: '在哪个货道',
  faultNames: {
    'lock-jammed': '锁卡住',
    'lock-silent': '锁板不应答',
    'scale-silent': '秤不应答',
    'scale-unstable': '秤不稳',
    'scale-overload': '秤超载',
    'line-noise': '线路干扰',
  } as Record<string, string>,
  things: { phone: '手机', keys: '钥匙', umbrella: '雨伞', cup: '水杯' },
  weightStable: '稳定',
  weightMoving: '变动中',
  qr: '扫码打开这个柜子',
}
type Messages = typeof chinese

const english: Messages = {
  title: 'Virtual cabinet',
  lead: 'These hands move goods and switches only. The bill comes from the weights, inside the cabinet.',
  cabinet: 'Cabinet',
  show: 'Show',
  connecting: 'Reaching the virtual cabinet…',
  away: 'This virtual cabinet cannot be reached. Check that the demo runs and the code is right; this goes on by itself.',
  phone: 'The buyer’s phone',
  phoneHint: 'The buyer’s page of this cabinet; your own phone can open it by the code, too.',
  newWindow: 'Open in a new window',
  openDoor: 'Pull the door open',
  closeDoor: 'Close the door',
  locked: 'locked: open it on the phone first',
  unlocked: 'lock released',
  doorOpen: 'door open',
  noPower: 'The cabinet has no power',
  lane: (lane) => `Lane ${Number(lane.slice(1))}`,
  pieces: (count) => `${count} pcs`,
  take: (name) => `Take ${name}`,
  hand: 'In the hand and bag',
  handEmpty: 'Drag goods here, or click them to take them.',
  pickLane: 'Now click a lane to put it there.',
  putHere: (name) => `Put ${name} here`,
  walkAway: 'Walk away with it',
  stuff: 'Things people carry',
  stuffHint: 'Drag one onto a lane and see how the cabinet tells it from goods.',
  press: 'Rest a hand on the scale',
  lift: 'Lift the hand',
  power: 'Power',
  network: 'Network',
  on: 'on',
  off: 'off',
  faults: 'Faults',
  faultLane: 'At lane',
  faultNames: {
    'lock-jammed': 'lock jammed',
    'lock-silent': 'lock board silent',
    'scale-silent': 'scale silent',
    'scale-unstable': 'scale unstable',
    'scale-overload': 'scale overloaded',
    'line-noise': 'noise on the line',
  },
  things: { phone: 'phone', keys: 'keys', umbrella: 'umbrella', cup: 'cup' },
  weightStable: 'stable',
  weightMoving: 'moving',
  qr: 'Scan to open this cabinet',
}

const catalogues: Record<Locale, Messages> = { zh: chinese, en: english }

type CabinetMessages = Messages & { readonly common: CommonMessages }

export function useMessages(): ComputedRef<CabinetMessages> {
  const { locale, words } = useWebContext()
  return computed(() => ({ ...catalogues[locale.value], common: commonMessages[locale.value](words) }))
}
