// Chooses a drawing by what the thing is called. The names are the catalogue's (Chinese); anything unknown is a box.

const drawingByWord: ReadonlyArray<readonly [word: string, drawing: string]> = [
  ['梨膏', 'paste'],
  ['沃柑', 'wogan'],
  ['橙', 'navel'],
  ['柑', 'wogan'],
  ['歪嘴李', 'plum-green'],
  ['李', 'plum-red'],
  ['翠冠', 'pear-green'],
  ['梨', 'pear-yellow'],
  ['葡萄', 'grape'],
  ['蓝莓', 'blueberry'],
  ['菜', 'greens'],
  ['西红柿', 'tomato'],
  ['土豆', 'potato'],
  ['蛋', 'eggs'],
  ['花椒', 'pepper'],
  ['蜂蜜', 'honey'],
  ['红薯', 'starch'],
  ['火锅', 'hotpot'],
  ['茶', 'tea'],
  ['饮', 'drink'],
  ['水', 'drink'],
  ['手掌', 'hand'],
  ['手机', 'phone'],
  ['钥匙', 'keys'],
  ['雨伞', 'umbrella'],
  ['水杯', 'cup'],
]

/** The symbol of goods.svg that shows the named thing. */
export function drawingOf(name: string): string {
  let best: readonly [string, string] | undefined
  for (const entry of drawingByWord) {
    if (name.includes(entry[0]) && entry[0].length > (best?.[0].length ?? 0)) best = entry
  }
  return best?.[1] ?? 'box'
}
