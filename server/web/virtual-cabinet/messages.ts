import { createCatalogue } from '../common/i18n/catalogue.ts'
import { commonChinese } from '../common/i18n/common-messages.ts'
import type { Words } from '../common/i18n/locale.ts'

function chinese(words: Words) {
  return {
    common: commonChinese(words),
    title: '虚拟柜',
    lead: '这里的手只能动货和开关。账单由柜内程序根据重量得出。',
    cabinet: '柜号',
    show: '显示',
    connecting: '正在连接虚拟柜…',
    away: '连不上这个虚拟柜。请确认演示程序在运行、柜号正确；连上后会自动继续。',
    phones: '谁的手机',
    phone: '买家手机',
    phoneHint: '同一个柜子的买家页面，也可以用自己的手机扫码打开。',
    restockPhone: '补货员手机',
    restockHint: '登录补货员，到柜前报到、开门，再从补货箱里拖货上架。',
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
    screen: '柜上的屏幕',
    showPass: '把手机上的离线码对准扫码口',
    noPass: '手机上没有离线码：先在“我的”里领一个。',
    temperature: '柜内温度',
    temperatureHint: '超过上限满 30 分钟，柜子会锁住；降温后由有名有姓的人复位。',
    crate: '补货箱',
    crateHint: '换成补货员手机、开门后，拖到货道上架。',
    crateCount: '一次放几件',
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
}
export type CabinetMessages = ReturnType<typeof chinese>

export const cabinetCatalogue = createCatalogue<CabinetMessages>(
  chinese,
  async () => (await import('./english.ts')).cabinetEnglish,
)

/** The messages in the language of the moment. */
export const useMessages = cabinetCatalogue.use
