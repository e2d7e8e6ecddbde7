// What is said about lots and recalls. English stands in its own file, in the same shape.
import { createCatalogue } from '../../common/i18n/catalogue.ts'

function goodsChinese() {
  return {
    lot: {
      title: '批次',
      lead: '每一批从谁那里来、保到哪天、集配点还有多少。',
      traceCode: '追溯码',
      sku: '商品',
      supplier: '供货商',
      households: (count: number) => `来自 ${count} 户`,
      harvested: '采收',
      expires: '到期',
      received: '收货件数',
      left: '集配点剩余',
      certificate: '合格证编号',
    },
    recall: {
      title: '召回',
      lead: '召回的批次不再上架和销售，所在货道立即锁定。',
      open: '召回这一批',
      openHint: '各柜中的这一批会立即锁定，不再销售。',
      reason: '原因',
      opened: '开始',
      state: '状态',
      running: '召回中',
      closed: '已结束',
      none: '没有召回。',
      unknown: '没有这次召回。请回到列表。',
      refund: '给买家退款',
      refunded: (lines: number, amount: string) => `已退 ${lines} 笔，共 ${amount}`,
      refundDone: '全部退完',
      close: '结束召回',
      closeNote: '处理情况',
    },
    place: {
      title: '在哪些柜子里',
      none: '没有柜子里有这一批。',
      asked: '已通知，等柜子确认',
      locked: '柜子已锁定',
      released: '已放开',
    },
    buyer: {
      title: '订单和买家',
      audited: '查看买家会留在操作记录里。',
      show: '查看买家',
      none: '没有人买过这一批。',
      refunded: '已退',
    },
  }
}
export type GoodsMessages = ReturnType<typeof goodsChinese>

export const useGoodsMessages = createCatalogue<GoodsMessages>(
  goodsChinese,
  async () => (await import('./goods-english.ts')).goodsEnglish,
).use
