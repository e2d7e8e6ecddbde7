// The wordings that households agree to, as data: a new wording is a new version, an old one stays, since somebody agreed to it.
import type { z } from 'zod'
import type { ConsentText } from '#shared/contracts/http/personal-data.ts'

export const consentTexts: ReadonlyArray<z.output<typeof ConsentText>> = [
  {
    purpose: 'SENSITIVE_DATA',
    version: '2020-01',
    isCurrent: true,
    text: '我户同意：为发放收益，加密保存本户收款银行账号和联系电话；仅经办人员因公并写明理由方可查看，查看留痕；可随时撤回，撤回后不再用于新的发放。',
  },
  {
    purpose: 'PUBLICATION',
    version: '2020-01',
    isCurrent: true,
    text: '我户同意：在收益公示中显示户主姓氏、户编号后四位、金额和重量；不公开身份证号、银行账号、电话、致贫原因和健康状况；可随时撤回，撤回后公示只保留金额。',
  },
]
