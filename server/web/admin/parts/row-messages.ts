// What the readers of files say of a wrong cell, in Chinese. They say it in English, the language of the API; a sentence that is
// missing here is shown as it came.

type Say = (...found: string[]) => string

const sentences: ReadonlyArray<readonly [RegExp, Say]> = [
  [/^is empty$/, () => '没有填'],
  [/^is no household code of 16 digits$|^a household code has 16 digits$/, () => '不是 16 位户编号'],
  [/^is no amount in yuan with at most two decimals$/, () => '不是金额（元，最多两位小数）'],
  [/^is no date such as 2026-11-27$/, () => '不是日期（如 2026-11-27）'],
  [/^is no time such as .*$/, () => '不是时间（如 2026-03-02 10:11:12）'],
  [/^is no mass in kg$/, () => '不是公斤数'],
  [/^is no number with at most three decimals$/, () => '不是数（最多三位小数）'],
  [/^is no (?:whole )?number$/, () => '不是整数'],
  [/^is no mobile number of 11 digits$/, () => '不是 11 位手机号'],
  [/^is not above zero$/, () => '要大于零'],
  [/^is zero$/, () => '不能是零'],
  [/^is below (\S+)$/, (least = '') => `小于 ${least}`],
  [/^is above (\S+)$/, (most = '') => `大于 ${most}`],
  [/^is longer than (\d+) characters$/, (most = '') => `超过 ${most} 个字`],
  [/^is none of (.*)$/, (words = '') => `只能填：${words}`],
  [/^is no kind of income; it may be (.*)$/, (words = '') => `只能填：${words}`],
  [/^repeats row (\d+)$/, (row = '') => `和第 ${row} 行重复`],
  [/^stands in row (\d+) already$/, (row = '') => `第 ${row} 行已经有了`],
  [/^stands in an earlier statement$/, () => '以前的对账单里已经有了'],
  [/^stands below the sum of row (\d+)$/, (row = '') => `写在第 ${row} 行合计的下面`],
  [/^is imported already: row (\d+) of “(.*)”$/, (row = '', title = '') => `已经导入过：“${title}”第 ${row} 行`],
  [/^the rows above come to (\S+), not (\S+)$/, (own = '', said = '') => `上面各行合计 ${own}，不是 ${said}`],
  [/^the file has (\d+) rows, the paper says (\d+)$/, (own = '', said = '') => `文件有 ${own} 行，纸面是 ${said} 行`],
  [/^the file comes to (\S+), the paper says (\S+)$/, (own = '', said = '') => `文件合计 ${own}，纸面是 ${said}`],
  [/^(\S+) is not between (\S+) and today$/, (day = '', from = '') => `${day} 不在 ${from} 和今天之间`],
  [/^only history says its kind; this import is .*$/, () => '只有历史收入才填收入类型'],
  [/^there is no household (\d+)$|^is not in the register$/, () => '名册里没有这一户'],
  [/^household \d+ has another head$/, () => '户主和名册不一致'],
  [/^begins with no village that is known: .*$/, () => '村代码不认识，请在“村”“乡镇”两列写明'],
  [/^is named otherwise in row (\d+)$/, (row = '') => `和第 ${row} 行的名称不一致`],
  [/^holds what looks like somebody’s number$/, () => '像是电话、证件或账号，不要写在这里'],
  [/^\d+ is a member already$/, () => '已经是社员'],
  [/^there is an account with this login$/, () => '这个账号已有人使用'],
  [/^this login is in the list twice$/, () => '这个账号在表里出现了两次'],
  [/^there is no such host site$/, () => '没有这个点位'],
  [/^more than one host site has this name: give its id$/, () => '有几个点位同名，请填点位编号'],
  [/^a farmer needs a household code of 16 digits$/, () => '农户账号要填 16 位户编号'],
  [/^a desk needs the code of its district, town or village$/, () => '专班账号要填所管的区、镇或村代码'],
  [/^letters, digits, dots and dashes only$/, () => '只能用文字、数字、点和横线'],
  [/^a phone or identity number is no login$/, () => '手机号、身份证号不能当账号'],
  [/^a district, town or village code has .*$/, () => '区、镇、村代码是 6、9 或 12 位'],
  [/^COLLECTIVE shares have no household$/, () => '集体股不填户编号'],
  [/^\w+ shares need a household$/, () => '这种股要填户编号'],
  [/^is no member.*$|^the household is no member.*$/, () => '不是社员'],
  [/^repeats a household and kind$/, () => '同一户同一种股出现了两次'],
  [/^a later holding is registered$/, () => '已登记更晚的持股'],
  [/^the column is missing; it may be called (.*)$/, (names = '') => `缺这一列，可以叫：${names}`],
  [/^the column stands in the table twice$/, () => '这一列出现了两次'],
  [/^the table has no row below its header$|^the table has no row above its sum$/, () => '表里没有数据'],
  [/^the table has more than (\d+) rows$/, (most = '') => `超过 ${most} 行，请分成几个文件`],
  [/^the file holds no table$/, () => '文件里没有表'],
  [/^the file is neither UTF-8 nor GB18030 text$/, () => '文件不是 UTF-8 或 GB18030 编码'],
  [/^the file holds zero bytes.*$/, () => '文件是 UTF-16 编码，请另存为 UTF-8'],
  [/^the file has (\d+) bytes; (\d+) are the most$/, () => '文件太大，请分成几个文件'],
  [/^the file is an old or a protected workbook.*$/, () => '是旧版或加密的工作簿，请另存为不加密的 .xlsx'],
  [/^this line cannot be read: .*$/, () => '这一行读不出来，请检查引号'],
  [/^(?:the workbook|the part) .*$/, () => '工作簿已损坏，请重新保存后再试'],
  [/^holds a formula$|^cell \S+ holds a formula: paste its value instead$/, () => '是公式，请粘贴为数值'],
  [/^cell \S+ holds the error (\S+)$/, (error = '') => `是错误值 ${error}`],
  [/^cell \S+ holds “(.*)”, which is no number$/, (text = '') => `“${text}”不是数`],
  [/^cell \S+ holds a number of more than 15 digits.*$/, () => '数字超过 15 位，末尾已丢失，请设为文本格式重填'],
  [
    /^the cells (\S+) are merged: part them, and fill each one$/,
    (area = '') => `单元格 ${area} 合并了，请拆开逐格填写`,
  ],
  [/^is of batch (\S+), not (\S+)$/, (batch = '', own = '') => `是批次 ${batch} 的，不是 ${own}`],
  [/^row (\d+) has seq (\S+) too$/, (row = '', seq = '') => `第 ${row} 行也是序号 ${seq}`],
  [/^row (\d+) has this serial number too$/, (row = '') => `和第 ${row} 行的流水号相同`],
  [/^the batch has no seq (\S+)$/, (seq = '') => `批次里没有序号 ${seq}`],
  [/^the amount is (\d+) fen, ours is (\d+)$/, (given = '', own = '') => `金额是 ${given} 分，我们的是 ${own} 分`],
  [/^Too small: expected string to have >=(\d+) characters$/, (least = '') => `至少 ${least} 个字`],
  [/^Too big: expected string to have <=(\d+) characters$/, (most = '') => `最多 ${most} 个字`],
]

/** “12x”: is no whole number → “12x”：不是整数. */
export function rowMessageInChinese(message: string): string {
  const [, cell, rest = message] = /^“(.*?)”: (.*)$/s.exec(message) ?? []
  for (const [pattern, say] of sentences) {
    const found = pattern.exec(rest)
    if (found !== null) return `${cell === undefined ? '' : `“${cell}”：`}${say(...found.slice(1))}`
  }
  return message
}
