import type { Random } from '#shared/ids/random.ts'
import { chooseOne } from './choose.ts'

// Every invented person carries 示 (as in 示例, sample) for a middle character. It is no character of given names, so
// nobody real, and none of the people whom the source names, can be met in the demo's figures.
const middle = '示'
const surnames = Array.from(
  '王李张刘陈杨黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文',
)
const lasts = Array.from(
  '禾田苗谷麦稻棉麻桑茶竹松柏桂兰菊荷莲梅桃杏梨柑橙柚枣榆槐枫杉溪河江湖泉井池塘山岭岗坪坝峰谷春夏秋冬晨曦朝阳星月云雨雪霜风丰收年安康宁和顺福',
)

/** A name that belongs to nobody: 王示禾. */
export function inventName(random: Random): string {
  return `${chooseOne(random, surnames)}${middle}${chooseOne(random, lasts)}`
}

/** Whether a name was made by `inventName`. */
export function isInvented(name: string): boolean {
  return /^\p{Script=Han}示\p{Script=Han}$/u.test(name)
}
